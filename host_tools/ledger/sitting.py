# SPDX-License-Identifier: Apache-2.0
"""Sitting: one transaction of the collector, on either engine; committed, it is on disk (CL-007).

A sitting holds the rows of its terminals, so that two workers, or two machines, never take
batches of one terminal at the same time, and it holds the books open: a day is not cut in
between. What an engine does its own way stands in sqlite.py and postgres.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.ledger import days
from host_tools.ledger.entry import Entry
from host_tools.ledger.schema import (
    BOOKS,
    CONFLICT,
    COUNTS,
    DUPLICATE,
    LOST,
    NUMBERS,
    QUARANTINE,
    RECORDS,
    REFUSALS,
    SALES,
    TERMINALS,
    UPLOAD_KEYS,
)
from host_tools.ledger.stamps import STAMPS
from host_tools.ledger.vault import DIGEST_BYTES, Vault

SERVED, STOPPED = "served", "stopped"
VALID, RETIRED = "valid", "retired"  # keys
QUARANTINE_MOST = 64  # batches kept of one terminal; what comes then is counted
EXCEEDED = "quarantine full"
TERMINAL_MOST = 0xFFFFFFFF


class Standing(NamedTuple):
    """What is known of a terminal; `signs`: whether it has a valid key."""

    state: str
    last_sequence: int
    session: bytes
    boot: bytes
    boot_before: bytes
    signs: bool

    @classmethod
    def of(cls, row: Sequence) -> "Standing":
        """Of columns in the order above, some of them empty."""
        state, last, session, boot, before, signs = row
        tokens = [bytes(one or b"") for one in (session, boot, before)]
        return cls(state, last, tokens[0], tokens[1], tokens[2], bool(signs))


@contextmanager
def told_as_sqlalchemy(connection: sa.Connection, kind: type[Exception]) -> Iterator[None]:
    """What a driver raises below SQLAlchemy, as SQLAlchemy tells it."""
    try:
        yield
    except kind as wrong:
        raise sa.exc.DBAPIError.instance(
            None, None, wrong, kind, dialect=connection.dialect
        ) from wrong


class Sitting(ABC):
    """The part that both engines share.

    `closed_through`: the last day that was cut, None as long as nobody has asked.
    """

    def __init__(self, connection: sa.Connection, vault: Vault, now_utc_s: int):
        self.connection = connection
        self.vault = vault
        self.now_utc_s = now_utc_s
        self.closed_through: int | None = None

    def open_books(self) -> None:
        """Read how far the days are cut; none is cut before this sitting ends."""
        asked = sa.select(BOOKS.c.closed_through, BOOKS.c.key_check, BOOKS.c.key_before)
        self._opened(self.connection.execute(asked).one())

    def standings(self, terminals: Iterable[int]) -> dict[int, Standing]:
        """Of those that are registered; their rows are held to the end of the sitting."""
        signs = sa.exists().where(
            UPLOAD_KEYS.c.terminal == TERMINALS.c.terminal, UPLOAD_KEYS.c.state == VALID
        )
        here = TERMINALS.c
        asked = (
            sa.select(
                here.terminal, here.state, here.last_sequence,
                here.session, here.boot, here.boot_before, signs,
            )
            .where(here.terminal.in_(sorted(terminals)))
            .order_by(here.terminal)
            .with_for_update()
        )  # fmt: skip
        return {row[0]: Standing.of(row[1:]) for row in self.connection.execute(asked)}

    def change(self, terminal: int, **values: object) -> None:
        """Columns of a terminal's row."""
        row = sa.update(TERMINALS).where(TERMINALS.c.terminal == terminal)
        self.connection.execute(row.values(**values))

    def key_used(self, terminal: int, key_id: str) -> None:
        """A terminal has shown that it has this key."""
        here = (UPLOAD_KEYS.c.terminal == terminal, UPLOAD_KEYS.c.key_id == key_id)
        change = sa.update(UPLOAD_KEYS).where(*here).values(used_utc_s=self.now_utc_s)
        self.connection.execute(change)

    def enrol(self, terminals: Iterable[int]) -> None:
        """Enter terminals that nobody has entered; those that are there stay as they are."""
        rows = [
            {
                "terminal": terminal, "state": SERVED, "operator": "", "key_id": "",
                "last_sequence": 0, "first_seen_utc_s": self.now_utc_s,
                "last_seen_utc_s": self.now_utc_s,
            }
            for terminal in sorted(terminals)
        ]  # fmt: skip
        if rows:
            self.connection.execute(self.insert(TERMINALS).on_conflict_do_nothing(), rows)

    def digests(self, terminal: int, first: int, last: int) -> dict[int, bytes]:
        """{sequence: digest} of the numbers that are taken; b"" for a lost record."""
        asked = sa.select(NUMBERS.c.sequence, NUMBERS.c.digest).where(
            NUMBERS.c.terminal == terminal, NUMBERS.c.sequence.between(first, last)
        )
        return {row[0]: bytes(row[1]) for row in self.connection.execute(asked)}

    def found_again(self, terminal: int, sequence: int) -> None:
        """A record that was stated lost is coming after all: make room for it (CL-008)."""
        for table in (RECORDS, NUMBERS):
            here = (table.c.terminal == terminal, table.c.sequence == sequence)
            lost = RECORDS.c.mark == LOST if table is RECORDS else sa.true()
            self.connection.execute(sa.delete(table).where(*here, lost))

    def store(self, entries: list[Entry]) -> None:
        """Write new records; IntegrityError where a number is taken.

        What is dated on a day that is cut goes to the next one and is seen as late. What repeats a
        sale gets its mark (QT-263).
        """
        if not entries:
            return
        if self.closed_through is None:
            self.open_books()
        if self.closed_through:
            open_day = days.shifted(self.closed_through, 1)
            entries = [
                one if one.settled_on >= open_day else one._replace(settled_on=open_day)
                for one in entries
            ]
        sales = [
            (one.sale, one.terminal, one.sequence, one.amount_fen, one.time_utc_s)
            for one in entries
            if one.sale and one.mark == COUNTS
        ]
        sales.sort(key=lambda one: one[0])  # one order for all workers; the first of two is kept
        if self.enter(entries, sales) < len(sales):
            entries = self._beside(entries)
        self.write(entries)
        self._stamp([one for one in entries if one.memory and one.mark == COUNTS])

    def _stamp(self, entries: list[Entry]) -> None:
        """What was done to the memory of cards, in the same transaction."""
        rows = [
            {
                "terminal": one.terminal, "sequence": one.sequence,
                "business_day": one.business_day, "kind": one.kind, "device": one.device,
                "card_shown": one.card_shown, "time_utc_s": one.time_utc_s,
                "amount_fen": one.amount_fen, "side": one.memory.side, "line": one.memory.line,
                "place": one.memory.place, "frozen_fen": one.memory.frozen_fen,
                "closes_terminal": one.memory.closes[0], "closes_sequence": one.memory.closes[1],
                "passes": one.memory.passes, "offset_fen": one.memory.offset_fen,
                "owed_fen": one.memory.owed_fen,
            }
            for one in entries
            if one.memory
        ]  # fmt: skip
        if rows:
            self.connection.execute(sa.insert(STAMPS), rows)

    def _opened(self, books: Sequence) -> None:
        """Take closed_through, key_check, key_before. FormatError while the key is changed, and
        for a program that has not heard that it was.
        """
        if books[2] is not None or bytes(books[1]) != self.vault.check:
            raise FormatError(
                "the key of the ledger is changed: nothing is written under this one"
            )
        self.closed_through = books[0]

    @abstractmethod
    def enter(self, entries: list[Entry], sales: list[tuple]) -> int:
        """Engine: take the numbers, move the terminals on, write the rows of `sales` whose key is
        free; how many of them.
        """

    @abstractmethod
    def write(self, entries: list[Entry]) -> None:
        """Engine: the rows of records."""

    def _beside(self, entries: list[Entry]) -> list[Entry]:
        """Entries, those that repeat a sale with their mark."""
        wanted = {one.sale for one in entries if one.sale and one.mark == COUNTS}
        asked = sa.select(SALES).where(SALES.c.sale.in_(wanted))
        first = {bytes(row[0]): tuple(row[1:]) for row in self.connection.execute(asked)}
        marked = []
        for one in entries:
            there = first.get(one.sale) if one.sale and one.mark == COUNTS else None
            if there and there[:2] != (one.terminal, one.sequence):
                same = there[2:] == (one.amount_fen, one.time_utc_s)
                one = one._replace(mark=DUPLICATE if same else CONFLICT)
            marked.append(one)
        return marked

    @abstractmethod
    def insert(self, table: sa.Table):
        """Engine: an insert() that knows ON CONFLICT."""

    def lost(self, terminal: int, most: int) -> list[int]:
        """Numbers of records that were stated lost and never came, the last of them."""
        asked = sa.select(RECORDS.c.sequence).where(
            RECORDS.c.mark == LOST, RECORDS.c.terminal == terminal
        )
        asked = asked.order_by(RECORDS.c.sequence.desc()).limit(most)
        return sorted(row[0] for row in self.connection.execute(asked))

    def refuse(self, terminal: int, reason: str, times: int = 1) -> None:
        """Count refusals."""
        row = {
            "terminal": terminal, "reason": reason, "times": times, "last_utc_s": self.now_utc_s,
        }  # fmt: skip
        again = self.insert(REFUSALS).values(row)
        self.connection.execute(
            again.on_conflict_do_update(
                index_elements=["terminal", "reason"],
                set_={"times": REFUSALS.c.times + times, "last_utc_s": self.now_utc_s},
            )
        )

    def keep_aside(self, terminal: int, reason: str, frame: bytes) -> None:
        """Quarantine a batch: once however often it comes, QUARANTINE_MOST of a terminal."""
        if self.closed_through is None:
            self.open_books()
        sealed = self.vault.seal(terminal, 0, frame)  # 0 is no number of a record
        digest = sealed[:DIGEST_BYTES]
        here = (QUARANTINE.c.terminal == terminal, QUARANTINE.c.digest == digest)
        again = sa.update(QUARANTINE).where(*here)
        again = again.values(times=QUARANTINE.c.times + 1, last_utc_s=self.now_utc_s)
        if self.connection.execute(again).rowcount:
            return
        kept = sa.select(sa.func.count()).where(QUARANTINE.c.terminal == terminal)
        if self.connection.execute(kept).scalar_one() >= QUARANTINE_MOST:
            self.refuse(terminal, EXCEEDED)
            return
        row = {
            "terminal": terminal, "digest": digest, "reason": reason, "times": 1,
            "first_utc_s": self.now_utc_s, "last_utc_s": self.now_utc_s, "sealed": sealed,
        }  # fmt: skip
        self.connection.execute(self.insert(QUARANTINE).values(row).on_conflict_do_nothing())
