# SPDX-License-Identifier: Apache-2.0
"""Pages about money: days and their settlement, late records, doubtful debits."""

from firmware.errors import FormatError
from host_tools.ledger import days, settlement, stamp_sums
from host_tools.ledger.schema import RECORDS
from host_tools.office import bars, doubtful, fleet
from host_tools.office.app import Go, Missing, Office, Shown
from host_tools.office.asked import PAGE_ROWS, Asked
from host_tools.office.figures import Day
from host_tools.office.sums import GROUPED, sales_of

BY = ("operator", "line")
GROUPS_SHOWN = 500
KINDS = ("pending", "debited-refused", "debited-unproven")


def list_days(office: Office, asked: Asked) -> Shown:
    """The last days, as the background has added them up."""
    seen = office.figures.seen
    if seen is None:
        return Shown("waiting.html", {"trouble": office.figures.trouble})
    rows = [(one, *sales_of(one.groups)) for one in reversed(seen.last_days)]
    closed = settlement.closed_through(office.ledger)
    values = {"rows": rows, "closed": closed, "seen": seen, "bars": bars.of_days(seen.last_days)}
    return Shown("days.html", values)


def day(office: Office, asked: Asked) -> Shown:
    """The settlement of a day, by operator or by line."""
    number = _day(asked)
    by = asked.choice("by", BY) or "operator"
    found = _figures(office, number)
    rows = _totals(found.groups, by)
    closed = settlement.closed_through(office.ledger)
    values = {
        "number": number,
        "found": found,
        "by": by,
        "rows": rows[:GROUPS_SHOWN],
        "more": max(0, len(rows) - GROUPS_SHOWN),
        "sum": _totals(found.groups, ""),
        "is_cut": number <= closed,
        "may_cut": number > closed and number < office.ledger.calendar.today(office.now()),
        "before": days.shifted(number, -1),
        "behind": days.shifted(number, 1),
        "hours": bars.of_hours(found.groups, office.ledger.calendar.cut_hour),
        "memory": stamp_sums.lines(office.ledger, number),
    }
    return Shown("day.html", values)


def _figures(office: Office, number: int) -> Day:
    """From the background where it has the day, otherwise here and now, within a page's time.

    A day that was cut since the last round is added up anew: until the cut more may have come.
    """
    seen = office.figures.seen
    is_cut = number <= settlement.closed_through(office.ledger)
    for one in seen.last_days if seen else ():
        if one.day == number and one.cut == is_cut:
            return one
    return office.figures.day(number)


def _totals(groups: list[settlement.Total], by: str) -> list[settlement.Total]:
    """The same sums as settlement.totals(), of what is added up already."""
    found: dict[tuple, list[int]] = {}
    for one in groups:
        of = (one.of[GROUPED.index(by)],) if by else ()
        sums = found.setdefault(of, [0] * 8)
        for place, value in enumerate(one[1:]):
            sums[place] += value
    return [settlement.Total(of, *sums) for of, sums in sorted(found.items())]


def any_day(office: Office, asked: Asked) -> Go:
    """The day that was picked."""
    return Go(f"/days/{days.shown(_day(asked))}")


def cut(office: Office, asked: Asked) -> Go:
    """Close a day and all before it."""
    number = _day(asked)
    person = asked.person
    with office.people.audited(person.name, asked.address, "cut day", days.shown(number)):
        if asked.text("sure") != days.shown(number):
            raise FormatError("type the day once more to cut it: it cannot be opened again")
        settlement.cut(office.ledger, number)
    return Go(f"/days/{days.shown(number)}")


def late(office: Office, asked: Asked) -> Shown:
    """Records that came after their own day was cut and are settled with this one."""
    number = _day(asked)
    conditions = [
        RECORDS.c.settled_on == number, RECORDS.c.settled_on != RECORDS.c.business_day
    ]  # fmt: skip
    order = (RECORDS.c.terminal, RECORDS.c.sequence)
    rows = fleet.rows(office.ledger, conditions, order, asked.offset, PAGE_ROWS + 1)
    values = {"rows": rows[:PAGE_ROWS], "more": len(rows) > PAGE_ROWS, "offset": asked.offset,
              "step": PAGE_ROWS, "number": number}  # fmt: skip
    return Shown("late.html", values)


def _day(asked: Asked) -> int:
    found = asked.day("day")
    if found is None:
        raise Missing("there is no such day")
    return found


def pending(office: Office, asked: Asked) -> Shown:
    """Debits that nobody can call paid or not paid, the oldest first."""
    kind = asked.choice("kind", KINDS)
    decision = asked.choice("decision", (doubtful.OPEN, *doubtful.DECIDED)) or doubtful.OPEN
    rows = doubtful.listed(office.ledger, kind, decision, asked.offset, PAGE_ROWS + 1)
    values = {
        "rows": rows[:PAGE_ROWS],
        "more": len(rows) > PAGE_ROWS,
        "offset": asked.offset,
        "step": PAGE_ROWS,
        "kind": kind,
        "kinds_here": KINDS,
        "decision": decision,
        "decisions": (doubtful.OPEN, *doubtful.DECIDED),
        "sums": doubtful.summed(office.ledger),
    }
    return Shown("pending.html", values)
