# SPDX-License-Identifier: Apache-2.0
"""Taxi: cards that decline, and trips whose debit is torn."""

from firmware.kernel import apdu
from firmware.neighbours import jtt905
from tests.small_card import LAST, SmallCard
from tests.taxi_stand import TaxiStand

PAN = "6228000100000010"
OTHER = "6228000100000028"
END = jtt905.TRIP_END


def a_taxi():
    """TaxiStand with a driver signed in."""
    return TaxiStand().fresh()


def test_declined_card_should_leave_the_trip_due_and_say_so():
    """TD-056: receipt and driver's line say that it is not paid; another card may pay."""
    taxi = a_taxi()
    taxi.trip(12, 80)
    card = SmallCard(PAN, 799)
    event = taxi.stand.tap(card)
    assert event["outcome"] == "declined" and card.debits == []
    assert "NOT PAID" in taxi.receipts()[0] and "CARD DECLINED" in taxi.receipts()[0]
    told = [one["text"] for one in taxi.stand.events if one["event"] == "driver"]
    assert told == ["trip 12 NOT PAID: %s" % event["message"]]
    assert taxi.answers() == [] and taxi.state() == "due"
    assert taxi.stand.tap(SmallCard(OTHER))["message"] == "ok"


def test_torn_trip_should_be_pending_until_the_same_card_comes():
    """TD-050: locked; nobody else pays meanwhile, no key decides; then the meter is answered."""
    taxi = TaxiStand()
    for acted, ends in ((True, "torn_recovered"), (False, "ok")):
        taxi.fresh()
        taxi.trip(12, 80)
        card = SmallCard(PAN)
        card.tear = (apdu.INS_READ_RECORD, LAST, acted)
        assert taxi.stand.tap(card)["message"] == "last_record_lost"
        assert taxi.state() == "torn" and taxi.answers() == []
        for key in ("cash", "cancel"):
            assert taxi.taxi.key(key, 1)[1].startswith("wait")
        stranger = SmallCard(OTHER)
        taxi.stand.tap(stranger)
        assert stranger.debits == [] and taxi.state() == "torn"
        assert taxi.stand.tap(card)["message"] == ends
        assert len(card.debits) == 1 and taxi.state() == ""
        assert [one[1][:2] for one in taxi.answers()] == [b"\x90\x03"]


def test_torn_trip_that_nobody_settles_should_be_unclear():
    """Unknown is never paid and never not paid: the driver decides when the time is over."""
    taxi = TaxiStand()
    for key, number, answer in (("cash", 0, b"\x90"), ("cancel", 3, b"\xff")):
        taxi.fresh()
        taxi.trip(12, 80)
        card = SmallCard(PAN)
        card.tear = (apdu.INS_READ_RECORD, LAST, True)
        taxi.stand.tap(card)
        for _ in range(7):
            taxi.stand.clock.advance(10)
            taxi.beat()
        assert taxi.state() == "unclear" and "pending" in taxi.notes()
        stranger = SmallCard(OTHER)
        assert taxi.stand.tap(stranger) is None and stranger.debits == []
        assert taxi.taxi.key("resume")[1] == "no trip was left"
        taxi.trip(12, 80)
        taxi.taxi.key(key, number)
        assert taxi.answers() == [(END, answer)] and taxi.state() == ""
