# SPDX-License-Identifier: Apache-2.0
"""A coach: a check ends with the next sale; a restart knows who has paid."""

from tests.devices.coach_stand import Ride, open_card
from tests.devices.shop_stand import OTHER, PAN


def test_selling_should_go_on_behind_a_check():
    ride = Ride()
    ride.type("check 3")
    assert ride.tap(open_card(PAN)) == "no_ticket"
    assert ride.type("sell 1 5") == "seat 1\r\nok pay 10.00"
    assert ride.tap(open_card(OTHER)) == "ok"
    assert ride.type("off").endswith("ok") and ride.trade.sold == []


def test_restart_should_know_who_has_paid():
    ride = Ride()
    ride.type("sell 1 5")
    card = open_card(PAN)
    assert ride.tap(card) == "ok"
    ride.stand.restart()
    ride.type("check 3")
    assert ride.tap(card) == "pass_valid" and len(card.debits) == 1
