# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a fare table, or odd: gaps, overlaps, prices that nobody can have meant.

Prices are those of the engine on sample trips (samples.py), so that what is checked is what a
terminal will ask. Errors keep a table from being built; warnings are for a second look.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from firmware.errors import FormatError
from firmware.fares.engine import CEILING_FEN
from host_tools.fares import samples, sense
from host_tools.fares.build import build
from host_tools.fares.model import FareTable, Product, Stay

MOST_RISE = 10.0  # per cent of the mean fare (TD-006)
DAY_MIN = 1440


@dataclass(frozen=True)
class Finding:
    """One fault: where it lies, what it is, what to do."""

    is_error: bool
    key: str
    text: str

    def __str__(self) -> str:
        return "%s: `%s`: %s" % ("error" if self.is_error else "warning", self.key, self.text)


def error(key: str, text: str) -> Finding:
    return Finding(True, key, text)


def warning(key: str, text: str) -> Finding:
    return Finding(False, key, text)


def findings(
    table: FareTable,
    in_force: FareTable | None = None,
    most_rise: float = MOST_RISE,
    ceiling_fen: int = CEILING_FEN,
    on: date | None = None,
) -> list[Finding]:
    """All of them, errors first. in_force: the table that riders pay by today; on: the day of the
    check, None where it does not matter.
    """
    found = [one for rule in RULES for one in rule(table)]
    found += _ceilings(table, ceiling_fen)
    found += [
        Finding(is_error, key, text)
        for rule in sense.RULES
        for is_error, key, text in rule(table, on)
    ]
    try:
        build(table)
    except FormatError as wrong:
        found.append(error("table", str(wrong)))
    else:
        found += _class_prices(table, ceiling_fen)
        found += _rise(table, in_force, most_rise) if in_force else []
    return sorted(dict.fromkeys(found), key=lambda one: not one.is_error)


def _class_ranges(table: FareTable) -> Iterator[Finding]:
    ranges = sorted((low, high, one.name) for one in table.classes for low, high in one.ranges)
    for before, after in zip(ranges, ranges[1:], strict=False):
        if after[0] <= before[1]:
            text = "ranges of %s and %s overlap at %s: a card has one class; cut one of them"
            yield error("classes." + after[2], text % (before[2], after[2], after[0]))
    used = {one.card_class for one in table.discounts} | {one.card_class for one in table.caps}
    for one in table.classes:
        if one.name not in used:
            yield warning(
                "classes." + one.name, "no discount and no cap names it: it pays in full"
            )
        if not one.ranges:
            yield warning("classes." + one.name, "no card number belongs to it")


def _bands(table: FareTable) -> Iterator[Finding]:
    """Bands that share a minute of a day: the first counts, the other perhaps never."""
    earlier: dict[tuple[str, str, int], str] = {}
    for band in table.bands:
        key, alone, shared = "bands." + band.name, 0, set()
        for group in _groups(table, band.groups):
            for day in band.days:
                for minute in (m for span in band.times for m in range(*span)):
                    first = earlier.setdefault((group, day, minute), band.name)
                    alone += first == band.name
                    shared |= {first} - {band.name}
        if not alone:
            yield error(key, "never applies; remove it, or move it before what covers it")
        elif shared:
            yield error(
                key, "overlaps with %s: change `times`, `days` or `groups`" % _list(shared)
            )


def _discounts(table: FareTable) -> Iterator[Finding]:
    """A row behind one that takes all its cases never applies."""
    covered: set[tuple[str, str, str | None]] = set()
    for number, one in enumerate(table.discounts):
        groups = _groups(table, one.groups)
        fresh = [
            group
            for group in groups
            if not {(one.card_class, group, None), (one.card_class, group, one.band)} & covered
        ]
        if not fresh:
            text = "never applies: rows before it cover class %s; move it up" % one.card_class
            yield error("discounts[%d]" % number, text)
        covered |= {(one.card_class, group, one.band) for group in groups}
        if one.change.how == "more" or (one.change.how == "percent" and one.change.value > 100):
            text = "a class never pays more than the full fare: use percent up to 100"
            yield error("discounts[%d]" % number, text)


def _transfers(table: FareTable) -> Iterator[Finding]:
    for number, one in enumerate(table.transfers):
        if one.change.how == "more" or (one.change.how == "percent" and one.change.value > 100):
            yield error("transfers[%d]" % number, "a transfer never costs more than the ride")
        for before in table.transfers[:number]:
            froms = set(_groups(table, one.from_groups)) <= set(_groups(table, before.from_groups))
            tos = set(_groups(table, one.to_groups)) <= set(_groups(table, before.to_groups))
            longer = before.within_min >= one.within_min and (before.same or not one.same)
            if froms and tos and longer:
                text = "never applies: a row before it takes its cases; move it up"
                yield error("transfers[%d]" % number, text)
                break


def _caps(table: FareTable) -> Iterator[Finding]:
    seen: set[tuple[str, str | None]] = set()
    for one in table.caps:
        if {(one.period, None), (one.period, one.card_class)} & seen:
            text = "the %s cap of %s stands behind one that counts; move it up"
            yield error("caps", text % (one.period, one.card_class or "all"))
        seen.add((one.period, one.card_class))


