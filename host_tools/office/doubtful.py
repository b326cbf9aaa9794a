# SPDX-License-Identifier: Apache-2.0
"""Debits that nobody can call paid or not paid, and how a person has settled each (CL-010).

A decision changes no record and no total: it says what the operator did about it, and stands with
name and time. It can be changed; the audit log keeps each.
"""

from typing import Any, NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import engine as engines
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import COUNTS, DOUBTFUL, RECORDS
from host_tools.ledger.staff import DECISIONS
from host_tools.office.people import masked

DECIDED = ("refunded", "paid", "not debited", "given up")
OPEN = "open"
NOTE_MOST = 200
KINDS = (record.PENDING, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN)


class Doubtful(NamedTuple):
    """A record with the last word about it; `decision` is OPEN before one is made."""

    terminal: int
    sequence: int
    kind: str
    time_utc_s: int
    day: str
    time: str
    card: str
    amount_fen: int
    reason: str
    line: int
    vehicle: int
    decision: str
    note: str
    who: str
    at_utc_s: int


class Sum(NamedTuple):
    """How many of a kind, and what they come to."""

    kind: str
    taps: int
    fen: int


_HERE = sa.and_(
    RECORDS.c.terminal == DECISIONS.c.terminal, RECORDS.c.sequence == DECISIONS.c.sequence
)


def listed(ledger: Ledger, kind: str, decision: str, offset: int, count: int) -> list[Doubtful]:
    """The oldest first; kind "" for all; decision OPEN or one of DECIDED, "" for all."""
    asked = _chosen(
        sa.select(
            RECORDS.c.terminal, RECORDS.c.sequence, RECORDS.c.kind, RECORDS.c.time_utc_s,
            RECORDS.c.day, RECORDS.c.time, RECORDS.c.card_shown, RECORDS.c.amount_fen,
            RECORDS.c.reason, RECORDS.c.line, RECORDS.c.vehicle, DECISIONS.c.decision,
            DECISIONS.c.note, DECISIONS.c.who, DECISIONS.c.at_utc_s,
        ),
        kind, decision,
    )  # fmt: skip
    order = (RECORDS.c.time_utc_s, RECORDS.c.terminal, RECORDS.c.sequence)
    asked = asked.order_by(*order).offset(offset).limit(count)
    with ledger.engine.connect() as connection:
        return [_doubtful(one) for one in connection.execute(asked)]


def summed(ledger: Ledger) -> list[Sum]:
    """What is open, by kind."""
    asked = sa.select(RECORDS.c.kind, sa.func.count(), sa.func.sum(RECORDS.c.amount_fen))
    asked = _chosen(asked, "", OPEN).group_by(RECORDS.c.kind).order_by(RECORDS.c.kind)
    with ledger.engine.connect() as connection:
        return [
            Sum(record.kind_name(kind), count, int(fen))
            for kind, count, fen in connection.execute(asked)
        ]


def decide(
    ledger: Ledger, terminal: int, sequence: int, decision: str, note: str, who: str
) -> None:
    """Enter what was done about one; FormatError where there is nothing to decide."""
    if decision not in (*DECIDED, OPEN):
        raise FormatError(f"decide one of {', '.join(DECIDED)}")
    if len(note) > NOTE_MOST:
        raise FormatError(f"a note has at most {NOTE_MOST} signs")
    here = (DECISIONS.c.terminal == terminal, DECISIONS.c.sequence == sequence)
    there = sa.select(RECORDS.c.sequence).where(
        RECORDS.c.terminal == terminal, RECORDS.c.sequence == sequence,
        RECORDS.c.kind.in_(KINDS), RECORDS.c.mark == COUNTS,
    )  # fmt: skip
    row = {"terminal": terminal, "sequence": sequence, "decision": decision,
           "note": masked(note), "who": who, "at_utc_s": int(ledger.time_utc_s())}  # fmt: skip
    with engines.writing(ledger.engine) as connection, connection.begin():
        if connection.execute(there).first() is None:
            raise FormatError(f"terminal {terminal}, number {sequence}: nothing to decide")
        connection.execute(sa.delete(DECISIONS).where(*here))
        connection.execute(sa.insert(DECISIONS).values(row))


def decision_of(ledger: Ledger, terminal: int, sequence: int) -> sa.Row | None:
    """The last word about one record."""
    asked = sa.select(DECISIONS).where(
        DECISIONS.c.terminal == terminal, DECISIONS.c.sequence == sequence
    )
    with ledger.engine.connect() as connection:
        return connection.execute(asked).first()


def _chosen(asked: sa.Select, kind: str, decision: str) -> sa.Select:
    asked = asked.select_from(sa.outerjoin(RECORDS, DECISIONS, _HERE)).where(DOUBTFUL)
    if kind:
        asked = asked.where(RECORDS.c.kind == {record.kind_name(one): one for one in KINDS}[kind])
    made = sa.func.coalesce(DECISIONS.c.decision, OPEN)
    return asked.where(made == decision) if decision else asked


def _doubtful(one: sa.Row) -> Doubtful:
    shown: dict[str, Any] = dict(zip(Doubtful._fields, one, strict=True))
    shown["kind"] = record.kind_name(one.kind)
    said: dict[str, Any] = {"decision": OPEN, "note": "", "who": "", "at_utc_s": 0}
    return Doubtful(**{name: shown[name] or said.get(name, shown[name]) for name in shown})
