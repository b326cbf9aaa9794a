# SPDX-License-Identifier: Apache-2.0
"""Settlement: what a business day comes to, once it is cut.

A record belongs to the business day it is dated on, and is settled with it unless that day was
cut before the record came: then it is settled with the first open day and stands on that day's
list of late records. So the totals of a day that is cut do not change any more. Only rows that
count make totals, and only `approved` ones are money to clear (CL-010).
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import days, engine, postgres
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.questions import Row
from host_tools.ledger.schema import BOOKS, CAME_LATE, COUNTS, RECORDS, TERMINALS

BY = ("operator", "line", "terminal", "shift", "device", "hour")
# (title, kind): one count and one sum each
SUMS = (
    ("sales", record.APPROVED),
    ("pending", record.PENDING),
    ("refund_due", record.DEBITED_REFUSED),
    ("unproven", record.DEBITED_UNPROVEN),
)
SHIFT_OPENS = ("shift_opened", "shift_open")
SHIFT_CLOSES = ("shift_closed", "shift_forced")


class Total(NamedTuple):
    """A line of the settlement; `of` is what it is a total of, by the columns of `by`."""

    of: tuple
    sales: int
    sales_fen: int
    pending: int
    pending_fen: int
    refund_due: int
    refund_due_fen: int
    unproven: int
    unproven_fen: int


class Statement(NamedTuple):
    """A shift as its terminal closed it, beside the records of it."""

    terminal: int
    driver: int
    shift: int
    sequence: int
    told: int
    told_fen: int
    found: int
    found_fen: int

    @property
    def agrees(self) -> bool:
        """Whether the terminal's totals are those of the records."""
        return (self.told, self.told_fen) == (self.found, self.found_fen)


def closed_through(ledger: Ledger) -> int:
    """The last day that was cut, 0 before the first."""
    with ledger.engine.connect() as connection:
        return connection.execute(sa.select(BOOKS.c.closed_through)).scalar_one()


def cut(ledger: Ledger, day: int) -> None:
    """Close `day` and all before it; no sitting is at work meanwhile.

    FormatError for a day that is not over. A day that is cut already stays so.
    """
    if day >= ledger.calendar.today(int(ledger.time_utc_s())):
        raise FormatError(f"{days.shown(day)} is not over: its records are still being made")
    with engine.writing(ledger.engine) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(postgres.DAY_LOCK)))
        later = sa.update(BOOKS).where(BOOKS.c.closed_through < day)
        connection.execute(later.values(closed_through=day))


def settled_on(day: int) -> sa.Subquery:
    """The rows that are settled with a day: its own, and late ones of others."""
    own = sa.select(RECORDS).where(RECORDS.c.business_day == day, RECORDS.c.settled_on == day)
    return sa.union_all(own, late_on(day)).subquery("settled")


def late_on(day: int) -> sa.Select:
    """Rows of other days that came after their cut, and are settled with this one."""
    return sa.select(RECORDS).where(
        RECORDS.c.settled_on == day, RECORDS.c.settled_on != RECORDS.c.business_day
    )


def within(first: int, last: int) -> sa.ColumnElement[bool]:
    """The condition on RECORDS of all that is settled from `first` to `last`, both within; own
    days and late records each by their index.
    """
    settled = RECORDS.c.settled_on.between(first, last)
    own = sa.and_(RECORDS.c.business_day.between(first, last), settled)
    return sa.or_(own, sa.and_(settled, CAME_LATE))


