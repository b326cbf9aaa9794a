# SPDX-License-Identifier: Apache-2.0
"""The fare engine against a second, naive one; and what holds for every table and trip.

Random tables are built, so that the compact file is in between (TD-006, terminals.md 7).
"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.fares import trip
from firmware.fares.engine import Fares
from host_tools.fares import build, model
from host_tools.signing import Bytes
from tests.fares.city import DATA
from tests.host import fares_oracle as oracle
from tests.host import fares_random as random

CEILINGS = st.sampled_from((500, 2000, 100000))
EXAMPLES = settings(max_examples=50, deadline=None)


def engine(table, ceiling_fen):
    return Fares(Bytes(build.build(table)), ceiling_fen)


def answer_of(fare):
    if fare is None:
        return oracle.NOTHING
    return oracle.Answer(fare.amount_fen, fare.full_fen, fare.fare_class)


@EXAMPLES
@given(random.tables(), st.lists(random.trips(), min_size=8, max_size=8), CEILINGS)
def test_engine_should_agree_with_the_oracle(table, trips, ceiling_fen):
    """TD-006: and nothing is above a ceiling, no concession above the full fare."""
    fares = engine(table, ceiling_fen)
    for one in trips:
        fare = fares.price(one)
        assert answer_of(fare) == oracle.price(table, one, ceiling_fen), one
        assert fares.fault != "table"
        if fare:
            assert 0 <= fare.amount_fen <= min(ceiling_fen, fare.full_fen)
            assert fare.full_fen <= table.ceiling_fen * one.riders
            assert fare.amount_fen % table.round_fen == 0


LENGTHS = st.integers(0, 6000) | st.integers(0, 400000)


@EXAMPLES
@given(random.tables(), random.moments(), st.lists(LENGTHS, min_size=4, max_size=4), random.PANS,
       random.SPENT, CEILINGS)  # fmt: skip
def test_stays_should_agree_with_the_oracle(table, began, lengths, pan, spent, ceiling_fen):
    """TD-009: over leap days and year ends; a longer stay is never cheaper."""
    fares, before_fen = engine(table, ceiling_fen), 0
    for seconds in sorted(lengths):
        ended = (datetime(*began) + timedelta(seconds=seconds)).timetuple()[:6]
        fare = fares.stay("p-time", began, ended, pan, spent=spent)
        about = (table, "p-time", began, ended, pan, spent, ceiling_fen, trip.new)
        assert answer_of(fare) == oracle.stay(*about)
        assert fare is None or fare.amount_fen >= before_fen
        before_fen = fare.amount_fen if fare else ceiling_fen + 1


@EXAMPLES
@given(random.tables(), random.trips(), st.sampled_from(("p-stage", "p-distance")))
def test_price_should_never_fall_with_distance(table, one, word):
    """terminals.md 7: monotone in distance, whoever rides and whenever."""
    fares = engine(table, 1000000)
    places = dict(table.product(word).places)
    origin, *others = sorted(places)
    about = dict(zip(TRIP, one, strict=True), product=word, riders=1, origin=origin)
    others.sort(key=lambda stop: abs(places[stop] - places[origin]))
    paid = [fares.price(trip.Trip(**dict(about, destination=stop))).amount_fen for stop in others]
    assert paid == sorted(paid)


TRIP = ("product", "origin", "destination", "direction", "when", "trusted", "pan", "riders",
        "last", "spent")  # fmt: skip


@EXAMPLES
@given(random.tables(), random.trips())
def test_card_in_doubt_should_never_pay_more(table, one):
    """TD-008: less trust in the clock, or more known of the card, never makes it dearer."""
    fares = engine(table, 1000000)
    about = dict(zip(TRIP, one, strict=True), trusted=True)
    known = fares.price(trip.Trip(**about))
    doubted = fares.price(trip.Trip(**dict(about, trusted=False)))
    stranger = fares.price(trip.Trip(**dict(about, last=None, spent=None)))
    assert (known is None) == (doubted is None) == (stranger is None)
    if known:
        assert doubted.amount_fen <= known.amount_fen <= stranger.amount_fen


def trial(fares, ceiling_fen):
    """Prices of a bent table: nothing but None and fares within the ceiling comes out."""
    noon = (2027, 1, 7, 12, 0, 0)
    for word in ("12", "318", "metro", "coach", "island", "adult"):
        about = {"origin": 101, "destination": 103, "pan": "622802", "spent": (1, 2, 3)}
        last = trip.Boarding("318", 1, 5, 100)
        fare = fares.price(trip.new(word, noon, riders=2, last=last, **about))
        assert fare is None or 0 <= fare.amount_fen <= min(ceiling_fen, fare.full_fen)
    stay = fares.stay("parking-a", noon, (2027, 1, 9, 12, 0, 0))
    assert stay is None or 0 <= stay.amount_fen <= ceiling_fen
    assert fares.least_balance_fen("12") >= 0 and fares.leave_minutes("parking-a") >= 0


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_every_flipped_byte_should_be_refused_or_bounded(mask):
    """TD-006: FormatError, or a table that still obeys the ceiling of the terminal."""
    outcomes = {"refused": 0, "bounded": 0}
    for at in range(len(DATA)):
        bent = bytearray(DATA)
        bent[at] ^= mask
        try:
            fares = Fares(Bytes(bytes(bent)), 1000)
        except FormatError:
            outcomes["refused"] += 1
            continue
        outcomes["bounded"] += 1
        trial(fares, 1000)
    assert min(outcomes.values()) > 10


def test_every_truncation_should_be_refused():
    for size in range(len(DATA)):
        with pytest.raises(FormatError):
            Fares(Bytes(DATA[:size]))


@EXAMPLES
@given(st.data())
def test_bytes_of_anybody_should_be_refused_or_bounded(data):
    """Heads that fit, rows that are noise."""
    bent = bytearray(DATA)
    for _ in range(data.draw(st.integers(1, 40))):
        at = data.draw(st.integers(40, len(DATA) - 1))
        bent[at] = data.draw(st.integers(0, 255))
    try:
        fares = Fares(Bytes(bytes(bent)), 1000)
    except FormatError:
        return
    trial(fares, 1000)


@given(st.binary(max_size=400))
def test_noise_should_be_no_table(noise):
    with pytest.raises(FormatError):
        Fares(Bytes(noise))


def test_names_without_room_should_not_be_built():
    """What has no place in the file is refused, not cut."""
    one = model.Product("12", "flat", "bus", fen=1)
    good = {"version": 1, "effective": datetime(2026, 1, 1), "ceiling_fen": 1}
    for change in (
        {"products": (model.Product("a word of 17 bytes", "flat", "bus", fen=1),)},
        {"products": (model.Product("车", "flat", "bus", fen=1),)},
        {"products": (one,), "version": 1 << 32},
        {"products": (model.Product("12", "flat", "bus", fen=1 << 24),)},
        {"products": tuple(model.Product(str(n), "flat", str(n), fen=1) for n in range(251))},
    ):
        with pytest.raises(FormatError):
            build.build(model.FareTable(**{**good, **change}))
