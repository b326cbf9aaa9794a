# SPDX-License-Identifier: Apache-2.0
"""Sample trips of a table: each product, class, band and kind of day, each pair of a few stops.

By them tables are compared and checked; they are priced by the engine of the terminals.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from firmware.fares import calendar, trip
from firmware.fares.engine import Fares
from firmware.fares.trip import Fare, Trip
from host_tools.fares.build import build
from host_tools.fares.model import FareTable, Product
from host_tools.signing import Bytes

MOST_STOPS = 8  # of a product, spread over all of it
STAYS_MIN = (10, 30, 61, 240, 720, 1441, 4000)
NOON_MIN = 12 * 60


class Asked:
    """A table and its engine."""

    def __init__(self, table: FareTable, ceiling_fen: int = 1 << 30):
        self.table = table
        self.fares = Fares(Bytes(build(table)), ceiling_fen)

    def price(self, one: Trip) -> tuple[Fare | None, str]:
        """Fare and fault; what is paid by time: of a stay of `origin` minutes to `when`."""
        product = next((p for p in self.table.products if p.word == one.product), None)
        if product is None or not product.stay:
            return self.fares.price(one), self.fares.fault
        began = (datetime(*one.when) - timedelta(minutes=one.origin)).timetuple()[:6]
        return self.fares.stay(one.product, began, one.when, one.pan), self.fares.fault


def trips(table: FareTable) -> Iterator[Trip]:
    """Some hundred trips."""
    cards = [""] + [one.ranges[0][0] + "0000" for one in table.classes if one.ranges]
    moments = _moments(table)
    for product in table.products:
        for origin, destination in _pairs(product):
            for pan in cards:
                for when in moments:
                    yield trip.new(
                        product.word, when, origin=origin, destination=destination, pan=pan
                    )


def means(old: FareTable, new: FareTable) -> dict[str, tuple[float, float]]:
    """Product: mean fen by the old table and by the new one, of what both sell, asked alike."""
    before, after = Asked(old), Asked(new)
    found: dict[str, list[tuple[int, int]]] = {}
    for one in trips(old):
        was, is_now = before.price(one)[0], after.price(one)[0]
        if was and is_now:
            found.setdefault(one.product, []).append((was.amount_fen, is_now.amount_fen))
    return {
        word: (sum(a for a, _ in pairs) / len(pairs), sum(b for _, b in pairs) / len(pairs))
        for word, pairs in found.items()
    }


def words_of(one: Trip) -> str:
    """A trip in words."""
    card = ", card " + one.pan[:8] if one.pan else ""
    return "%s%s, %04d-%02d-%02d %02d:%02d" % (way_of(one), card, *one.when[:5])


def way_of(one: Trip) -> str:
    """Product and stops, or minutes."""
    way = " %d to %d" % (one.origin, one.destination) if one.destination else ""
    return one.product + (way or (" %d min" % one.origin if one.origin else ""))


def _pairs(product: Product) -> list[tuple[int, int]]:
    if product.stay:
        return [(minutes, 0) for minutes in STAYS_MIN]
    if not product.places:
        return [(0, 0)]
    stops = [stop for stop, _ in product.places]
    few = stops[:: -(-len(stops) // MOST_STOPS)]
    few = few if stops[-1] in few else [*few, stops[-1]]
    return [(origin, destination) for origin in few for destination in few]


def _moments(table: FareTable) -> list[tuple[int, ...]]:
    """Noon of a workday and a weekend behind the effective date, and the middle of each band."""
    listed = dict(table.days)
    day = table.effective.date() + timedelta(days=1)
    found = []
    for kind in ("workday", "weekend", "holiday"):
        for later in range(400):
            one = day + timedelta(days=later)
            if listed.get(one, _by_weekday(one)) == kind:
                minutes = [NOON_MIN]
                minutes += [
                    sum(b.times[0]) // 2 for b in table.bands if kind in b.days and b.times
                ]
                found += [(*one.timetuple()[:3], *divmod(m, 60), 0) for m in minutes]
                break
    return list(dict.fromkeys(found))


def _by_weekday(day: date) -> str:
    return (
        "weekend" if calendar.weekday(calendar.day_number(*day.timetuple()[:3])) > 4 else "workday"
    )