def totals(
    ledger: Ledger, day: int, by: tuple[str, ...] = ("operator",), most: int | None = None
) -> list[Total]:
    """Totals of a day in groups by columns of BY, in their order; at most so many groups."""
    rows = settled_on(day)
    known = sa.outerjoin(rows, TERMINALS, TERMINALS.c.terminal == rows.c.terminal)
    made = {
        "operator": sa.func.coalesce(TERMINALS.c.operator, ""),
        "hour": sa.func.coalesce(sa.func.substr(rows.c.time, 1, 2), ""),
    }
    groups = [made[name].label(name) if name in made else rows.c[name] for name in by]
    sums = []
    for _, kind in SUMS:
        here = rows.c.kind == kind
        sums.append(sa.func.sum(sa.case((here, 1), else_=0)))
        sums.append(sa.func.sum(sa.case((here, rows.c.amount_fen), else_=0)))
    wanted = rows.c.kind.in_([kind for _, kind in SUMS])
    asked = sa.select(*groups, *sums).select_from(known).where(rows.c.mark == COUNTS, wanted)
    with ledger.engine.connect() as connection:
        found = connection.execute(asked.group_by(*groups).order_by(*groups).limit(most)).all()
    count = len(groups)
    return [Total(tuple(one[:count]), *map(int, one[count:])) for one in found]


def late(ledger: Ledger, day: int) -> list[Row]:
    """Records that are settled with `day` and belong to an earlier one."""
    asked = late_on(day).order_by(RECORDS.c.terminal, RECORDS.c.sequence)
    return ledger.select_rows(asked)


class Day(NamedTuple):
    """A business day at a glance; `late` of its records belong to earlier days."""

    day: int
    sales: int
    sales_fen: int
    late: int


def overview(ledger: Ledger, count: int) -> list[Day]:
    """The last `count` days that have records."""
    sale = (RECORDS.c.kind == record.APPROVED) & (RECORDS.c.mark == COUNTS)
    here = RECORDS.c.settled_on
    asked = sa.select(
        here,
        sa.func.sum(sa.case((sale, 1), else_=0)),
        sa.func.sum(sa.case((sale, RECORDS.c.amount_fen), else_=0)),
        sa.func.sum(sa.case((here != RECORDS.c.business_day, 1), else_=0)),
    ).group_by(here)
    with ledger.engine.connect() as connection:
        found = connection.execute(asked.order_by(here.desc()).limit(count)).all()
    return [Day(*map(int, one)) for one in reversed(found)]


def statements(
    ledger: Ledger, day: int, told: Callable[[dict], tuple[int, int] | None]
) -> Iterator[Statement]:
    """Shifts that were closed on a day, against the sales between opening and closing (TD-032).

    told: what the record dict of a closing says, (sales, fen); None where it says nothing.
    """
    closings = [
        within(day, day),
        RECORDS.c.kind == record.EVENT,
        RECORDS.c.reason.in_(SHIFT_CLOSES),
    ]
    for terminal, sequence, raw in list(ledger.unsealed(*closings)):
        found = statement(ledger, terminal, sequence, record.unpack(raw), told)
        if found:
            yield found


def statement(
    ledger: Ledger,
    terminal: int,
    sequence: int,
    values: dict,
    told: Callable[[dict], tuple[int, int] | None],
) -> Statement | None:
    """The shift that the record `sequence` closes, of whose dict `told` says the totals."""
    says = told(values)
    if says is None:
        return None
    found = _sold(ledger, terminal, sequence, values)
    return Statement(terminal, values["driver"], values["shift"], sequence, *says, *found)


def _sold(ledger: Ledger, terminal: int, closing: int, values: dict) -> tuple[int, int]:
    """(sales, fen) of the shift that is closed by the record `closing`."""
    mine = (RECORDS.c.terminal == terminal, RECORDS.c.sequence < closing)
    opened = sa.select(sa.func.max(RECORDS.c.sequence)).where(
        *mine, RECORDS.c.kind == record.EVENT, RECORDS.c.reason.in_(SHIFT_OPENS)
    )
    with ledger.engine.connect() as connection:
        first = connection.execute(opened).scalar() or 0
        asked = sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(RECORDS.c.amount_fen), 0)
        ).where(
            *mine,
            RECORDS.c.sequence > first,
            RECORDS.c.kind == record.APPROVED,
            RECORDS.c.mark == COUNTS,
            RECORDS.c.driver == values["driver"],
        )
        count, fen = connection.execute(asked).one()
    return count, int(fen)
