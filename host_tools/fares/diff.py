# SPDX-License-Identifier: Apache-2.0
"""What riders will pay differently by another table, on sample trips of both."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from firmware.fares.trip import Fare, Trip
from host_tools.fares import samples
from host_tools.fares.model import FareTable


@dataclass(frozen=True)
class Row:
    """One trip; None where a table does not sell it."""

    trip: Trip
    was: Fare | None
    is_now: Fare | None

    @property
    def is_same(self) -> bool:
        """True when a rider pays the same."""
        if self.was is None or self.is_now is None:
            return self.was is self.is_now
        return self.was.amount_fen == self.is_now.amount_fen


def rows(old: FareTable, new: FareTable) -> list[Row]:
    """Each sample trip of either table, priced by both at the same moment of the day."""
    before, after = samples.Asked(old), samples.Asked(new)
    trips = dict.fromkeys([*samples.trips(old), *samples.trips(new)])
    return [Row(one, before.price(one)[0], after.price(one)[0]) for one in trips]


def print_rows(old: FareTable, new: FareTable, everything: bool = False) -> None:
    """Table of what differs, each price once with the first moment it was seen, and the means."""
    found = rows(old, new)
    console = Console()
    table = Table("trip", "class", "version %d" % old.version, "version %d" % new.version, "")
    for cells in dict.fromkeys(_cells(one) for one in found if everything or not one.is_same):
        table.add_row(*cells)
    if table.row_count:
        console.print(table)
    for word, (was_fen, now_fen) in samples.means(old, new).items():
        if was_fen != now_fen:
            console.print("%s: mean fare %.2f -> %.2f" % (word, was_fen / 100, now_fen / 100))
    differ = sum(not one.is_same for one in found)
    console.print("%d of %d sample trips differ" % (differ, len(found)))


def _cells(row: Row) -> tuple[str, ...]:
    known = row.is_now or row.was
    what = samples.way_of(row.trip) + (" (%s)" % known.rule if known else "")
    name = known.fare_class if known else ""
    return what, name, _yuan(row.was), _yuan(row.is_now), _change(row)


def _yuan(fare: Fare | None) -> str:
    return "not sold" if fare is None else "%.2f" % (fare.amount_fen / 100)


def _change(row: Row) -> str:
    if row.was is None or row.is_now is None:
        return "" if row.is_same else "new" if row.was is None else "gone"
    more_fen = row.is_now.amount_fen - row.was.amount_fen
    return "%+.2f" % (more_fen / 100) if more_fen else ""
