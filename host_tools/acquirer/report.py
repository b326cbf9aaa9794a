# SPDX-License-Identifier: Apache-2.0
"""What became of what was presented: totals, sales, batches. Card numbers masked (CL-016)."""

from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.acquirer import answers
from host_tools.acquirer.book import DAY_S, Book, Sale
from host_tools.acquirer.profile import Profile
from host_tools.acquirer.tables import (
    ACCOUNTS,
    ACKED,
    BATCHES,
    PRESENTED,
    QUEUED,
    REFUSED,
    SENT,
)
from host_tools.ledger import days, settlement
from host_tools.ledger.claims import UNSETTLED
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.questions import Row
from host_tools.ledger.schema import COUNTS, RECORDS

STATES = {"accepted": (ACKED,), "refused": (REFUSED,), "open": (QUEUED, SENT)}
WORDS = {ACKED: "accepted", REFUSED: "refused", QUEUED: "to be sent", SENT: "not answered yet"}


class Total(NamedTuple):
    """A day of an account, by what became of its sales."""

    day: str
    account: str
    accepted: int
    accepted_fen: int
    refused: int
    refused_fen: int
    open: int
    open_fen: int


def totals(ledger: Ledger, day: int | None = None) -> list[Total]:
    """By day and account; of one day only, where it is given."""
    sums = []
    for states in STATES.values():
        here = PRESENTED.c.state.in_(states)
        sums.append(sa.func.sum(sa.case((here, 1), else_=0)))
        sums.append(sa.func.sum(sa.case((here, PRESENTED.c.amount_fen), else_=0)))
    groups = (PRESENTED.c.settled_on, PRESENTED.c.account)
    asked = sa.select(*groups, *sums).group_by(*groups).order_by(*groups)
    if day is not None:
        asked = asked.where(PRESENTED.c.settled_on == day)
    with ledger.engine.connect() as connection:
        found = connection.execute(asked).all()
    return [Total(days.shown(one[0]), one[1], *map(int, one[2:])) for one in found]


def sales(ledger: Ledger, day: int, what: str) -> list[dict]:
    """The sales of a day that are "accepted", "refused" or "open", as dicts for people."""
    same = sa.and_(
        RECORDS.c.terminal == PRESENTED.c.terminal,
        RECORDS.c.sequence == PRESENTED.c.sequence,
        RECORDS.c.business_day == PRESENTED.c.business_day,
    )
    asked = sa.select(PRESENTED, RECORDS.c.card_shown, RECORDS.c.day, RECORDS.c.time)
    asked = asked.select_from(sa.join(PRESENTED, RECORDS, same)).where(
        PRESENTED.c.settled_on == day, PRESENTED.c.state.in_(STATES[what])
    )
    with ledger.engine.connect() as connection:
        order = (PRESENTED.c.account, PRESENTED.c.terminal, PRESENTED.c.sequence)
        return [_told(one) for one in connection.execute(asked.order_by(*order))]


def _told(one: sa.Row) -> dict:
    why = one.note or (answers.words(one.answer) if one.answer else "")
    return {
        "account": one.account, "terminal": one.terminal, "number": one.sequence,
        "date": one.day, "time": one.time, "card": one.card_shown,
        "amount_fen": one.amount_fen, "state": WORDS[one.state], "batch": one.batch,
        "trace": one.trace, "sent": one.attempts, "answer": one.answer, "why": why,
        "reference": one.reference,
    }  # fmt: skip


def overdue(ledger: Ledger, profile: Profile) -> int:
    """How many open sales are older than the deadline for presentation."""
    first = int(ledger.time_utc_s()) - profile.rules.presentation_days * DAY_S
    asked = sa.select(sa.func.count()).where(
        PRESENTED.c.state.in_(STATES["open"]), PRESENTED.c.time_utc_s < first
    )
    with ledger.engine.connect() as connection:
        return connection.execute(asked).scalar_one()


def torn(ledger: Ledger, day: int) -> list[Row]:
    """Torn and refused debits of a day: no sales, for a dispute file (CL-010)."""
    rows = settlement.settled_on(day)
    here = sa.select(rows).where(rows.c.kind.in_(UNSETTLED), rows.c.mark == COUNTS)
    return ledger.select_rows(here.order_by(rows.c.terminal, rows.c.sequence))


def batches(ledger: Ledger) -> list[dict]:
    """Batches by account and number: sums, and how far the settlement has come."""
    asked = sa.select(BATCHES).order_by(BATCHES.c.account, BATCHES.c.batch)
    with ledger.engine.connect() as connection:
        return [
            {"account": one.account, "batch": one.batch, "state": one.state,
             "given": one.given, "sales": one.sales, "sales_fen": one.sales_fen,
             "balance": one.balance}
            for one in connection.execute(asked)
        ]  # fmt: skip


def accounts(ledger: Ledger) -> list[dict]:
    """Accounts and whether they can work; keys are not shown."""
    asked = sa.select(ACCOUNTS).order_by(ACCOUNTS.c.account)
    with ledger.engine.connect() as connection:
        return [
            {"account": one.account, "merchant": one.merchant, "terminal": one.terminal,
             "batch": one.batch, "master_key": bool(one.master_sealed),
             "signed_on": bool(one.mac_key_sealed)}
            for one in connection.execute(asked)
        ]  # fmt: skip


def resolve(book: Book, terminal: int, sequence: int, word: str, note: str) -> None:
    """A person's word on a sale that is open: "accepted", "refused", or "again".

    accepted: the acquirer has it by what it says elsewhere; it counts in no batch of ours. again:
    it is sent under new numbers. FormatError for a sale that is not open.
    """
    with book.writing() as connection:
        asked = sa.select(PRESENTED).where(
            PRESENTED.c.terminal == terminal,
            PRESENTED.c.sequence == sequence,
            PRESENTED.c.account == book.account,
            PRESENTED.c.state.in_(STATES["open"]),
        )
        found = connection.execute(asked).one_or_none()
        if found is None:
            raise FormatError(
                f"terminal {terminal} number {sequence} is not open in {book.account}"
            )
        state = {"accepted": ACKED, "refused": REFUSED, "again": QUEUED}[word]
        sale = Sale(terminal, sequence, 0, 0, found.amount_fen, 0, b"")
        book.set_sale(
            connection, sale, state=state, batch=0, trace=0, attempts=0, unanswered=0, due_utc_s=0,
            note=f"by hand: {note}", answered_utc_s=book.now_utc_s(),
        )  # fmt: skip


def again(book: Book, day: int, code: str, note: str) -> int:
    """Queue anew the sales of a day that were refused with this code; how many there are.

    For a fault that is mended: the acquirer has none of them, it said so.
    """
    with book.writing() as connection:
        mine = sa.update(PRESENTED).where(
            PRESENTED.c.account == book.account,
            PRESENTED.c.settled_on == day,
            PRESENTED.c.state == REFUSED,
            PRESENTED.c.answer == code,
        )
        fresh = dict.fromkeys(("batch", "trace", "attempts", "unanswered", "due_utc_s"), 0)
        changed = mine.values(state=QUEUED, answer="", note=f"again by hand: {note}", **fresh)
        return connection.execute(changed).rowcount
