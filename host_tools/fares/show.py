# SPDX-License-Identifier: Apache-2.0
"""A fare table as people read it: products, matrices, steps, rules, all in yuan."""

from rich.console import Console, RenderableType
from rich.table import Table

from firmware.errors import FormatError
from host_tools.fares.model import Change, FareTable, Product, Stay

MOST_COLUMNS = 16  # of a matrix; larger ones are cut, and say so


def print_table(table: FareTable, word: str | None = None) -> None:
    """All of it, or one product. FormatError for a product that is not there."""
    console = Console()
    if word is not None:
        console.print(*_product(_found(table, word)), sep="\n")
        return
    console.print("version %d, from %s, at most %s a rider" % (
        table.version, table.effective.isoformat(" "), yuan(table.ceiling_fen)
    ))  # fmt: skip
    for product in table.products:
        console.print(*_product(product), sep="\n")
    for one in (_classes(table), _bands(table), _rules(table)):
        if one.row_count:
            console.print(one)


def yuan(fen: int | None) -> str:
    """Fen as yuan; "-" for none."""
    return "-" if fen is None else "%.2f" % (fen / 100)


def _found(table: FareTable, word: str) -> Product:
    try:
        return table.product(word)
    except KeyError as wrong:
        known = ", ".join(one.word for one in table.products)
        raise FormatError("no product %r; there are: %s" % (word, known)) from wrong


def _product(one: Product) -> list[RenderableType]:
    head = "\n[bold]%s[/] %s, group %s" % (one.word, one.kind, one.group)
    head += ", " + yuan(one.fen) if one.kind == "flat" else ""
    head += ", unknown stop %s" % yuan(one.fen) if one.places else ""
    head += ", at most %d riders" % one.most_riders if one.most_riders > 1 else ""
    parts: list[RenderableType] = [head]
    if one.matrix:
        parts += _matrix(one)
    if one.steps:
        parts.append(_steps(one))
    if one.stay:
        parts += _stay(one.stay)
    return parts


def _matrix(one: Product) -> list[RenderableType]:
    names = list(one.zones) or [str(stop) for stop, _ in sorted(one.places, key=lambda p: p[1])]
    few = names[:MOST_COLUMNS]
    table = Table("from / to", *few)
    for name, line in zip(few, one.matrix, strict=False):
        table.add_row(name, *[yuan(cell) for cell in line[:MOST_COLUMNS]])
    cut = ["%d of %d shown" % (len(few), len(names))] if len(few) < len(names) else []
    return [table, *cut]


def _steps(one: Product) -> Table:
    table = Table("over", "yuan", "and for each", "yuan")
    for step in one.steps:
        more = (str(step.every), yuan(step.more_fen)) if step.every else ("", "")
        table.add_row(str(step.over), yuan(step.fen), *more)
    return table


def _stay(stay: Stay) -> list[RenderableType]:
    table = Table("hours", "first block", "then each", "at most")
    for window in stay.windows:
        first = (
            "%d min %s" % (window.first_min, yuan(window.first_fen)) if window.first_min else ""
        )
        each = "%d min %s" % (window.step_min, yuan(window.step_fen))
        hours = _clock(window.from_min) + "-" + _clock(window.to_min)
        table.add_row(hours, first, each, yuan(window.cap_fen))
    words = "free %d min, %d min to leave, lost %s, at most %s in 24 h"
    return [
        table,
        words % (stay.free_min, stay.leave_min, yuan(stay.lost_fen), yuan(stay.cap_fen)),
    ]


def _clock(minute: int) -> str:
    return "%02d:%02d" % divmod(minute, 60)


def _classes(table: FareTable) -> Table:
    shown = Table("class", "card numbers", "pays")
    for one in table.classes:
        numbers = ", ".join("%s-%s" % ends for ends in one.ranges)
        pays = "; ".join(
            "%s%s%s" % (_words(row.change), _of(row.groups), ", " + row.band if row.band else "")
            for row in table.discounts
            if row.card_class == one.name
        )
        shown.add_row(one.name, numbers, pays or "in full")
    return shown


def _bands(table: FareTable) -> Table:
    shown = Table("band", "days", "hours", "pays")
    for one in table.bands:
        hours = ", ".join(_clock(a) + "-" + _clock(b) for a, b in one.times)
        shown.add_row(one.name, ", ".join(one.days), hours, _words(one.change) + _of(one.groups))
    return shown


def _rules(table: FareTable) -> Table:
    shown = Table("rule", "pays")
    for one in table.transfers:
        way = "%s to %s within %d min" % (
            "/".join(one.from_groups) or "all", "/".join(one.to_groups) or "all", one.within_min
        )  # fmt: skip
        shown.add_row("transfer " + way, _words(one.change))
    for cap in table.caps:
        shown.add_row("cap of a %s, %s" % (cap.period, cap.card_class or "all"), yuan(cap.fen))
    for party in table.parties:
        shown.add_row("%d riders or more" % party.least, "%d %%" % party.percent)
    return shown


def _of(groups: tuple[str, ...]) -> str:
    return " of " + "/".join(groups) if groups else ""


def _words(change: Change) -> str:
    if change.how == "percent":
        return "%d %%" % change.value if change.value else "free"
    if change.how == "credit":
        return "less what was paid"
    sign = {"less": "-", "more": "+", "price": "at most "}[change.how]
    return sign + yuan(change.value)
