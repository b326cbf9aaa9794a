# SPDX-License-Identifier: Apache-2.0
"""Sitting: one transaction of the collector, on either engine; committed, it is on disk (CL-007).

A sitting holds the rows of its terminals, so that two workers, or two machines, never take
batches of one terminal at the same time, and it holds the books open: a day is not cut in
between. What an engine does its own way stands in sqlite.py and postgres.py.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from host_tools.ledger import days
from host_tools.ledger.entry import Entry
from host_tools.ledger.schema import BOOKS, LOST, NUMBERS, QUARANTINE, RECORDS, REFUSALS, TERMINALS
from host_tools.ledger.vault import DIGEST_BYTES, Vault

SERVED, STOPPED = "served", "stopped"
QUARANTINE_MOST = 64  # batches kept of one terminal; what comes then is counted
EXCEEDED = "quarantine full"
TERMINAL_MOST = 0xFFFFFFFF


class Standing(NamedTuple):
    """What is known of a terminal."""

    state: str
    last_sequence: int


class Sitting(ABC):
    """The part that both engines share. `closed_through`: the last day that was cut."""

    def __init__(self, connection: sa.Connection, vault: Vault, now_utc_s: int):
        self.connection = connection
        self.vault = vault
        self.now_utc_s = now_utc_s
        self.closed_through = 0

    def open_books(self) -> None:
        """Read how far the days are cut; none is cut before this sitting ends."""
        asked = sa.select(BOOKS.c.closed_through)
        self.closed_through = self.connection.execute(asked).scalar_one()

    def standings(self, terminals: Iterable[int]) -> dict[int, Standing]:
        """Of those that are registered; their rows are held to the end of the sitting."""
        asked = (
            sa.select(TERMINALS.c.terminal, TERMINALS.c.state, TERMINALS.c.last_sequence)
            .where(TERMINALS.c.terminal.in_(sorted(terminals)))
            .order_by(TERMINALS.c.terminal)
            .with_for_update()
        )
        return {row[0]: Standing(row[1], row[2]) for row in self.connection.execute(asked)}

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

        What is dated on a day that is cut goes to the next one and is seen as late.
        """
        if self.closed_through:
            open_day = days.shifted(self.closed_through, 1)
            entries = [
                one if one.settled_on >= open_day else one._replace(settled_on=open_day)
                for one in entries
            ]
        self.write(entries)

    @abstractmethod
    def write(self, entries: list[Entry]) -> None:
        """Engine: rows of numbers, sales, records, and how far each terminal has come."""

    @abstractmethod
    def insert(self, table: sa.Table):
        """Engine: an insert() that knows ON CONFLICT."""

    def refuse(self, terminal: int, reason: str) -> None:
        """Count a refusal."""
        row = {"terminal": terminal, "reason": reason, "times": 1, "last_utc_s": self.now_utc_s}
        again = self.insert(REFUSALS).values(row)
        self.connection.execute(
            again.on_conflict_do_update(
                index_elements=["terminal", "reason"],
                set_={"times": REFUSALS.c.times + 1, "last_utc_s": self.now_utc_s},
            )
        )

    def keep_aside(self, terminal: int, reason: str, frame: bytes) -> None:
        """Quarantine a batch: once however often it comes, QUARANTINE_MOST of a terminal."""
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
