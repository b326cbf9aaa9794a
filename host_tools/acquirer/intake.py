# SPDX-License-Identifier: Apache-2.0
"""Which sales are presented: those of a business day that is cut, each once, by their operator.

Only rows that count and are approved go in; torn, refused and unproven debits never do (CL-010),
nor does what conflicts with another record. A sale is queued once however often its day is asked
for: (terminal, sequence) is its key.
"""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.acquirer.profile import Merchant, Profile
from host_tools.acquirer.tables import PRESENTED, QUEUED
from host_tools.ledger import days, engine, settlement
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import COUNTS, TERMINALS

COPIED = ("terminal", "sequence", "business_day", "settled_on", "amount_fen", "time_utc_s")
BLANK = {
    "batch": 0, "trace": 0, "attempts": 0, "unanswered": 0, "due_utc_s": 0,
    "answer": "", "listed": "", "reference": "", "note": "", "answered_utc_s": 0,
}  # fmt: skip


class Intake(NamedTuple):
    """Sales of a day, how many of them were queued by this call, how many have no merchant."""

    sales: int
    sales_fen: int
    queued: int
    no_merchant: int


def queue_day(
    ledger: Ledger, profile: Profile, day: int, dry: bool = False, open_day: bool = False
) -> Intake:
    """Queue the sales of a day; `dry` counts only.

    open_day: of one that is not cut too, whatever is there by now (FormatError without).
    """
    if not open_day and day > settlement.closed_through(ledger):
        raise FormatError(
            f"{days.shown(day)} is not cut, its totals may still grow:"
            f" faretap ledger settle {days.shown(day)} --cut"
        )
    rows = settlement.settled_on(day)
    with engine.writing(ledger.engine) as connection, connection.begin():
        count, amount_fen = connection.execute(_counted(rows)).one()
        here = sa.select(sa.func.count()).where(PRESENTED.c.settled_on == day)
        before = connection.execute(here).scalar_one()
        if not dry:
            for one in profile.merchants:
                connection.execute(_queued(connection, rows, profile, one))
        after = connection.execute(here).scalar_one()
        theirs = sa.or_(*[_of(rows, one, profile) for one in profile.merchants])
        left = connection.execute(_counted(rows).where(sa.not_(theirs))).one()[0]
    return Intake(count, int(amount_fen), after - before, left)


def _known(rows: sa.Subquery) -> sa.Join:
    return sa.outerjoin(rows, TERMINALS, TERMINALS.c.terminal == rows.c.terminal)


def _counted(rows: sa.Subquery) -> sa.Select:
    total = sa.func.coalesce(sa.func.sum(rows.c.amount_fen), 0)
    return sa.select(sa.func.count(), total).select_from(_known(rows)).where(*_is_sale(rows))


def _is_sale(rows: sa.Subquery) -> tuple[sa.ColumnElement[bool], ...]:
    return rows.c.kind == record.APPROVED, rows.c.mark == COUNTS


def _of(rows: sa.Subquery, merchant: Merchant, profile: Profile) -> sa.ColumnElement[bool]:
    """The condition that a row belongs to this merchant."""
    operator = sa.func.coalesce(TERMINALS.c.operator, "")
    named = [one.operator for one in profile.merchants if one.operator]
    mine = operator == merchant.operator if merchant.operator else operator.not_in(named)
    same = [one for one in profile.merchants if one.operator == merchant.operator]
    return sa.and_(mine, rows.c.terminal % len(same) == same.index(merchant))


def _queued(connection: sa.Connection, rows: sa.Subquery, profile: Profile, merchant: Merchant):
    values = {**{name: rows.c[name] for name in COPIED}, "account": sa.literal(merchant.name)}
    values["state"] = sa.literal(QUEUED)
    values.update({name: sa.literal(value) for name, value in BLANK.items()})
    chosen = sa.select(*[values[column.name] for column in PRESENTED.c])
    chosen = chosen.select_from(_known(rows)).where(*_is_sale(rows), _of(rows, merchant, profile))
    dialect = {"postgresql": postgresql, "sqlite": sqlite}[connection.dialect.name]
    into = dialect.insert(PRESENTED).from_select([column.name for column in PRESENTED.c], chosen)
    return into.on_conflict_do_nothing()
