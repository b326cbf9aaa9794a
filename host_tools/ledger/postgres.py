# SPDX-License-Identifier: Apache-2.0
"""A sitting in PostgreSQL: COPY into a staging table, then INSERT .. ON CONFLICT from there.

Whatever a sitting has to write goes in two round trips: the rows, and the statements below, which
decide the marks on the server. Two workers that bring the same sale at the same moment wait for
each other at the key of `sales`; they take those keys in one order, so none waits for ever. A
sitting shares a lock that only cutting a day takes for itself.
"""

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert

from host_tools.ledger.entry import Entry
from host_tools.ledger.schema import CONFLICT, COUNTS, DUPLICATE, RECORDS
from host_tools.ledger.sitting import Sitting

DAY_LOCK = 0x66617266  # advisory: shared by sittings, taken alone by whoever cuts a day
PARTITION_LOCK = 0x66617267
COLUMNS = ", ".join(column.name for column in RECORDS.c)
POSTGRES = postgresql.dialect()
TYPES = [column.type.compile(POSTGRES).lower() for column in RECORDS.c] + ["integer", "bytea"]
STAGING = """CREATE TEMP TABLE IF NOT EXISTS staging (LIKE records) ON COMMIT DELETE ROWS;
ALTER TABLE staging ADD COLUMN IF NOT EXISTS place integer,
 ADD COLUMN IF NOT EXISTS digest bytea"""
STAGED = "staged"  # in `info` of a connection that has its staging table
COPY = f"COPY staging ({COLUMNS}, place, digest) FROM STDIN (FORMAT BINARY)"
MARK = f"""CASE WHEN s.mark <> '{COUNTS}' OR s.sale IS NULL THEN s.mark
 WHEN k.terminal = s.terminal AND k.sequence = s.sequence THEN '{COUNTS}'
 WHEN k.amount_fen = s.amount_fen AND k.time_utc_s = s.time_utc_s THEN '{DUPLICATE}'
 ELSE '{CONFLICT}' END"""
VALUES = ", ".join(MARK if column.name == "mark" else f"s.{column.name}" for column in RECORDS.c)
# An empty staging table has no statistics: without a word a large `sales` might be read whole.
STORE = f"""SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
INSERT INTO sales SELECT DISTINCT ON (sale) sale, terminal, sequence, amount_fen, time_utc_s
 FROM staging WHERE mark = '{COUNTS}' AND sale IS NOT NULL ORDER BY sale, place
 ON CONFLICT DO NOTHING;
INSERT INTO numbers SELECT terminal, sequence, business_day, digest FROM staging;
INSERT INTO records ({COLUMNS}) SELECT {VALUES}
 FROM staging s LEFT JOIN sales k ON k.sale = s.sale;
UPDATE terminals t SET last_sequence = greatest(t.last_sequence, s.far), last_seen_utc_s = s.seen
 FROM (SELECT terminal, max(sequence) far, max(received_utc_s) seen
 FROM staging GROUP BY terminal) s
 WHERE t.terminal = s.terminal"""


class PostgresSitting(Sitting):
    """Its rows are locked one by one, in the order of terminals.

    `staged`: whether its connection has a staging table, once it is committed.
    """

    staged = False

    def open_books(self) -> None:
        self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(DAY_LOCK)))
        super().open_books()

    def insert(self, table: sa.Table):
        return insert(table)

    def write(self, entries: list[Entry]) -> None:
        if not entries:
            return
        driver = self.connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        try:
            self._write(driver, entries)
        except psycopg.Error as wrong:  # as SQLAlchemy would have told it
            raise sa.exc.DBAPIError.instance(
                "INSERT", None, wrong, psycopg.Error, dialect=self.connection.dialect
            ) from wrong

    def _write(self, driver: psycopg.Connection, entries: list[Entry]) -> None:
        with driver.cursor() as cursor:
            if not self.connection.info.get(STAGED):
                cursor.execute(STAGING)
            with cursor.copy(COPY) as copy:
                copy.set_types(TYPES)
                for place, one in enumerate(entries):
                    copy.write_row((*one, place, one.digest))
            cursor.execute(STORE)
        self.staged = True


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
