# SPDX-License-Identifier: Apache-2.0
"""Bars of a picture: heights of hours and days as whole numbers, for SVG. Pure."""

from typing import NamedTuple

from host_tools.ledger import days
from host_tools.ledger.settlement import Total
from host_tools.ledger.status import Hour
from host_tools.office.figures import Day
from host_tools.office.sums import HOUR, sales_of

HEIGHT = 100  # of the highest bar
WIDE = 10  # of a bar with the room beside it
GOOD_STEPS = (1, 2, 5)


class Bar(NamedTuple):
    """One bar: where it begins, how high it is, what it stands for."""

    x: int
    height: int
    label: str
    sales: int
    fen: int


class Bars(NamedTuple):
    """A row of bars below one scale."""

    bars: list[Bar]
    width: int
    top_fen: int


def of_hours(groups: list[Total], cut_hour: int) -> Bars:
    """24 hours of a business day from its cut on; what has no hour is in none."""
    found = {f"{(cut_hour + step) % 24:02d}": [0, 0] for step in range(24)}
    for one in groups:
        hour = found.get(one.of[HOUR])
        if hour:
            hour[0] += one.sales
            hour[1] += one.sales_fen
    return _scaled([(hour, both[0], both[1]) for hour, both in found.items()])


def of_days(seen: list[Day]) -> Bars:
    """Business days in their order."""
    return _scaled([(days.shown(one.day)[5:], *sales_of(one.groups)) for one in seen])


class Line(NamedTuple):
    """A line over the hours that a terminal has told: points of SVG, and the last value."""

    name: str
    unit: str
    points: str
    most: int
    last: int


def of_hours_told(told: list[Hour]) -> list[Line]:
    """Backlog, torn taps and p95 of the last two days; none before there are two hours."""
    rows = (
        ("Backlog", "", [one.backlog for one in told]),
        ("Torn taps", "‰", [1000 * one.torn // max(1, one.taps) for one in told]),
        ("p95 of a tap", "ms", [one.p95_ms for one in told]),
    )
    return [_line(name, unit, values) for name, unit, values in rows if len(values) > 1]


def _line(name: str, unit: str, values: list[int]) -> Line:
    most = round_up(max(values))
    step = 1000 / (len(values) - 1)
    points = [
        f"{place * step:.0f},{HEIGHT - value * HEIGHT // max(1, most)}"
        for place, value in enumerate(values)
    ]
    return Line(name, unit, " ".join(points), most, values[-1])


def _scaled(rows: list[tuple[str, int, int]]) -> Bars:
    top_fen = round_up(max([fen for _, _, fen in rows], default=0))
    bars = [
        Bar(place * WIDE, fen * HEIGHT // top_fen if top_fen else 0, label, sales, fen)
        for place, (label, sales, fen) in enumerate(rows)
    ]
    return Bars(bars, len(rows) * WIDE, top_fen)


def round_up(fen: int) -> int:
    """The next number that begins with 1, 2 or 5 and goes on with zeros."""
    unit = 1
    while fen > 0:
        for step in GOOD_STEPS:
            if step * unit >= fen:
                return step * unit
        unit *= 10
    return 0
