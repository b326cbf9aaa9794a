# SPDX-License-Identifier: Apache-2.0
"""A coach: trips at the price of the matrix, checked by card without a GPO."""

from tests.devices.coach_stand import Ride, open_card
from tests.devices.shop_stand import OTHER, PAN


def test_trip_should_be_sold_at_the_price_of_the_matrix():
    ride = Ride()
    assert ride.type("sell 1 9") == "seat 1\r\nok pay 25.00"
    card = open_card(PAN)
    assert ride.tap(card) == "ok" and card.balance_fen == 7500
    kind, values = ride.stand.records()[-1]
    assert (kind, values["device"], values["trade"], values["rule"]) == (
        "approved", "coach", 8, "matrix",
    )  # fmt: skip
    assert values["trade_data"] == bytes.fromhex("010001000901")
    assert ride.tap(open_card(OTHER)) is None
    assert ride.type("sell 1 5 half") == "seat 2\r\nok pay 5.00"
