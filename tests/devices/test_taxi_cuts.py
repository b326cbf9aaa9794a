# SPDX-License-Identifier: Apache-2.0
"""Power cuts of a taxi between the end of a trip and the answer to the meter."""

from firmware.kernel import apdu
from firmware.neighbours import jtt905
from sim.flash import PowerCut
from tests.small_card import LAST, SmallCard
from tests.taxi_stand import TaxiStand

PAN = "6228000100000010"
END = jtt905.TRIP_END
OPERATIONS = 24  # more than a trip takes; the loop ends with the first story that needs fewer


def live(taxi, card):
    """The meter asks until it has its answer, the rider taps while a tap is asked for."""
    for _ in range(8):
        taxi.trip(12, 80)
        if taxi.state() in ("due", "torn"):
            taxi.stand.tap(card)
        for command, data in taxi.answers():
            if command == END and data[:1] == b"\x90":
                return data
    raise AssertionError("no answer: %s, %s" % (taxi.state(), taxi.notes()))


def cut_once(taxi, card, at, seed):
    """Let the power fail in operation `at` of the story; its answer."""
    taxi.stand.flash.cut(at, seed)
    try:
        return live(taxi, card)
    except PowerCut:
        pass
    taxi.stand.flash.restart()
    taxi.restart()
    return live(taxi, card)


def test_power_cut_anywhere_should_debit_once_and_answer():
    """TD-053: at every write between trip end and answer; the journal says what the trip is."""
    taxi = TaxiStand()
    stories = 0
    for at in range(OPERATIONS):
        for seed in range(4):
            taxi.fresh()
            before = taxi.stand.flash.operations
            card = SmallCard(PAN)
            data = cut_once(taxi, card, at, seed)
            used = taxi.stand.flash.operations - before
            assert card.balance_fen == 9200 and len(card.debits) == 1, (at, seed)
            assert data[1] == jtt905.CPU_CARD and taxi.state() == ""
            assert taxi.notes().count("approved") == 1, (at, seed, taxi.notes())
            stories += 1
        if used < at:
            break
    assert stories > 20


def test_restart_at_each_step_should_keep_the_trip():
    """Due, torn, unclear, left, paid: what was so before the power went is so behind it."""
    taxi = TaxiStand()
    taxi.sign_in()
    taxi.trip(12, 80)
    taxi.stand.restart()
    assert taxi.state() == "due" and taxi.taxi.signed_in
    assert taxi.taxi.offer().message == "meter_silent", "TD-055: it was not heard of yet"
    stranger = SmallCard("6228000100000028")
    assert taxi.stand.tap(stranger) is None and stranger.debits == []
    taxi.beat()
    assert taxi.taxi.offer()[:2] == ("trip_due", 800)
    card = SmallCard(PAN)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    taxi.stand.tap(card)
    taxi.restart()
    assert taxi.state() == "torn"
    for _ in range(7):
        taxi.stand.clock.advance(10)
        taxi.beat()
    assert taxi.state() == "unclear"
    taxi.restart()
    assert taxi.state() == "unclear" and not taxi.taxi.offer().sells
    taxi.taxi.key("cash")
    taxi.answers()
    taxi.restart()
    assert taxi.state() == ""
    taxi.trip(12, 80)
    assert taxi.answers() == [(END, b"\x90")], "found in the journal"
    taxi.trip(13, 70)
    taxi.say(jtt905.HIRED, bytes(7))
    assert taxi.state() == "left"
    taxi.restart()
    assert taxi.state() == "left" and not taxi.taxi.offer().sells


def test_paid_in_the_last_moment_should_not_be_charged_again():
    """TD-053: the power goes between the record and the answer; the meter asks, the journal
    answers.
    """
    taxi = TaxiStand()
    taxi.sign_in()
    taxi.trip(12, 80)
    card = SmallCard(PAN)
    taxi.stand.tap(card)
    first = taxi.answers()
    taxi.restart()
    assert taxi.answers() == []
    taxi.trip(12, 80)
    assert taxi.answers() == first and taxi.state() == ""
    taxi.stand.tap(card)
    assert len(card.debits) == 1
