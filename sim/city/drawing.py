# SPDX-License-Identifier: Apache-2.0
"""The days of a city as a picture: taps an hour, what waits to be uploaded, what went wrong.

svg(report) is a drawing that stands alone; page(report, again) is an HTML page around it with the
money beside it. Nothing is loaded from elsewhere.
"""

from collections import namedtuple
from html import escape

from firmware.devices.panel import yuan
from firmware.formats import record

WIDTH, LEFT, RIGHT = 1000, 64, 16
HEAD, GAP, FOOT = 82, 36, 46
PANEL = 130  # height of each
STYLE = """
text { font: 12px sans-serif; fill: #333 } .title { font-size: 17px; font-weight: 600 }
.small { font-size: 11px; fill: #777 } .name { font-weight: 600 } line { stroke: #ddd }
.day { stroke: #999; stroke-dasharray: 3 3 } path { fill: #c9b458; fill-opacity: .45 }
polyline { fill: none; stroke: #a38a1f; stroke-width: 1.5 }
"""
TAPS, PAID = "#b9cfe4", "#3f77b0"
# Faults by who suffers them: words of faults.py
GROUPS = (
    ("cards", "#d98032", ("torn", "cards")),
    ("terminals", "#b23a48", ("power", "clock", "full", "twin", "replaced")),
    ("network", "#6c8f4e", ("link", "offline", "forged")),
    ("collector and database", "#5d4a8f", ("collector", "database")),
)
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>faretap city</title>
<style>
body {{ font: 15px sans-serif; color: #222; max-width: 1040px; margin: 2em auto; padding: 0 1em }}
table {{ border-collapse: collapse; margin: 1em 3em 1em 0; display: inline-table;
  vertical-align: top }}
caption {{ text-align: left; font-weight: 600; padding: .3em 0 }}
td, th {{ border-bottom: 1px solid #ddd; padding: .25em .8em .25em 0; text-align: left }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums }}
code {{ background: #f2f2f2; padding: .2em .4em }} svg {{ width: 100%; height: auto }}
.good {{ color: #2a7a2a }} .bad {{ color: #b00020 }}
</style>
{body}
</html>
"""

Hour = namedtuple("Hour", ("taps", "paid", "waiting", "faults"))  # faults: one number a group


def hours_of(report):
    """[Hour] of the days, without the closing."""
    found, before = [], ({}, {})
    for counts, drawn, waiting in report.hours[: 24 * report.plan.days]:
        groups = [
            sum(drawn[name] - before[1].get(name, 0) for name in names) for _, _, names in GROUPS
        ]
        taps, paid = (counts[name] - before[0].get(name, 0) for name in ("taps", "paid"))
        found.append(Hour(taps, paid, waiting, groups))
        before = counts, drawn
    return found


def svg(report):
    """Text of the drawing."""
    hours = hours_of(report)
    step = (WIDTH - LEFT - RIGHT) / len(hours)
    height = HEAD + 3 * PANEL + 2 * GAP + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(_title(report))}</title>",
        f"<desc>{escape(_verdict(report))}</desc>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        _text(LEFT, 24, _title(report), "title"),
        _text(LEFT, 42, _verdict(report), "small"),
    ]
    tops = [HEAD + row * (PANEL + GAP) for row in range(3)]
    parts += _frame(tops[0], "taps an hour", _most(hour.taps for hour in hours))
    parts += _frame(tops[1], "records waiting for the collector", _most(h.waiting for h in hours))
    parts += _frame(tops[2], "faults an hour", _most(sum(hour.faults) for hour in hours))
    parts += _taps(tops[0], step, hours)
    parts += _waiting(tops[1], step, hours)
    parts += _faults(tops[2], step, hours)
    parts += _clock(step, len(hours), tops[0], tops[2] + PANEL)
    return "\n".join([*parts, "</svg>"]) + "\n"


def page(report, again):
    """Text of an HTML page."""
    faults = report.balance.faults
    verdict = "cards, journals and ledger agree to the fen" if not faults else "does not balance"
    body = [
        svg(report),
        f'<h2 class="{"bad" if faults else "good"}">{verdict}</h2>',
        *[f'<p class="bad">{escape(one)}</p>' for one in faults],
        _table("money", ("", "count", "yuan"), money(report)),
        _table("faults that came to pass", ("fault", "times"), _drawn(report)),
        _table(
            "settled",
            ("business day", "sales", "yuan", "late"),
            [(str(d.day), f"{d.sales:,}", yuan(d.sales_fen), f"{d.late:,}") for d in report.days],
        ),
        *[
            f"<p>explained: {escape(one.name)}, {one.count} of {yuan(one.fen)}:"
            f" {escape(one.what)}</p>"
            for one in report.balance.deviations
        ],
        f"<p>Simulated throughout. Again: <code>{escape(again)}</code>, digest"
        f" <code>{report.digest}</code></p>",
    ]
    return PAGE.format(body="\n".join(body))


def money(report):
    """[(what, count, yuan)] of the balance, for people."""
    balance = report.balance
    rows = [
        ("put on the cards", f"{balance.cards:,} cards", yuan(balance.issued_fen)),
        ("left on them", "", yuan(balance.now_fen)),
        ("lost by them", "", yuan(balance.issued_fen - balance.now_fen)),
        ("final debits", f"{balance.debits[0]:,}", yuan(balance.debits[1])),
    ]
    for kind, name in record.KINDS:
        for where in ("journal", "ledger"):
            count, fen = balance.sum_of(where, kind)
            if count:
                rows.append((f"{name}, {where}", f"{count:,}", yuan(fen)))
    count, fen = balance.pending_taken
    return [*rows, ("pending that are debits", f"{count:,}", yuan(fen))]


def _title(report):
    plan = report.plan
    days = "1 day" if plan.days == 1 else f"{plan.days} days"
    return (
        f"A simulated city: {plan.terminals:,} terminals, {report.counts['rides']:,} rides,"
        f" {days}, seed {plan.seed}"
    )


def _verdict(report):
    balance = report.balance
    held = sum(one.fen for one in balance.deviations)
    end = "it does not balance" if balance.faults else "agrees to the fen"
    return (
        f"cards lost {yuan(balance.issued_fen - balance.now_fen)} yuan; approved"
        f" {yuan(balance.sum_of('journal', record.APPROVED)[1])} in journals,"
        f" {yuan(balance.sum_of('ledger', record.APPROVED)[1])} in the ledger,"
        f" {yuan(held)} held back with a reason; {end}"
    )


# --- panels -------------------------------------------------------------------------------------


def _taps(top, step, hours):
    most = _most(hour.taps for hour in hours)
    for at, hour in enumerate(hours):
        for count, colour in ((hour.taps, TAPS), (hour.paid, PAID)):
            yield _bar(at, step, top + PANEL, count * PANEL / most, colour)
    yield from _legend(top, (("presented", TAPS), ("paid", PAID)))


def _waiting(top, step, hours):
    most = _most(hour.waiting for hour in hours)
    points = [
        f"{LEFT + (at + 1) * step:.1f},{top + PANEL * (1 - hour.waiting / most):.1f}"
        for at, hour in enumerate(hours)
    ]
    floor = top + PANEL
    end = LEFT + len(hours) * step
    yield f'<path d="M{LEFT},{floor} L{" L".join(points)} L{end:.1f},{floor} Z"/>'
    yield f'<polyline points="{" ".join(points)}"/>'


def _faults(top, step, hours):
    most = _most(sum(hour.faults) for hour in hours)
    for at, hour in enumerate(hours):
        floor = top + PANEL
        for count, (_, colour, _) in zip(hour.faults, GROUPS, strict=True):
            yield _bar(at, step, floor, count * PANEL / most, colour)
            floor -= count * PANEL / most
    yield from _legend(top, [(name, colour) for name, colour, _ in GROUPS])


def _frame(top, name, most):
    yield _text(LEFT, top - 8, name, "name")
    for share in (0, 0.5, 1):
        y = top + PANEL * (1 - share)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield _text(LEFT - 6, y + 4, f"{most * share:,.0f}", "small", "end")


def _clock(step, count, top, floor):
    """Hours below, a line where a day ends."""
    every = 6 if count <= 96 else 24
    for at in range(0, count + 1, every):
        x = LEFT + at * step
        if at % 24 == 0 and 0 < at < count:
            yield f'<line class="day" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{floor}"/>'
        yield _text(x, floor + 16, f"{at % 24}:00", "small", "middle")
        if at % 24 == 0 and at < count:
            yield _text(x + 12 * step, floor + 32, f"day {at // 24 + 1}", "small", "middle")


def _legend(top, entries):
    x = WIDTH - RIGHT
    for name, colour in reversed(list(entries)):
        x -= 7 * len(name) + 4
        yield _text(x, top - 8, name, "small")
        x -= 14
        yield f'<rect x="{x}" y="{top - 17}" width="10" height="10" fill="{colour}"/>'
        x -= 12


def _bar(at, step, floor, tall, colour):
    if not tall:
        return ""
    x, wide = LEFT + at * step + step * 0.1, step * 0.8
    return (
        f'<rect x="{x:.1f}" y="{floor - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
        f' fill="{colour}"/>'
    )


def _text(x, y, text, kind, anchor="start"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _most(numbers):
    """Top of a scale: a round number no less than any of them."""
    most, top = max(numbers, default=0), 1
    for scale in range(12):
        for lead in (1, 1.5, 2, 3, 4, 6, 8):
            top = lead * 10**scale
            if top >= most:
                return top
    return top


# --- tables -------------------------------------------------------------------------------------


def _drawn(report):
    names = [name for _, _, names in GROUPS for name in names]
    return [(name, f"{report.drawn[name]:,}") for name in names if report.drawn[name]]


def _table(caption, heads, rows):
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    lines = []
    for first, *rest in rows:
        cells = "".join(f'<td class="n">{escape(one)}</td>' for one in rest)
        lines.append(f"<tr><td>{escape(first)}</td>{cells}</tr>")
    return f"<table><caption>{caption}</caption><tr>{head}</tr>{''.join(lines)}</table>"
