# SPDX-License-Identifier: Apache-2.0
"""Taxi: shifts against the meter's totals, keys at any moment, a meter that is silent."""

from firmware.devices import taxi_shift
from firmware.neighbours import jtt905
from tests.small_card import SmallCard
from tests.taxi_stand import TaxiStand, body

PAN = "6228000100000010"
OTHER = "6228000100000028"
END = jtt905.TRIP_END


def a_taxi(extra="same_card_s: 0"):
    """TaxiStand with a driver signed in."""
    taxi = TaxiStand(extra)
    taxi.sign_in()
    return taxi


def meter_totals(trips, jiao, card_trips, card_jiao):
    """An E4 body."""
    values = {}
    values["trips"], values["amount_jiao"] = "%04d" % trips, "%06d" % jiao
    values["card_trips"], values["card_jiao"] = "%04d" % card_trips, "%06d" % card_jiao
    return jtt905.pack(jtt905.SHIFT, values)


def sign_out(taxi, totals):
    """The shift event that ends it."""
    taxi.stand.events[:] = []
    taxi.say(jtt905.CLOSE)
    taxi.say(jtt905.CLOSED, totals)
    return [one for one in taxi.stand.events if one["event"] == "shift"][0]


def a_day(taxi):
    """Card 8.0 and 3.0, cash 12.5, cancelled 5.0, a restart in the middle."""
    taxi.trip(1, 80)
    taxi.stand.tap(SmallCard(PAN))
    taxi.trip(2, 125)
    taxi.taxi.key("cash")
    taxi.restart()
    taxi.trip(3, 50)
    taxi.taxi.key("cancel", 4)
    taxi.trip(4, 30)
    taxi.stand.tap(SmallCard(OTHER))
    taxi.answers()


def test_shift_should_agree_with_the_meter():
    """TD-054: own totals are those of the records, over a restart; the meter's stand beside."""
    taxi = a_taxi()
    assert taxi.stand.log[-2][1:] == ("For hire", 0)
    a_day(taxi)
    event = sign_out(taxi, meter_totals(4, 285, 2, 110))
    assert event["differs"] == {} and "Agrees" in event["lines"][-1]
    own, meter, complete = taxi_shift.unpack(taxi.stand.records()[-1][1]["trade_data"])
    assert (own["trips"], own["amount_fen"], own["card_trips"], own["card_fen"]) == (
        4,
        2850,
        2,
        1100,
    )
    assert (own["cash_fen"], own["unpaid_trips"], own["unpaid_fen"]) == (1250, 1, 500)
    assert meter["card_fen"] == 1100 and complete
    assert "Trip 3  5.00  cancelled" in "\n".join(event["lines"]), "TD-056: listed"
    assert [(c, d[-1:]) for c, d in taxi.answers()] == [
        (jtt905.CLOSE, b"\x90"),
        (jtt905.CLOSED, b"\x90"),
    ]
    taxi.say(jtt905.CLOSED, meter_totals(4, 285, 2, 110))
    assert taxi.answers() == [(jtt905.CLOSED, b"\x90")], "told twice, written once"
    assert taxi.notes().count("shift_closed") == 1
    assert taxi.taxi.offer().message == "driver_sign_in"


def test_difference_should_be_reported():
    """TD-054: a trip that the meter counts and nobody here has seen."""
    taxi = a_taxi()
    a_day(taxi)
    event = sign_out(taxi, meter_totals(5, 385, 2, 110))
    assert event["differs"] == {"trips": 1, "amount_fen": 1000}
    assert "DIFFERS amount_fen: meter +1000" in "\n".join(event["lines"])


def test_totals_in_another_layout_should_be_unknown():
    taxi = a_taxi()
    event = sign_out(taxi, b"\x01\x02")
    assert event["differs"] is None and taxi_shift.unpack(
        taxi.stand.records()[-1][1]["trade_data"]
    )[1:] == (None, True)
    assert taxi_shift.unpack(b"short") is None


def test_sign_out_should_wait_for_an_open_trip():
    """TD-054: a trip without a shift would be in nobody's totals."""
    taxi = a_taxi()
    taxi.trip(1, 80)
    taxi.say(jtt905.CLOSE)
    assert [(c, d[-1:]) for c, d in taxi.answers()] == [(jtt905.CLOSE, b"\xff")]
    taxi.stand.tap(SmallCard(PAN))
    taxi.answers()
    taxi.say(jtt905.CLOSE)
    assert [(c, d[-1:]) for c, d in taxi.answers()] == [(jtt905.CLOSE, b"\x90")]


def test_next_shift_should_begin_at_nothing():
    """TD-054: also when the end of the last one was never heard."""
    taxi = a_taxi()
    taxi.trip(1, 80)
    taxi.taxi.key("cash")
    taxi.say(jtt905.OPENED)
    assert taxi.notes()[-2:] == ["shift_closed", "shift_open"]
    assert sign_out(taxi, meter_totals(0, 0, 0, 0))["differs"] == {}


def test_nobody_should_sell_before_sign_in():
    """TD-054"""
    taxi = TaxiStand()
    taxi.beat(0)
    assert taxi.taxi.offer()[0] == "driver_sign_in"
    assert taxi.stand.tap(SmallCard(PAN)) is None


