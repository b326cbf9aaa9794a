# SPDX-License-Identifier: Apache-2.0
"""Our book's batches: opened by a sign-on, settled step by step, closed (clearing.md 8).

Beside book.py and under the same rule: a step is durable before its message leaves.
"""

from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.acquirer.book import Book, Sale
from host_tools.acquirer.tables import (
    ACKED,
    BATCHES,
    CLOSED,
    ENDING,
    LISTING,
    OPEN,
    PRESENTED,
    QUEUED,
    SENT,
    SETTLING,
)
from host_tools.ledger.schema import RECORDS

IN_BALANCE, OUT_OF_BALANCE, ERROR = "balanced", "not balanced", "error"


class Batch(NamedTuple):
    """A row of acquirer_batches, without its account."""

    batch: int
    state: str
    given: int
    sales: int
    sales_fen: int
    trace: int
    end_trace: int
    balance: str
    listed_to: int


COLUMNS = [BATCHES.c[name] for name in Batch._fields]


def current(book: Book) -> Batch | None:
    """The batch that is not closed; there is one at the most."""
    with book.ledger.engine.connect() as connection:
        return _current(book, connection)


def idle(book: Book) -> bool:
    """Whether there is nothing to say: no sale is open, and no batch waits for its settlement."""
    with book.ledger.engine.connect() as connection:
        left = sa.select(PRESENTED.c.terminal).where(
            PRESENTED.c.account == book.account, PRESENTED.c.state.in_([QUEUED, SENT])
        )
        batch = _current(book, connection)
        begun = batch is not None and (batch.state != OPEN or batch.given > 0)
        return not begun and connection.execute(left.limit(1)).first() is None


def open_next(book: Book, number: int) -> Batch:
    """Open the batch that a sign-on named, where none is at work. FormatError: it was closed."""
    with book.writing() as connection:
        found = _current(book, connection)
        if found:
            return found
        here = (BATCHES.c.account == book.account, BATCHES.c.batch == number)
        if connection.execute(sa.select(BATCHES.c.batch).where(*here)).first():
            raise FormatError(
                f"{book.account}: the acquirer gives batch {number:06d}, which is closed here:"
                " ask the acquirer"
            )
        row = dict.fromkeys(Batch._fields, 0) | {"batch": number, "state": OPEN, "balance": ""}
        times = {"opened_utc_s": book.now_utc_s(), "closed_utc_s": 0}
        connection.execute(sa.insert(BATCHES).values(account=book.account, **row, **times))
        opened = _current(book, connection)
    assert opened is not None
    return opened


def begin_settlement(book: Book) -> Batch:
    """Stop sales into the open batch and fix its totals and the trace of 0500.

    FormatError while a sale is on its way, or where our totals are not the sum of its records.
    """
    with book.writing() as connection:
        batch = _current(book, connection)
        if batch is None or batch.state != OPEN:
            raise FormatError(f"{book.account}: no batch is open")
        doubt = sa.or_(PRESENTED.c.state == SENT, PRESENTED.c.unanswered > 0)
        waiting = connection.execute(_count(book, batch).where(doubt)).scalar_one()
        if waiting:
            raise FormatError(
                f"{book.account}: {waiting} of batch {batch.batch:06d} may have arrived and nobody"
                " answered: they go first, by the same command again"
            )
        # What the acquirer did not take goes into the next batch under another number.
        free = sa.update(PRESENTED).where(*_in(book, batch), PRESENTED.c.state == QUEUED)
        connection.execute(free.values(batch=0, trace=0, attempts=0))
        count, amount_fen = _sums(book, connection, batch)
        _step(
            book, connection, batch.batch, state=SETTLING, sales=count, sales_fen=amount_fen,
            trace=book.new_trace(connection),
        )  # fmt: skip
        fixed = _current(book, connection)
    assert fixed is not None
    return fixed


def told_balance(book: Book, batch: Batch, balance: str, list_sales: bool) -> Batch:
    """What 0510 says; the sales are listed next, or the batch ends."""
    return _on(book, batch, state=LISTING if list_sales else ENDING, balance=balance)


def next_listed(book: Book, batch: Batch) -> Sale | None:
    """The next sale to list, by trace; None behind the last."""
    with book.ledger.engine.connect() as connection:
        asked = sa.select(PRESENTED).where(*_in(book, batch), PRESENTED.c.state == ACKED)
        asked = asked.where(PRESENTED.c.attempts > 0, PRESENTED.c.listed == "")
        found = connection.execute(asked.order_by(PRESENTED.c.trace).limit(1)).one_or_none()
        return book.sale_of(connection, found) if found else None


def listed(book: Book, batch: Batch, sale: Sale, code: str) -> None:
    """The acquirer answered the listing of a sale."""
    with book.writing() as connection:
        book.set_sale(connection, sale, listed=code)
        _step(book, connection, batch.batch, listed_to=sale.trace)


def begin_end(book: Book, batch: Batch) -> Batch:
    """All is listed, or nothing has to be: the end message comes, under this trace."""
    if batch.state == ENDING and batch.end_trace:
        return batch
    return _on(book, batch, state=ENDING, end_trace=book.next_trace())


def close(book: Book, batch: Batch) -> None:
    """The acquirer has closed it too."""
    _on(book, batch, state=CLOSED, closed_utc_s=book.now_utc_s())


def _on(book: Book, batch: Batch, **values: object) -> Batch:
    with book.writing() as connection:
        _step(book, connection, batch.batch, **values)
    known = {name: value for name, value in values.items() if name in Batch._fields}
    return batch._replace(**known)  # type: ignore[arg-type]


def _step(book: Book, connection: sa.Connection, batch: int, **values: object) -> None:
    book.change_batch(connection, batch, **values)


def _current(book: Book, connection: sa.Connection) -> Batch | None:
    asked = sa.select(*COLUMNS).where(BATCHES.c.account == book.account)
    found = connection.execute(asked.where(BATCHES.c.state != CLOSED)).one_or_none()
    return Batch(*found) if found else None


def _in(book: Book, batch: Batch) -> tuple[sa.ColumnElement[bool], ...]:
    return PRESENTED.c.account == book.account, PRESENTED.c.batch == batch.batch


def _count(book: Book, batch: Batch) -> sa.Select:
    return sa.select(sa.func.count()).select_from(PRESENTED).where(*_in(book, batch))


def _sums(book: Book, connection: sa.Connection, batch: Batch) -> tuple[int, int]:
    """(sales, fen) of a batch by its records, which are what is settled."""
    mine = (*_in(book, batch), PRESENTED.c.state == ACKED)
    total = sa.func.coalesce(sa.func.sum(PRESENTED.c.amount_fen), 0)
    asked = sa.select(sa.func.count(), total).where(*mine)
    count, amount_fen = connection.execute(asked).one()
    same = sa.and_(
        RECORDS.c.terminal == PRESENTED.c.terminal,
        RECORDS.c.sequence == PRESENTED.c.sequence,
        RECORDS.c.business_day == PRESENTED.c.business_day,
    )
    in_records = sa.func.coalesce(sa.func.sum(RECORDS.c.amount_fen), 0)
    asked = sa.select(sa.func.count(), in_records).select_from(sa.join(PRESENTED, RECORDS, same))
    found = connection.execute(asked.where(*mine)).one()
    if (count, int(amount_fen)) != (found[0], int(found[1])):
        raise FormatError(
            f"{book.account}: batch {batch.batch:06d} has {count} sales of {amount_fen} fen, their"
            f" records say {found[0]} of {found[1]}: nothing is settled"
        )
    return count, int(amount_fen)