def _matrices(table: FareTable) -> Iterator[Finding]:
    """Gaps; a longer ride on a line that costs less; one price in, another one back."""
    for one in table.products:
        key = "products.%s.fares" % one.word
        gaps = sum(cell is None for line in one.matrix for cell in line)
        if gaps:
            yield error(key, "%d pairs have no fare and are not sold; give each a price" % gaps)
        for x, line in enumerate(one.matrix):
            for y, cell in enumerate(line[:x]):
                if cell != one.matrix[y][x]:
                    text = "row %d, column %d is %s, the way back %s"
                    yield warning(key, text % (x + 1, y + 1, cell, one.matrix[y][x]))


def _steps(table: FareTable) -> Iterator[Finding]:
    for one in table.products:
        key = "products.%s.steps" % one.word
        for before, after in zip(one.steps, one.steps[1:], strict=False):
            begun = -(-(after.over - before.over) // before.every) if before.every else 0
            if before.fen + begun * before.more_fen > after.fen:
                yield error(key, "beyond %d it costs less than before; ascend" % after.over)
        if one.steps and one.steps[-1].every == 0 and one.steps[-1].more_fen:
            yield error(key, "more_fen without `every`: say for each how much further")


def _stays(table: FareTable) -> Iterator[Finding]:
    for one in table.products:
        if one.stay:
            yield from _stay("products.%s.windows" % one.word, one.stay)


def _stay(key: str, stay: Stay) -> Iterator[Finding]:
    covered = [0] * DAY_MIN
    for window in stay.windows:
        length = (window.to_min - window.from_min) % DAY_MIN or DAY_MIN
        for minute in range(window.from_min, window.from_min + length):
            covered[minute % DAY_MIN] += 1
    for what, wrong in (("no window", 0), ("two windows", 2)):
        minutes = [at for at, count in enumerate(covered) if count == wrong or count > wrong > 0]
        if minutes:
            text = "%s at %02d:%02d, %d minutes of the day; each wants one"
            yield error(key, text % (what, *divmod(minutes[0], 60), len(minutes)))
    if stay.cap_fen is None:
        yield warning(key.replace("windows", "cap_fen"), "no cap for 24 hours")
    elif stay.lost_fen < stay.cap_fen:
        text = "a lost entry costs less than a day: tickets will get lost"
        yield warning(key.replace("windows", "lost_fen"), text)


def _ceilings(table: FareTable, ceiling_fen: int) -> Iterator[Finding]:
    """Prices as they stand, before anything lowers them (TD-006)."""
    if table.ceiling_fen > ceiling_fen:
        text = "above the sanity ceiling of terminals, %d fen: nothing dearer is sold"
        yield warning("ceiling_fen", text % ceiling_fen)
    for one in table.products:
        top = max(_base_prices(one), default=0)
        if top > min(table.ceiling_fen, one.most_fen or table.ceiling_fen):
            text = "a price of %d fen is above the maximum fare; raise `ceiling_fen` or lower it"
            yield error("products." + one.word, text % top)
        if top > ceiling_fen:
            text = "a price of %d fen is above the sanity ceiling, %d fen: it is never sold"
            yield error("products." + one.word, text % (top, ceiling_fen))


def _base_prices(one: Product) -> list[int]:
    found = [cell for line in one.matrix for cell in line if cell is not None]
    found += [step.fen for step in one.steps]
    found += [one.fen] if one.fen is not None else []
    if one.stay:
        found += [one.stay.lost_fen, one.stay.cap_fen or 0]
    return found


def _class_prices(table: FareTable, ceiling_fen: int) -> Iterator[Finding]:
    """Sample trips: sold at all, below the ceiling, concessions below the full fare."""
    asked = samples.Asked(table, 1 << 30)
    for trip in samples.trips(table):
        fare, fault = asked.price(trip)
        if fare is None:
            key = "products." + trip.product
            yield error(key, "not sold (%s): %s" % (fault, samples.words_of(trip)))
        elif fare.amount_fen > fare.full_fen:
            text = "%s pays %d fen, the full fare is %d: lower it"
            key = "classes." + fare.fare_class
            yield error(key, text % (samples.words_of(trip), fare.amount_fen, fare.full_fen))
        elif fare.amount_fen > ceiling_fen:
            text = "%s costs %d fen, above the sanity ceiling of %d: it is never sold"
            key = "products." + trip.product
            yield error(key, text % (samples.words_of(trip), fare.amount_fen, ceiling_fen))


def _rise(table: FareTable, in_force: FareTable, most_rise: float) -> Iterator[Finding]:
    """The mean fare of sample trips that both tables sell, of each product (TD-006)."""
    if table.version <= in_force.version:
        yield error("version", "%d is in force; take a greater number" % in_force.version)
    if table.effective <= in_force.effective:
        yield error("effective", "not behind that of the table in force, %s" % in_force.effective)
    for word, (was_fen, now_fen) in samples.means(in_force, table).items():
        if now_fen * 100 > was_fen * (100 + most_rise):
            rise = "by %.1f %%" % ((now_fen / was_fen - 1) * 100) if was_fen else "from nothing"
            text = "the mean fare of sample trips rises %s; --most-rise, %.1f, if it is meant"
            yield error("products." + word, text % (rise, most_rise))


def _groups(table: FareTable, named: tuple[str, ...]) -> tuple[str, ...]:
    return named or tuple(dict.fromkeys(one.group for one in table.products))


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))


RULES = (_class_ranges, _bands, _discounts, _transfers, _caps, _matrices, _steps, _stays)