def test_keys_at_the_wrong_moment_should_do_nothing():
    taxi = a_taxi()
    before = taxi.notes()
    for word, number, text in (
        ("cash", 0, "no trip is open"),
        ("cancel", 1, "no trip is open"),
        ("cancel", 0, "a reason from 1 to 9, please"),
        ("resume", 0, "no trip was left"),
        ("amount", 800, "the meter works: its amount counts"),
        ("on", 5, "sign in at the meter"),
        ("off", 0, "sign out at the meter"),
        ("receipt", 0, "no receipt yet"),
        ("refund", 0, "unknown key"),
    ):
        assert taxi.taxi.key(word, number) == (False, text)
    assert taxi.notes() == before and taxi.answers() == []


def test_next_rider_should_not_pay_the_trip_before():
    """TD-050: once the meter is hired again no card pays what is open; the driver decides."""
    taxi = a_taxi()
    taxi.trip(12, 80)
    taxi.say(jtt905.HIRED, bytes(7))
    taxi.say(jtt905.HIRED, bytes(7))
    card = SmallCard(PAN)
    assert taxi.stand.tap(card) is None and card.debits == [] and taxi.state() == "left"
    assert taxi.notes()[-1] == "trip_left"
    assert taxi.taxi.key("resume")[1] == "trip is due again"
    assert taxi.stand.tap(card)["message"] == "ok"
    taxi.trip(13, 80)
    taxi.say(jtt905.HIRED, bytes(7))
    taxi.taxi.key("cancel", 2)
    assert taxi.notes()[-1] == "trip_cancelled_2" and taxi.answers()[-1] == (END, b"\xff")
    assert "NOT PAID" in taxi.receipts()[-1], "TD-056"


def test_silent_meter_should_stop_automatic_amounts():
    """TD-055: said on the panel; by hand with its mark (TD-050), and not in the meter's totals."""
    taxi = a_taxi()
    taxi.stand.clock.advance(15)
    taxi.stand.terminal.turn()
    assert taxi.taxi.offer().message == "taxi_vacant"
    taxi.stand.clock.advance(1)
    taxi.stand.terminal.turn()
    assert ("show", "No meter: use other means", 0) in taxi.stand.log[-4:]
    assert (
        taxi.taxi.key("amount", 0)
        == taxi.taxi.key("amount", 10**8)
        == (False, "no amount of a trip")
    )
    assert taxi.taxi.key("amount", 1500)[1] == "trip is due"
    assert taxi.taxi.key("amount", 100)[1] == "trip 2 is open", "TD-050: locked"
    assert taxi.taxi.key("off")[1] == "trip 2 is open"
    taxi.restart()
    assert taxi.stand.tap(SmallCard(PAN))["amount_fen"] == 1500
    kind, values = taxi.stand.records()[-1]
    assert (kind, values["rule"], values["trade_data"][:1]) == ("approved", "keyed", b"\x00")
    assert "keyed by hand" in taxi.receipts()[0] and taxi.answers() == []
    event = sign_out(taxi, meter_totals(0, 0, 0, 0))
    assert event["totals"]["keyed_fen"] == 1500 and event["differs"] == {}


def test_meter_that_falls_silent_should_take_its_trip_along():
    """TD-055: no automatic amount; it is there again when the meter is."""
    taxi = a_taxi()
    taxi.trip(12, 80)
    taxi.stand.clock.advance(16)
    card = SmallCard(PAN)
    taxi.stand.terminal.turn()
    assert taxi.stand.tap(card) is None and card.debits == []
    assert taxi.taxi.key("amount", 800)[1] == "trip 12 is open"
    taxi.beat()
    assert taxi.stand.tap(card)["message"] == "ok" and taxi.answers() == []
    taxi.trip(12, 80)
    assert [data[:2] for _, data in taxi.answers()] == [b"\x90\x03"]


def test_shift_without_a_meter_should_be_keyed():
    taxi = TaxiStand()
    assert taxi.taxi.key("amount", 100)[1] == "sign in first"
    assert taxi.taxi.key("on", 77)[1] == "signed in"
    assert taxi.taxi.key("on", 78)[1] == "signed in already"
    assert taxi.stand.records()[0][1]["driver"] == 77
    assert taxi.taxi.key("off")[1] == "signed out"
    assert taxi.taxi.key("off")[1] == "nobody is signed in"


def test_limit_in_the_middle_should_lock_nothing():
    """TD-057: a meter that is limited or forced off still has its trip paid."""
    taxi = a_taxi()
    taxi.beat(3)
    taxi.beat(3 | jtt905.STATE_FORCED_OFF)
    taxi.say(jtt905.STATUS, bytes(8) + b"\x03\x01" + bytes(41) + bytes(4))
    taxi.trip(12, 80)
    assert taxi.stand.tap(SmallCard(PAN))["message"] == "ok"


def test_card_that_lies_there_when_the_trip_ends_should_pay_once():
    """TD-050: the field is off before there is an amount; then it is shown, and paid once."""
    taxi = a_taxi()
    card = SmallCard(PAN)
    taxi.stand.hold(card, 3)
    assert card.sent == []
    taxi.wire.said += jtt905.encode(END, body(12, 80), kind=2)
    assert taxi.stand.hold(card, 12) == ["approved"] and len(card.debits) == 1
    assert taxi.notes() == ["shift_open", "trip_due", "approved"]
