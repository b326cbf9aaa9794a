# SPDX-License-Identifier: Apache-2.0
"""A fare table as people read it: products, matrices, steps, rules, all in yuan."""

from rich.console import Console, RenderableType
from rich.table import Table

from firmware.errors import FormatError
from host_tools.fares.model import Change, FareTable, Product, Stay

MOST_COLUMNS = 16  # of a matrix, fewer on a narrow screen; larger ones are cut, and say so
CELL = 8  # signs of a column
LENGTHS = {"stage": "stages", "distance": "metres"}


def print_table(table: FareTable, word: str | None = None) -> None:
    """All of it, or one product. FormatError for a product that is not there."""
    console = Console()
    columns = max(2, min(MOST_COLUMNS, console.width // CELL - 2))
    if word is not None:
        console.print(*_product(_found(table, word), columns), sep="\n")
        return
    head = "version %d, from %s, at most %s a rider\nrounded down to %s, cheaper side within %d s"
    console.print(head % (
        table.version, table.effective.isoformat(" "), yuan(table.ceiling_fen),
        yuan(table.round_fen), table.drift_s,
    ))  # fmt: skip
    for product in table.products:
        console.print(*_product(product, columns), sep="\n")
    for title, one in (
        ("classes, by the first digits of the card number", _classes(table)),
        ("bands of the day", _bands(table)),
        ("transfers, caps, parties", _rules(table)),
        ("days that are not as the calendar says", _days(table)),
    ):
        if one.row_count:
            console.print("\n[bold]%s[/]" % title, one, sep="\n")


def yuan(fen: int | None) -> str:
    """Fen as yuan; "-" for none."""
    return "-" if fen is None else "%.2f" % (fen / 100)


def _found(table: FareTable, word: str) -> Product:
    try:
        return table.product(word)
    except KeyError as wrong:
        known = ", ".join(one.word for one in table.products)
        raise FormatError("no product %r; there are: %s" % (word, known)) from wrong


def _product(one: Product, columns: int) -> list[RenderableType]:
    head = "\n[bold]%s[/] %s, group %s" % (one.word, one.kind, one.group)
    head += ", " + yuan(one.fen) if one.kind == "flat" else ""
    if one.places:
        head += ", %s where a stop is not known" % (yuan(one.fen) if one.fen else "not sold")
    head += ", at most %s" % yuan(one.most_fen) if one.most_fen else ""
    head += ", up to %d riders" % one.most_riders if one.most_riders > 1 else ""
    head += (
        ", cards with %s and more" % yuan(one.least_balance_fen) if one.least_balance_fen else ""
    )
    parts: list[RenderableType] = [head]
    if one.matrix:
        parts += _matrix(one, columns)
    if one.zones or one.steps:
        parts.append(_stops(one))
    if one.steps:
        parts.append(_steps(one))
    if one.stay:
        parts += _stay(one.stay)
    return parts


def _stops(one: Product) -> str:
    """Which stop lies where: zones with their stops, or stops by stage or metre."""
    if one.zones:
        return "\n".join(
            "%s: stops %s" % (name, ", ".join(str(stop) for stop, at in one.places if at == row))
            for row, name in enumerate(one.zones)
        )
    shown = ["%d at %d" % place for place in one.places[:MOST_COLUMNS]]
    more = len(one.places) - len(shown)
    return "stops: %s%s" % (", ".join(shown), ", and %d more" % more if more else "")


def _matrix(one: Product, columns: int) -> list[RenderableType]:
    names = list(one.zones) or [str(stop) for stop, _ in sorted(one.places, key=lambda p: p[1])]
    few = names[:columns]
    table = Table("from / to")
    for name in few:
        table.add_column(name, justify="right", no_wrap=True)
    for name, line in zip(few, one.matrix, strict=False):
        table.add_row(name, *[yuan(cell) for cell in line[:columns]])
    cut = ["%d of %d shown" % (len(few), len(names))] if len(few) < len(names) else []
    return [table, *cut]


def _steps(one: Product) -> Table:
    length = LENGTHS[one.kind]
    table = Table()
    for title in ("beyond, " + length, "yuan", "and for each, " + length, "yuan"):
        table.add_column(title, justify="right")
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
        numbers = ", ".join(_range(*ends) for ends in one.ranges)
        pays = "; ".join(
            "%s%s%s" % (_words(row.change), _of(row.groups), ", " + row.band if row.band else "")
            for row in table.discounts
            if row.card_class == one.name
        )
        shown.add_row(one.name, numbers, pays or "in full")
    return shown


def _bands(table: FareTable) -> Table:
    shown = Table("band", "days")
    for title in ("0     6     12    18    ", "hours"):
        shown.add_column(title, no_wrap=True)
    shown.add_column("pays")
    for one in table.bands:
        hours = "\n".join(_clock(a) + "-" + _clock(b) for a, b in one.times)
        pays = _words(one.change) + _of(one.groups)
        shown.add_row(one.name, "\n".join(one.days), _strip(one.times), hours, pays)
    return shown


def _strip(times: tuple[tuple[int, int], ...]) -> str:
    """24 hours as signs: whole, in part, not."""
    minutes = {minute for a, b in times for minute in range(a, b)}
    counts = [sum(60 * hour + m in minutes for m in range(60)) for hour in range(24)]
    return "".join(
        "\u2588" if count == 60 else "\u258c" if count else "\u00b7" for count in counts
    )


def _range(low: str, high: str) -> str:
    """Two ends of 12 digits as people write them: `622802-622803`."""
    while low and low[-1] == "0" and high[-1] == "9":
        low, high = low[:-1], high[:-1]
    return low if low == high else low + "-" + high


def _days(table: FareTable) -> Table:
    """Spans of days of one kind."""
    shown = Table("days", "are")
    spans: list[list] = []
    for day, kind in table.days:
        if spans and spans[-1][2] == kind and (day - spans[-1][1]).days == 1:
            spans[-1][1] = day
        else:
            spans.append([day, day, kind])
    for first, last, kind in spans:
        shown.add_row(str(first) if first == last else "%s to %s" % (first, last), kind + "s")
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
