# SPDX-License-Identifier: Apache-2.0
"""Trip and prices of a bus without a terminal: what is keyed, announced, and what it costs."""

from collections import namedtuple

from firmware.devices.bus_prices import TablePrices
from firmware.devices.bus_trip import BACK, KEYED_S, OUT, BusTrip
from firmware.devices.riders import Riders
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from firmware.neighbours.announcer import Announced
from tests.bus_table import TABLE
from tests.hand_clock import HandClock

NOON = (2026, 11, 21, 12, 0, 0)
PAN = "6228000100000010"
Sold = namedtuple("Sold", ("sequence", "values", "pan"))  # as much of it as prices ask for


class Blob:
    """The table in memory."""

    size = len(TABLE)

    def read(self, at, count):
        return TABLE[at : at + count]


class Stamp:
    """Whether the clock is trusted."""

    def trusted(self):
        return True


class House:
    """Of trade.py, as much as prices ask for."""

    stamp = Stamp()

    def __init__(self, clock):
        self.clock = clock


def a_ride():
    """(BusTrip on line 12 out, TablePrices, Clock)"""
    clock = HandClock()
    prices = TablePrices(Cutover([Fares(Blob())]), Riders)
    prices.attach(House(clock))
    return BusTrip(clock, 12), prices, clock


def asked(trip, prices, pan=""):
    """(fen, rule) of the next card, None where nothing is sold."""
    found = prices.price(trip.places(), trip.riders, NOON, True, pan)
    return found and (found.amount_fen, found.rule)


def test_stage_should_cost_by_its_length():
    """TD-034: from the stop announced to the stop keyed; without a key what the table says."""
    trip, prices, _ = a_ride()
    assert trip.hear(Announced(12, OUT, 2, False)) == ""
    assert asked(trip, prices) == (500, "stage")
    for stop, fen in ((3, 200), (5, 200), (6, 300), (8, 300), (9, 400), (10, 400), (1, 200)):
        trip.pay_to(stop)
        assert asked(trip, prices) == (fen, "stage"), stop
    trip.pay_for(2)
    assert asked(trip, prices) == (400, "stage")
    trip.pay_for(4)
    assert asked(trip, prices) is None
    trip.go(99, OUT)
    assert asked(trip, prices) is None


def test_transfer_should_cost_less():
    """TD-034: another line within half an hour, not the same way again."""
    trip, prices, clock = a_ride()
    sold = {"line": 12, "direction": OUT, "amount_fen": 300, "riders": 1, "rule": "stage"}
    prices.boarded(Sold(1, dict(sold, psn=0), PAN))
    trip.go(13, OUT)
    assert asked(trip, prices, PAN) == (150, "transfer") and asked(trip, prices) == (250, "flat")
    clock.ms = 31 * 60000
    assert asked(trip, prices, PAN) == (250, "flat")
    trip.go(12, OUT)
    assert asked(trip, prices, PAN) == (500, "stage")


def test_doubt_should_cost_the_cheaper_trip():
    """TD-033: warned once for what is keyed and announced; right again when the key is changed."""
    trip, prices, _ = a_ride()
    warning = trip.hear(Announced(13, OUT, 4, False))
    assert "line 13 out, keyed is line 12 out" in warning and trip.is_doubted()
    assert trip.hear(Announced(13, OUT, 5, False)) == ""
    assert asked(trip, prices) == (250, "flat")
    trip.go(13, OUT)
    assert not trip.is_doubted() and trip.stop == 5
    assert "against direction out" in trip.hear(Announced(13, OUT, 4, False))
    trip.go(13, BACK)
    assert trip.is_doubted() and trip.stop == 0
    assert "silent" in trip.hear(None) and not trip.is_doubted()


def test_keys_should_lapse():
    """TD-005: a key for the next card is forgotten when nobody comes."""
    trip, _, clock = a_ride()
    trip.pay_for(3)
    clock.ms = KEYED_S * 1000 - 1
    assert not trip.lapse() and trip.riders == 3
    clock.ms = KEYED_S * 1000
    assert trip.lapse() and (trip.riders, trip.destination) == (1, 0) and not trip.lapse()


def test_line_should_be_taken_from_the_announcer_where_none_was_keyed():
    trip = BusTrip(HandClock())
    assert trip.hear(Announced(7, BACK, 9, False)) == ""
    assert (trip.line, trip.direction, trip.stop) == (7, BACK, 9)
    assert trip.text() == "line 7 back stop 9"
