# SPDX-License-Identifier: Apache-2.0
"""A sitting in PostgreSQL: few round trips, records by COPY, sales by INSERT .. ON CONFLICT.

What has no need of the answer before it travels in one pipeline. Two workers that bring the same
sale at the same moment wait for each other at the key of `sales`; they take those keys in one
order, so none waits for ever. A number cannot be taken twice, because a sitting holds the rows of
its terminals and has compared what is there: records and numbers need no ON CONFLICT, and records
go by COPY straight into their partitions. A sitting shares a lock that only cutting a day takes
for itself.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert

from host_tools.ledger.entry import Entry
from host_tools.ledger.schema import RECORDS
from host_tools.ledger.sitting import VALID, Sitting, Standing, told_as_sqlalchemy

DAY_LOCK = 0x66617266  # advisory: shared by sittings, taken alone by whoever cuts a day
PARTITION_LOCK = 0x66617267
COLUMNS = ", ".join(column.name for column in RECORDS.c)
POSTGRES = postgresql.dialect()
TYPES = [column.type.compile(POSTGRES).lower() for column in RECORDS.c]
COPY = f"COPY records ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
SHARE = f"SELECT pg_advisory_xact_lock_shared({DAY_LOCK})"
BOOKS = "SELECT closed_through, key_check, key_before FROM books"
STANDINGS = f"""SELECT terminal, state, last_sequence, session, boot, boot_before,
 EXISTS (SELECT FROM upload_keys k WHERE k.terminal = t.terminal AND k.state = '{VALID}')
 FROM terminals t WHERE terminal = ANY(%b::bigint[]) ORDER BY terminal FOR UPDATE"""
INTO_SALES = """INSERT INTO sales SELECT * FROM
 unnest(%b::bytea[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[])
 ON CONFLICT DO NOTHING"""
INTO_NUMBERS = """INSERT INTO numbers SELECT * FROM
 unnest(%b::bigint[], %b::bigint[], %b::integer[], %b::bytea[])"""
MOVE_ON = """UPDATE terminals t SET last_sequence = greatest(t.last_sequence, s.far),
 last_seen_utc_s = %b FROM unnest(%b::bigint[], %b::bigint[]) s(terminal, far)
 WHERE t.terminal = s.terminal"""


class PostgresSitting(Sitting):
    """Its rows are locked one by one, in the order of terminals."""

    def open_books(self) -> None:
        with self._driver() as driver:
            with driver.pipeline():
                driver.execute(SHARE)
                books = driver.execute(BOOKS)
            self._opened(_only(books))

    def standings(self, terminals: Iterable[int]) -> dict[int, Standing]:
        with self._driver() as driver:
            with driver.pipeline():
                driver.execute(SHARE)
                books = driver.execute(BOOKS)
                found = driver.execute(STANDINGS, [sorted(terminals)], prepare=True)
            self._opened(_only(books))
            return {row[0]: Standing.of(row[1:]) for row in found}

    def insert(self, table: sa.Table):
        return insert(table)

    def enter(self, entries: list[Entry], sales: list[tuple]) -> int:
        far: dict[int, int] = {}
        for one in entries:
            far[one.terminal] = max(far.get(one.terminal, 0), one.sequence)
        numbers = [(one.terminal, one.sequence, one.business_day, one.digest) for one in entries]
        with self._driver() as driver:
            with driver.pipeline():
                driver.execute(INTO_NUMBERS, _turned(numbers), prepare=True)
                driver.execute(
                    MOVE_ON, [self.now_utc_s, *_turned(list(far.items()))], prepare=True
                )
                written = (
                    driver.execute(INTO_SALES, _turned(sales), prepare=True) if sales else None
                )
            return written.rowcount if written else 0

    def write(self, entries: list[Entry]) -> None:
        with self._driver() as driver, driver.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.set_types(TYPES)
            for one in entries:
                copy.write_row(one.row)

    @contextmanager
    def _driver(self) -> Iterator[psycopg.Connection]:
        """The connection below SQLAlchemy's; what fails there is told as SQLAlchemy would."""
        driver = self.connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with told_as_sqlalchemy(self.connection, psycopg.Error):
            yield driver


def _only(found: psycopg.Cursor) -> tuple:
    """The one row of a selection."""
    row = found.fetchone()
    assert row is not None
    return row


def _turned(rows: list[tuple]) -> list[list]:
    """Columns of rows, as unnest() takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def make_partitions(engine: sa.Engine, wanted: set[int]) -> None:
    """A partition for each of these business days; those that are there stay."""
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(PARTITION_LOCK)))
        for day in sorted(wanted):
            connection.exec_driver_sql(
                f"CREATE TABLE IF NOT EXISTS records_{day:d} PARTITION OF records"
                f" FOR VALUES IN ({day:d})"
            )


def partitions(connection: sa.Connection) -> set[int]:
    """Business days that have a partition."""
    asked = sa.text(
        "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid"
        " WHERE inhparent = 'records'::regclass"
    )
    return {int(row[0].rpartition("_")[2]) for row in connection.execute(asked)}
