# SPDX-License-Identifier: Apache-2.0
"""The ledger: where records rest on the host, one row a record, raw bytes kept (clearing.md 9).

Two keys. Transport: (terminal, sequence), unique, makes every upload repeatable (CL-006).
Business: PAN + PSN + ATC + TC, unique among the rows that count (QT-263); a second record with the
same key is stored too but marked, `duplicate` when amount and time agree, `conflict` when they do
not: that one goes to a person, and nothing is ever overwritten. Further marks: `lost` (a number
whose record the terminal no longer has, CL-008) and `unreadable` (bytes that no known version
explains).

What a sitting has committed is on disk (CL-007). Records rest sealed under a key; every Row shows
card numbers masked (CL-016). A ledger may be used by several threads, and a database by several
ledgers, on several machines.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.ledger import engine as engines
from host_tools.ledger import postgres
from host_tools.ledger.credentials import Credentials, credentials
from host_tools.ledger.entry import Calendar, Entry, make_entry
from host_tools.ledger.postgres import PostgresSitting
from host_tools.ledger.questions import Questions
from host_tools.ledger.schema import BOOKS
from host_tools.ledger.sitting import Sitting
from host_tools.ledger.sqlite import SqliteSitting
from host_tools.ledger.vault import BEFORE, LABORATORY, VARIABLE, TwoKeys, Vault

CUT_HOUR = 3
UTC_OFFSET_S = 8 * 3600  # China has one time and no summer time


class Ledger(Questions):
    """`url` as SQLAlchemy has it, "sqlite:///path"; the tables are made when missing.

    key: of 32 bytes; without one the key that everybody knows, for simulated cards. cut_hour and
    utc_offset_s count when the ledger is made and are kept. workers: sittings at a time.
    key_before: the old key, to ask a ledger whose key is being changed.
    FormatError if the database was made by another version or under another key; LookupError if
    nobody has made a ledger there and `make` is False.
    """

    def __init__(
        self,
        url: str,
        key: bytes = LABORATORY,
        cut_hour: int = CUT_HOUR,
        utc_offset_s: int = UTC_OFFSET_S,
        workers: int = 1,
        time_utc_s: Callable[[], float] = time.time,
        make: bool = True,
        key_before: bytes | None = None,
    ):
        vault = TwoKeys(key, key_before) if key_before else Vault(key)
        super().__init__(engines.open_engine(url, workers), vault)
        self.time_utc_s = time_utc_s
        self.calendar = self._open_books(cut_hour, utc_offset_s, make)
        self._days: set[int] = set()  # that have a partition
        self._one_at_a_time = threading.Lock()

    @contextmanager
    def sitting(self, entries: list[Entry] | None = None) -> Iterator[Sitting]:
        """One transaction, committed when the `with` block ends well.

        entries: what it is going to store, so that their days have a place.
        """
        if self.engine.dialect.name == "postgresql":
            self._have_partitions({one.business_day for one in entries or ()})
            with self.engine.connect() as connection, connection.begin():
                yield PostgresSitting(connection, self.vault, self._now_utc_s())
            return
        with (
            self._one_at_a_time,
            engines.writing(self.engine) as connection,
            connection.begin(),
        ):
            yield SqliteSitting(connection, self.vault, self._now_utc_s())

    def entry(self, terminal: int, sequence: int, raw: bytes) -> Entry:
        """The row of a record that has arrived."""
        return make_entry(self.vault, self.calendar, self._now_utc_s(), terminal, sequence, raw)

    def credentials(self, terminals: Iterable[int]) -> dict[int, Credentials]:
        """Of those that are registered. FormatError where a key was changed in its row."""
        with self.engine.connect() as connection:
            return credentials(connection, self.vault, terminals)

    def commit(self, terminal: int, items: list[tuple[int, bytes]]) -> None:
        """Store [(sequence, record bytes)] in one transaction, durable on return.

        A number that is stored as lost is replaced; any other that is there already raises
        sqlalchemy.exc.IntegrityError and nothing is stored.
        """
        entries = [self.entry(terminal, sequence, raw) for sequence, raw in items]
        if not entries:
            return
        with self.sitting(entries) as sitting:
            sitting.enrol([terminal])
            sitting.standings([terminal])
            numbers = [sequence for sequence, _ in items]
            taken = sitting.digests(terminal, min(numbers), max(numbers))
            for sequence, raw in items:
                if raw and taken.get(sequence) == b"":
                    sitting.found_again(terminal, sequence)
            sitting.store(entries)

    def close(self) -> None:
        self.engine.dispose()

    def _now_utc_s(self) -> int:
        return int(self.time_utc_s())

    def _open_books(self, cut_hour: int, utc_offset_s: int, make: bool) -> Calendar:
        row = {
            "id": 1, "key_check": self.vault.check, "cut_hour": cut_hour,
            "utc_offset_s": utc_offset_s, "closed_through": 0,
        }  # fmt: skip
        with engines.writing(self.engine) as connection, connection.begin():
            if connection.execute(sa.select(BOOKS.c.id)).first() is None:
                if not make:
                    raise LookupError("no ledger")
                sitting = (SqliteSitting, PostgresSitting)[connection.dialect.name != "sqlite"]
                new = sitting(connection, self.vault, 0).insert(BOOKS).values(row)
                connection.execute(new.on_conflict_do_nothing())
            books = connection.execute(sa.select(BOOKS)).one()
        if bytes(books.key_check) != self.vault.check:
            self.engine.dispose()
            raise FormatError(f"this ledger was made under another key: set {VARIABLE} to its own")
        if books.key_before is not None and bytes(books.key_before) != self.vault.check_before:
            self.engine.dispose()
            raise FormatError(
                f"the key of this ledger is being changed: set {BEFORE} to the old one, and end it"
                " with `faretap ledger rekey`"
            )
        return Calendar(books.cut_hour, books.utc_offset_s)

    def _have_partitions(self, wanted: set[int]) -> None:
        missing = wanted - self._days
        if not missing:
            return
        with self._one_at_a_time:
            with self.engine.connect() as connection:
                self._days = postgres.partitions(connection)
            if missing - self._days:
                postgres.make_partitions(self.engine, missing - self._days)
                self._days |= missing
