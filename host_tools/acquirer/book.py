# SPDX-License-Identifier: Apache-2.0
"""Our book at the acquirer: one account, its keys, its sales on their way, each step durable.

Every method is one transaction, committed when it returns; what it gives out is to be sent then.
A sale that may have arrived keeps batch and trace until somebody says what became of it, and a
batch is not settled while there is one: unknown is never accepted and never refused.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.acquirer import keys
from host_tools.acquirer.profile import Merchant, Profile
from host_tools.acquirer.tables import (
    ACCOUNTS,
    ACKED,
    BATCHES,
    OPEN,
    PRESENTED,
    QUEUED,
    REFUSED,
    SENT,
)
from host_tools.ledger import engine
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import RECORDS

TRACES = 999_999
DAY_S = 86400


class Sale(NamedTuple):
    """A sale that goes out; `raw` is its record, WITH THE WHOLE CARD NUMBER."""

    terminal: int
    sequence: int
    batch: int
    trace: int
    amount_fen: int
    attempts: int
    raw: bytes


FULL = Sale(0, 0, 0, 0, 0, 0, b"")  # the batch takes no more: settle it first


class Book:
    """One account. FormatError where the profile gives its name to another terminal number."""

    def __init__(self, ledger: Ledger, profile: Profile, merchant: Merchant):
        self.ledger = ledger
        self.profile = profile
        self.merchant = merchant
        self.account = merchant.name
        with self.writing() as connection:
            if self._row(connection) is None:
                connection.execute(sa.insert(ACCOUNTS).values(self._blank()))
            found = self._row(connection)
        assert found is not None
        if (found.merchant, found.terminal) != (merchant.merchant, merchant.terminal):
            raise FormatError(
                f"merchant {merchant.name} had terminal {found.terminal} before: give a new"
                " terminal number a name of its own"
            )

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction in which nobody else works on this account."""
        with engine.writing(self.ledger.engine) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                here = ACCOUNTS.c.account == self.account
                connection.execute(sa.select(ACCOUNTS.c.account).where(here).with_for_update())
            yield connection

    def now_utc_s(self) -> int:
        """The moment, by the ledger's clock."""
        return int(self.ledger.time_utc_s())

    # --- keys and numbers ---

    def keep_master(self, key: keys.Key) -> None:
        """Put in the terminal master key; working keys under another one are forgotten."""
        sealed = self.ledger.vault.seal_as(self._place("master"), key.value)
        with self.writing() as connection:
            self._change(connection, master_sealed=sealed, mac_key_sealed=b"")

    def master(self) -> keys.Key | None:
        """The terminal master key, None where none was put in."""
        return self._opened("master_sealed", "master")

    def mac_key(self) -> keys.Key | None:
        """The key of the last sign-on."""
        return self._opened("mac_key_sealed", "mac key")

    def signed_on(self, mac_key: keys.Key, batch: int) -> None:
        """Keep what a sign-on brought: the key, and the number of the batch."""
        sealed = self.ledger.vault.seal_as(self._place("mac key"), mac_key.value)
        with self.writing() as connection:
            self._change(
                connection,
                mac_key_sealed=sealed,
                batch=batch,
                signed_on_utc_s=self.now_utc_s(),
            )

    def next_trace(self) -> int:
        """A trace number that this batch has not had."""
        with self.writing() as connection:
            return self.new_trace(connection)

    # --- sales ---

    def next_sale(self) -> Sale | None:
        """The next one to send: as sent, counted, with its batch and trace.

        None where nothing is due, FULL where the open batch has to be settled first. Those that
        may have arrived come first, with the numbers they had.
        """
        with self.writing() as connection:
            batch = self._open_batch(connection)
            found = self._due(connection, PRESENTED.c.state == SENT, PRESENTED.c.trace)
            found = found or self._due(connection, PRESENTED.c.state == QUEUED)
            if found is None:
                return None
            trace = found.trace
            if found.batch != batch.batch:
                if batch.given >= self.profile.rules.batch_sales:
                    return self._in_doubt(connection, batch)
                trace = self.new_trace(connection)
                self.change_batch(connection, batch.batch, given=batch.given + 1)
                found = found._replace(batch=batch.batch, trace=trace, attempts=0)
            return self._go_out(connection, found)

    def again(self, sale: Sale) -> Sale:
        """The same sale, to be sent once more."""
        with self.writing() as connection:
            self.set_sale(connection, sale, **_once_more())
        return sale._replace(attempts=sale.attempts + 1)

    def accepted(self, sale: Sale, code: str, reference: str, before: bool = False) -> None:
        """It is in the acquirer's book; `before`: it was there before this batch, not in it."""
        values = {"batch": 0, "note": "in the acquirer's book before"} if before else {}
        with self.writing() as connection:
            self._resolve(connection, sale, ACKED, code, reference=reference, **values)

    def refused(self, sale: Sale, code: str, reference: str = "", note: str = "") -> None:
        """It is not in the acquirer's book and is not sent again."""
        with self.writing() as connection:
            self._resolve(connection, sale, REFUSED, code, reference=reference, note=note)

    def put_off(self, sale: Sale, code: str, wait_s: float) -> None:
        """The acquirer did not take it this time."""
        due = self.now_utc_s() + math.ceil(wait_s)
        fewer = PRESENTED.c.unanswered - 1
        with self.writing() as connection:
            self.set_sale(
                connection, sale, state=QUEUED, answer=code, due_utc_s=due, unanswered=fewer
            )

    def due_in_s(self) -> int | None:
        """Seconds to the first sale that is put off; None where none waits.

        Where the batch is full that is the first one it still waits for.
        """
        first = sa.select(sa.func.min(PRESENTED.c.due_utc_s)).where(
            PRESENTED.c.account == self.account, PRESENTED.c.state.in_([QUEUED, SENT])
        )
        with self.ledger.engine.connect() as connection:
            batch = self._open_batch(connection)
            if batch.given >= self.profile.rules.batch_sales:
                first = first.where(PRESENTED.c.batch == batch.batch, PRESENTED.c.unanswered > 0)
            due = connection.execute(first.where(*self._in_time())).scalar()
        return None if due is None else max(1, due - self.now_utc_s())

    # --- inside ---

    def _row(self, connection: sa.Connection) -> sa.Row | None:
        return connection.execute(
            sa.select(ACCOUNTS).where(ACCOUNTS.c.account == self.account)
        ).one_or_none()

    def _blank(self) -> dict:
        return {
            "account": self.account, "merchant": self.merchant.merchant,
            "terminal": self.merchant.terminal, "trace": 0, "batch": 0, "master_sealed": b"",
            "mac_key_sealed": b"", "signed_on_utc_s": 0,
        }  # fmt: skip

    def _place(self, what: str) -> str:
        return f"acquirer {self.account} {what}"

    def _opened(self, column: str, what: str) -> keys.Key | None:
        with self.ledger.engine.connect() as connection:
            row = self._row(connection)
        assert row is not None
        value = self.ledger.vault.open_as(self._place(what), bytes(row._mapping[column]))
        return keys.Key(value, self.profile.rules.key_cipher == "sm4") if value else None

    def _change(self, connection: sa.Connection, **values: object) -> None:
        mine = sa.update(ACCOUNTS).where(ACCOUNTS.c.account == self.account)
        connection.execute(mine.values(**values))

    def change_batch(self, connection: sa.Connection, batch: int, **values: object) -> None:
        mine = sa.update(BATCHES).where(
            BATCHES.c.account == self.account, BATCHES.c.batch == batch
        )
        connection.execute(mine.values(**values))

    def new_trace(self, connection: sa.Connection) -> int:
        row = self._row(connection)
        assert row is not None
        trace = row.trace % TRACES + 1
        self._change(connection, trace=trace)
        return trace

    def _open_batch(self, connection: sa.Connection) -> sa.Row:
        """The batch that sales go into. FormatError where there is none."""
        asked = sa.select(BATCHES).where(
            BATCHES.c.account == self.account, BATCHES.c.state == OPEN
        )
        found = connection.execute(asked).one_or_none()
        if found is None:
            raise FormatError(f"{self.account}: no batch is open; sign on or settle first")
        return found

    def _in_time(self) -> list[sa.ColumnElement[bool]]:
        rules = self.profile.rules
        if rules.after_deadline == "send":
            return []
        first = self.now_utc_s() - rules.presentation_days * DAY_S
        return [sa.or_(PRESENTED.c.attempts > 0, PRESENTED.c.time_utc_s >= first)]

    def _due(
        self, connection: sa.Connection, which: sa.ColumnElement[bool], *order: sa.Column
    ) -> Sale | None:
        by = order or (PRESENTED.c.time_utc_s, PRESENTED.c.terminal, PRESENTED.c.sequence)
        asked = sa.select(PRESENTED).where(PRESENTED.c.account == self.account, which)
        asked = asked.where(PRESENTED.c.due_utc_s <= self.now_utc_s(), *self._in_time())
        found = connection.execute(asked.order_by(*by).limit(1)).one_or_none()
        return self.sale_of(connection, found) if found else None

    def _in_doubt(self, connection: sa.Connection, batch: sa.Row) -> Sale | None:
        """What a full batch still waits for: a sale, None where it is not due, FULL: nothing."""
        mine = (PRESENTED.c.batch == batch.batch) & (PRESENTED.c.unanswered > 0)
        doubtful = sa.select(PRESENTED.c.trace).where(PRESENTED.c.account == self.account, mine)
        if not connection.execute(doubtful.limit(1)).first():
            return FULL
        found = self._due(connection, mine)
        return self._go_out(connection, found) if found else None

    def _go_out(self, connection: sa.Connection, sale: Sale) -> Sale:
        values = _once_more() if sale.attempts else {"attempts": 1, "unanswered": 1}
        self.set_sale(connection, sale, state=SENT, batch=sale.batch, trace=sale.trace, **values)
        return sale._replace(attempts=sale.attempts + 1)

    def sale_of(self, connection: sa.Connection, found: sa.Row) -> Sale:
        """The sale of a row of PRESENTED, its record opened."""
        asked = sa.select(RECORDS.c.sealed).where(
            RECORDS.c.terminal == found.terminal,
            RECORDS.c.sequence == found.sequence,
            RECORDS.c.business_day == found.business_day,
        )
        sealed = connection.execute(asked).scalar()
        if sealed is None:
            raise FormatError(
                f"terminal {found.terminal} number {found.sequence} is presented and its record is"
                " not in the ledger: attach the partition of its day again"
            )
        raw = self.ledger.vault.open(found.terminal, found.sequence, bytes(sealed))
        return Sale(
            found.terminal, found.sequence, found.batch, found.trace, found.amount_fen,
            found.attempts, raw,
        )  # fmt: skip

    def _resolve(
        self, connection: sa.Connection, sale: Sale, state: str, code: str, **values: object
    ) -> None:
        now = self.now_utc_s()
        self.set_sale(
            connection, sale, state=state, answer=code, unanswered=0, answered_utc_s=now, **values
        )

    def set_sale(self, connection: sa.Connection, sale: Sale, **values: object) -> None:
        mine = sa.update(PRESENTED).where(
            PRESENTED.c.terminal == sale.terminal, PRESENTED.c.sequence == sale.sequence
        )
        if not connection.execute(mine.values(**values)).rowcount:
            raise FormatError(f"terminal {sale.terminal} number {sale.sequence} is not presented")


def _once_more() -> dict:
    return {"attempts": PRESENTED.c.attempts + 1, "unanswered": PRESENTED.c.unanswered + 1}
