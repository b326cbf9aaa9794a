# SPDX-License-Identifier: Apache-2.0
"""Pages that everybody may see: overview, terminals, a record, a batch, what went wrong."""

from host_tools.ledger import status
from host_tools.ledger.schema import CONFLICT, DUPLICATE, LOST, MARKED, RECORDS, UNREADABLE
from host_tools.ledger.settlement import Total
from host_tools.ledger.sitting import QUARANTINE_MOST, TERMINAL_MOST
from host_tools.office import bars, doubtful, fleet, stories, sums
from host_tools.office.app import Go, Missing, Office, Shown
from host_tools.office.asked import PAGE_ROWS, Asked

LINES_SHOWN = 12
REFUSALS_SHOWN = 200
SHIFTS_SHOWN = 5
LOST_SHOWN = 100
MARKS = (CONFLICT, DUPLICATE, LOST, UNREADABLE)
SORTS = {
    "number": "Number",
    "seen": "Last seen",
    "operator": "Operator",
    "backlog": "Backlog",
    "torn": "Torn taps",
    "p95": "p95 of a tap",
    "wear": "Flash wear",
}
TOP = 0xFFFFFFFF


def overview(office: Office, asked: Asked) -> Shown:
    """Today at a glance."""
    seen = office.figures.seen
    if seen is None:
        return Shown("waiting.html", {"trouble": office.figures.trouble})
    lines = _summed(seen.today.groups, sums.LINE)
    values = {
        "seen": seen,
        "trouble": office.figures.trouble,
        "sales": sums.sales_of(seen.today.groups),
        "hours": bars.of_hours(seen.today.groups, office.ledger.calendar.cut_hour),
        "days": bars.of_days(seen.last_days),
        "lines": lines[:LINES_SHOWN],
        "lines_more": len(lines) - LINES_SHOWN,
        "operators": _summed(seen.today.groups, sums.OPERATOR),
        "open_taps": sum(one.taps for one in seen.doubtful),
        "open_fen": sum(one.fen for one in seen.doubtful),
        "twins": sums.twins(seen.alarms.refusals),
        "forged": sums.forged(seen.alarms.refusals),
        "strangers": sums.strangers(seen.alarms.refusals),
        "lost_after_s": office.options.lost_after_s,
    }
    return Shown("overview.html", values)


def _summed(groups: list[Total], by: int) -> list[tuple]:
    """[(of, sales, fen)] by money, the most first; by: a place in GROUPED."""
    found: dict = {}
    for one in groups:
        count, fen = found.get(one.of[by], (0, 0))
        found[one.of[by]] = (count + one.sales, fen + one.sales_fen)
    rows = [(of, count, fen) for of, (count, fen) in found.items()]
    return sorted(rows, key=lambda row: (-row[2], str(row[0])))


def terminals(office: Office, asked: Asked) -> Shown | Go:
    """The fleet, fifty at a time."""
    wanted = asked.number("number", 1, TERMINAL_MOST)
    if wanted:
        return Go(f"/terminals/{wanted}")
    state = asked.choice("state", fleet.STATES)
    operator = asked.text("operator")[:100]
    sort = asked.choice("sort", tuple(fleet.SORTS)) or "number"
    since = office.now() - office.options.lost_after_s
    chosen = fleet.chosen(state, operator, since)
    lost_after_s = office.options.lost_after_s
    rows = fleet.listed(office.ledger, lost_after_s, chosen, sort, asked.offset, PAGE_ROWS + 1)
    values = {
        "rows": rows[:PAGE_ROWS],
        "more": len(rows) > PAGE_ROWS,
        "offset": asked.offset,
        "step": PAGE_ROWS,
        "state": state,
        "operator": operator,
        "sort": sort,
        "sorts": SORTS,
        "operators": fleet.operators(office.ledger),
    }
    return Shown("terminals.html", values)


def terminal(office: Office, asked: Asked) -> Shown:
    """One terminal: what it is, what it sent, what was refused, its shifts."""
    number = asked.number("terminal", 1, TERMINAL_MOST) or 0
    found = fleet.one(office.ledger, number)
    if found is None:
        raise Missing(f"terminal {number} is not in the registry")
    (said,) = status.fleet(office.ledger, office.options.lost_after_s, [number])
    before = asked.number("before", 1, TOP) or TOP
    rows = fleet.newest(office.ledger, number, before, PAGE_ROWS + 1)
    last = found.last_sequence
    values = {
        "one": found,
        "said": said,
        "keys": fleet.keys_of(office.ledger, number),
        "holdings": status.holdings(office.ledger, [number]),
        "history": bars.of_hours_told(status.history(office.ledger, number)),
        "rows": rows[:PAGE_ROWS],
        "more": len(rows) > PAGE_ROWS,
        "before": before,
        "top": TOP,
        "refusals": fleet.refusals(office.ledger, number, REFUSALS_SHOWN),
        "batches": fleet.batches(office.ledger, number, 0, QUARANTINE_MOST),
        "lost": fleet.lost_numbers(office.ledger, number, LOST_SHOWN),
        "shifts": fleet.shifts(office.ledger, number, last, office.options.told, SHIFTS_SHOWN),
    }
    return Shown("terminal.html", values)


def record_story(office: Office, asked: Asked) -> Shown:
    """One record and what is around it."""
    terminal, sequence = asked.number("terminal"), asked.number("sequence")
    story = stories.of_record(office.ledger, terminal or 0, sequence or 0)
    if story is None:
        raise Missing(f"terminal {terminal} has no number {sequence} in the ledger")
    decided = doubtful.decision_of(office.ledger, terminal or 0, sequence or 0)
    return Shown("record.html", {"story": story, "decided": decided})


def quarantine(office: Office, asked: Asked) -> Shown:
    """Batches that could not be taken."""
    terminal = asked.number("terminal")
    rows = fleet.batches(office.ledger, terminal, asked.offset, PAGE_ROWS + 1)
    values = {"rows": rows[:PAGE_ROWS], "more": len(rows) > PAGE_ROWS, "offset": asked.offset,
              "step": PAGE_ROWS}  # fmt: skip
    return Shown("quarantine.html", values)


def batch_story(office: Office, asked: Asked) -> Shown:
    """One of them, read as far as it can be."""
    story = stories.of_batch(office.ledger, asked.number("terminal") or 0, asked.text("digest"))
    if story is None:
        raise Missing("there is no such batch in quarantine")
    return Shown("batch.html", {"story": story})


def refusals(office: Office, asked: Asked) -> Shown:
    """Who was refused, and why; the latest first."""
    rows = fleet.refusals(office.ledger, asked.number("terminal"), REFUSALS_SHOWN)
    return Shown("refusals.html", {"rows": rows, "most": REFUSALS_SHOWN})


def marked(office: Office, asked: Asked) -> Shown:
    """Records that do not count: conflicts, duplicates, lost and unreadable ones."""
    mark = asked.choice("mark", MARKS) or CONFLICT
    order = (RECORDS.c.settled_on.desc(), RECORDS.c.terminal, RECORDS.c.sequence.desc())
    rows = fleet.rows(
        office.ledger, [MARKED, RECORDS.c.mark == mark], order, asked.offset, PAGE_ROWS + 1
    )
    values = {"rows": rows[:PAGE_ROWS], "more": len(rows) > PAGE_ROWS, "offset": asked.offset,
              "step": PAGE_ROWS, "mark": mark, "marks": MARKS}  # fmt: skip
    return Shown("marked.html", values)
