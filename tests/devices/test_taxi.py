# SPDX-License-Identifier: Apache-2.0
"""Taxi: from the end of a trip to the answer of the meter."""

from firmware.neighbours import jtt905
from tests.small_card import SmallCard
from tests.taxi_stand import TaxiStand, body

PAN = "6228000100000010"
OTHER = "6228000100000028"
END = jtt905.TRIP_END


def a_taxi(extra=""):
    """TaxiStand with a driver signed in."""
    taxi = TaxiStand(extra)
    taxi.sign_in()
    return taxi


def test_trip_should_be_paid_and_the_meter_told():
    """TD-050: 8.0 yuan at the meter are 800 fen at the card; the result goes back, masked."""
    taxi = a_taxi()
    card = SmallCard(PAN)
    assert taxi.stand.tap(card) is None and card.sent == [], "nothing is sold without a trip"
    taxi.trip(12, 80)
    assert taxi.state() == "due" and taxi.answers() == []
    event = taxi.stand.tap(card)
    assert (event["message"], event["amount_fen"], len(card.debits)) == ("ok", 800, 1)
    ((command, data),) = taxi.answers()
    assert (command, data[:2].hex()) == (END, "9003")
    assert data[2:12].hex() == "622800eeeeee0010ffff", "TD-023"
    kind, values = taxi.stand.records()[-1]
    assert (kind, values["trade"], values["reference"], values["rule"]) == (
        "approved",
        4,
        12,
        "meter",
    )
    assert values["trade_data"] == b"\x01" + body(12, 80) and values["driver"] == 47
    assert (data[12:14], data[14:22]) == (values["atc"].to_bytes(2, "big"), values["tc"])
    assert taxi.notes() == ["shift_open", "trip_due", "approved"]
    assert taxi.state() == "" and "Amount 8.00" in taxi.receipts()[0]


def test_answer_should_wait_for_the_record():
    """TD-053: 90 comes behind the durable payment, and again when the meter asks again."""
    taxi = a_taxi()
    for _ in range(3):
        taxi.trip(12, 80)
        assert taxi.answers() == [] and taxi.notes() == ["shift_open", "trip_due"]
    taxi.stand.tap(SmallCard(PAN))
    first = taxi.answers()
    taxi.trip(12, 80)
    taxi.say(jtt905.TRIP_AGAIN, body(12, 80))
    again = taxi.answers()
    assert again == [first[0], (jtt905.TRIP_AGAIN, first[0][1])]
    assert taxi.notes() == ["shift_open", "trip_due", "approved"]
    card = SmallCard(OTHER)
    assert taxi.stand.tap(card) is None and card.debits == []


def test_number_that_begins_anew_should_be_another_trip():
    """TD-053: the same number and the same beginning is one trip; a reset meter counts anew."""
    taxi = a_taxi("same_card_s: 60")
    for on in ("2611221941", "2611222003"):
        taxi.trip(1, 80, on)
        assert taxi.stand.tap(SmallCard(PAN))["message"] == "ok", "TD-005: a new trip is no guard"
        assert [one for one, _ in taxi.answers()] == [END]


def test_amount_should_stay_as_it_was():
    """TD-050: the meter cannot change it afterwards, a second trip waits, and no key lowers it."""
    taxi = a_taxi()
    taxi.trip(12, 80)
    taxi.trip(12, 90)
    taxi.trip(13, 500, "2611222003")
    assert taxi.taxi.key("amount", 100)[1] == "the meter works: its amount counts"
    assert taxi.answers() == [] and taxi.stand.tap(SmallCard(PAN))["amount_fen"] == 800
    assert [one for one, _ in taxi.answers()] == [], "13 was asked about last, and is not paid"
    taxi.trip(12, 80)
    assert [one[1][:1] for one in taxi.answers()] == [b"\x90"]
    taxi.trip(13, 500, "2611222003")
    assert taxi.stand.tap(SmallCard(OTHER))["amount_fen"] == 5000


def test_trip_that_cannot_be_stored_should_be_refused():
    """TD-053: FF, nothing is shown as due."""
    taxi = a_taxi()
    while taxi.stand.journal.room() > 0:
        taxi.stand.terminal.trade.open_shift()
    full = 0
    while taxi.taxi.open_shift() and full < 500:
        full += 1
    taxi.answers()
    taxi.trip(12, 80)
    assert taxi.answers() == [(END, b"\xff")] and taxi.state() == ""


def test_zero_should_be_over_at_once():
    taxi = a_taxi()
    taxi.trip(12, 0)
    assert taxi.answers() == [(END, b"\x90")] and taxi.notes()[-1] == "trip_free"


def test_trip_that_cannot_be_read_should_be_refused():
    taxi = a_taxi()
    taxi.say(END, body(12, 80)[:-1])
    assert taxi.answers() == [(END, b"\xff")] and taxi.notes() == ["shift_open"]


def test_resent_trip_of_nobody_should_be_kept_and_never_charged():
    """TD-053: F2 of a trip that nobody saw end: its rider is gone."""
    taxi = a_taxi()
    for _ in range(2):
        taxi.say(jtt905.TRIP_AGAIN, body(9, 300))
        assert taxi.answers() == [(jtt905.TRIP_AGAIN, b"\x90")]
    assert taxi.notes() == ["shift_open", "trip_late"]
    card = SmallCard(PAN)
    assert taxi.stand.tap(card) is None and card.debits == []
