# SPDX-License-Identifier: Apache-2.0
"""A coach: tickets are checked by card, nothing is debited, and selling goes on behind it."""

from firmware.kernel import apdu
from tests.devices.coach_stand import Ride, open_card
from tests.devices.shop_stand import OTHER, PAN


def test_ticket_should_be_checked_without_a_gpo():
    """TD-022: counter and money as before."""
    ride = Ride()
    ride.type("sell 1 5")
    card = open_card(PAN)
    assert ride.tap(card) == "ok"
    ride.stand.restart()
    before = card.atc, card.balance_fen
    for stop, pan, message in (
        (3, PAN, "pass_valid"),
        (9, PAN, "no_ticket"),
        (3, OTHER, "no_ticket"),
    ):
        assert ride.type("check %d" % stop) == "ok"
        shown = card if pan == PAN else open_card(OTHER)
        shown.sent = []
        assert ride.tap(shown) == message and shown.asked(apdu.INS_GPO) == 0
    assert (card.atc, card.balance_fen) == before


def test_selling_should_go_on_behind_a_check():
    ride = Ride()
    ride.type("check 3")
    assert ride.tap(open_card(PAN)) == "no_ticket"
    assert ride.type("sell 1 5") == "seat 1\r\nok pay 10.00"
    assert ride.tap(open_card(OTHER)) == "ok"
    assert ride.type("off").endswith("ok") and ride.trade.sold == []
