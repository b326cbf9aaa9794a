# SPDX-License-Identifier: Apache-2.0
"""A coach: tickets are checked by card, and nothing is debited."""

from firmware.kernel import apdu
from tests.devices.coach_stand import Ride, open_card
from tests.devices.shop_stand import OTHER, PAN


def test_ticket_should_be_checked_without_a_gpo():
    """TD-022: counter and money as before."""
    ride = Ride()
    ride.type("sell 1 5")
    card = open_card(PAN)
    assert ride.tap(card) == "ok"
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
    report = ride.type("report")
    assert "Card, full fare: 1" in report  # TD-032: who was looked at has not travelled once more
    assert "Free" not in report and "Refused" not in report
