# SPDX-License-Identifier: Apache-2.0
"""A sitting in SQLite: one writer at a time, many rows a statement.

The driver gives the interpreter's lock away at each step of a statement. With a step a row, as
executemany does it, another thread that reads records would be let in at every row, and the
writer would wait 5 ms each time to go on; so rows go in statements of up to ROWS_MOST.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from host_tools.ledger.entry import Entry
from host_tools.ledger.schema import NUMBERS, RECORDS, SALES
from host_tools.ledger.sitting import Sitting, told_as_sqlalchemy

ROWS_MOST = 64  # of a statement; below it powers of two, so that few statements are prepared
INTO_SALES = ("INSERT OR IGNORE INTO sales VALUES ", len(SALES.c))
INTO_NUMBERS = ("INSERT INTO numbers VALUES ", len(NUMBERS.c))
INTO_RECORDS = ("INSERT INTO records VALUES ", len(RECORDS.c))
MOVE_ON = """UPDATE terminals SET last_sequence = max(last_sequence, ?), last_seen_utc_s = ?
 WHERE terminal = ?"""


class SqliteSitting(Sitting):
    """BEGIN IMMEDIATE has taken the one place for writers: nothing more is to be locked."""

    def insert(self, table: sa.Table):
        return insert(table)

    def enter(self, entries: list[Entry], sales: list[tuple]) -> int:
        far: dict[int, int] = {}
        for one in entries:
            far[one.terminal] = max(far.get(one.terminal, 0), one.sequence)
        numbers = [(one.terminal, one.sequence, one.business_day, one.digest) for one in entries]
        moved = [(sequence, self.now_utc_s, terminal) for terminal, sequence in far.items()]
        with self._driver() as driver:
            _insert(driver, *INTO_NUMBERS, numbers)
            driver.executemany(MOVE_ON, moved)
            return _insert(driver, *INTO_SALES, sales)

    def write(self, entries: list[Entry]) -> None:
        with self._driver() as driver:
            _insert(driver, *INTO_RECORDS, [one.row for one in entries])

    @contextmanager
    def _driver(self) -> Iterator[sqlite3.Connection]:
        """The connection below SQLAlchemy's; what fails there is told as SQLAlchemy would."""
        driver = self.connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        with told_as_sqlalchemy(self.connection, sqlite3.Error):
            yield driver


def _insert(driver: sqlite3.Connection, into: str, columns: int, rows: list) -> int:
    """How many of the rows were written."""
    row = f"({', '.join('?' * columns)})"
    written = at = 0
    while at < len(rows):
        count = min(ROWS_MOST, 1 << (len(rows) - at).bit_length() - 1)
        some = rows[at : at + count]
        statement = into + ", ".join([row] * count)
        written += driver.execute(statement, list(chain.from_iterable(some))).rowcount
        at += count
    return written
