# SPDX-License-Identifier: Apache-2.0
"""A coach: a seat is sold once for each stretch, also over a restart and a torn tap."""

from firmware.kernel import apdu
from tests.devices.coach_stand import Ride, open_card
from tests.devices.shop_stand import PAN
from tests.small_card import LAST


def test_seat_should_be_sold_once_for_each_stretch():
    ride = Ride()
    for text, said in (
        ("sell 1 5 full 1", "seat 1\r\nok pay 10.00"),
        ("cash", "seat 1, sale 2\r\nok"),
        ("sell 1 9 full 1", "error this seat is taken"),
        ("sell 5 9 full 1", "seat 1\r\nok pay 20.00"),
        ("cash", "seat 1, sale 3\r\nok"),
        ("sell 1 9", "seat 2\r\nok pay 25.00"),
        ("cash", "seat 2, sale 4\r\nok"),
        ("sell 5 9", "error no seat is free"),
        ("sell 9 5", "error the table has no price for this trip"),
        ("sell 5 5", "error the table has no price for this trip"),
        ("sell 1 7", "error the table has no price for this trip"),
    ):
        assert ride.type(text) == said, text
        if text == "sell 5 9 full 1":
            ride.stand.restart()  # what was sold is known, what was asked is not
            assert ride.type("cash") == "error nothing is asked"
            ride.type(text)


def test_torn_tap_should_keep_its_seat_when_it_is_settled():
    ride = Ride()
    ride.type("sell 1 5")
    card = open_card(PAN)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert ride.tap(card) == "last_record_lost" and ride.trade.sold == []
    assert ride.tap(card) == "torn_recovered" and len(ride.trade.sold) == 1
    assert ride.type("check 2") == "ok" and ride.tap(card) == "pass_valid"
