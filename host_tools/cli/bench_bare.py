# SPDX-License-Identifier: Apache-2.0
"""What the collector is measured against: the shortest scripts that store the same rows durably.

Each takes a ledger whose tables are there and groups of rows, one to a commit, and returns
seconds. PostgreSQL: COPY into a staging table and INSERT .. ON CONFLICT; SQLite: executemany.
Durable as the ledger is: WAL with synchronous=FULL, synchronous_commit. What they do not: frames,
lines, who may send, gaps, numbers that are known with other bytes, days that are cut, marks of
repeated sales.
"""

import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import psycopg
import sqlalchemy as sa

from host_tools.ledger import Ledger, postgres
from host_tools.ledger.entry import Entry
from host_tools.ledger.schema import RECORDS

STAGING = """CREATE TEMP TABLE staging (LIKE records) ON COMMIT DELETE ROWS;
ALTER TABLE staging ADD COLUMN digest bytea"""
COPY = f"COPY staging ({postgres.COLUMNS}, digest) FROM STDIN (FORMAT BINARY)"
TYPES = [*postgres.TYPES, "bytea"]
INTO_SALES = "INSERT OR IGNORE INTO sales VALUES (?, ?, ?, ?, ?)"
INTO_NUMBERS = "INSERT OR IGNORE INTO numbers VALUES (?, ?, ?, ?)"
INTO_RECORDS = f"INSERT OR IGNORE INTO records VALUES ({', '.join('?' * len(RECORDS.c))})"
ONE_SQLITE = f"CREATE TABLE bare ({postgres.COLUMNS}, PRIMARY KEY (terminal, sequence))"
ONE_POSTGRES = """CREATE TABLE bare (LIKE records);
ALTER TABLE bare ADD PRIMARY KEY (terminal, sequence)"""
INTO_ONE = f"INSERT INTO bare SELECT {postgres.COLUMNS} FROM staging ON CONFLICT DO NOTHING"
INTO_SAME = f"""INSERT INTO sales SELECT sale, terminal, sequence, amount_fen, time_utc_s
 FROM staging ON CONFLICT DO NOTHING;
INSERT INTO numbers SELECT terminal, sequence, business_day, digest FROM staging
 ON CONFLICT DO NOTHING;
INSERT INTO records SELECT {postgres.COLUMNS} FROM staging ON CONFLICT DO NOTHING"""


Groups = Iterable[list[Entry]]


class Bare(NamedTuple):
    """A script; `reading`: it makes its rows of records while the clock runs."""

    script: Callable[[Ledger, Groups], float]
    reading: bool = False


def sqlite_one(ledger: Ledger, groups: Groups) -> float:
    """The records alone."""
    base = _sqlite(ledger)
    base.execute(ONE_SQLITE)
    into = INTO_RECORDS.replace("records", "bare")
    begun = time.perf_counter()
    for some in groups:
        base.execute("BEGIN IMMEDIATE")
        base.executemany(into, some)
        base.execute("COMMIT")
    return _over(base, begun)


def sqlite_same(ledger: Ledger, groups: Groups) -> float:
    """All tables of the ledger."""
    base = _sqlite(ledger)
    begun = time.perf_counter()
    for some in groups:
        base.execute("BEGIN IMMEDIATE")
        sales = [(one.sale, *one[:2], one.amount_fen, one.time_utc_s) for one in some]
        numbers = [(*one[:3], one.digest) for one in some]
        base.executemany(INTO_SALES, sales)
        base.executemany(INTO_NUMBERS, numbers)
        base.executemany(INTO_RECORDS, some)
        base.execute("COMMIT")
    return _over(base, begun)


def postgres_one(ledger: Ledger, groups: Groups) -> float:
    """The records alone."""
    return _copied(ledger, groups, INTO_ONE, ONE_POSTGRES)


def postgres_same(ledger: Ledger, groups: Groups) -> float:
    """All tables of the ledger."""
    return _copied(ledger, groups, INTO_SAME, "SELECT 1")


def _copied(ledger: Ledger, groups: Groups, into: str, first: str) -> float:
    postgres.make_partitions(ledger.engine, {ledger.calendar.today(int(time.time()))})
    url = ledger.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as base, base.cursor() as cursor:
        cursor.execute(first.encode())
        cursor.execute(STAGING)
        base.commit()
        begun = time.perf_counter()
        for some in groups:
            with cursor.copy(COPY) as copy:
                copy.set_types(TYPES)
                for one in some:
                    copy.write_row((*one, one.digest))
            cursor.execute(into.encode())
            base.commit()
        return time.perf_counter() - begun


def _sqlite(ledger: Ledger) -> sqlite3.Connection:
    base = sqlite3.connect(sa.make_url(ledger.engine.url).database or "", isolation_level=None)
    base.execute("PRAGMA synchronous=FULL")  # WAL is a property of the file
    return base


def _over(base: sqlite3.Connection, begun: float) -> float:
    took = time.perf_counter() - begun
    base.close()
    return took


READY, ONE, READING = "same tables", "one table", "same tables, from records"
BARE = {
    "SQLite": {READY: Bare(sqlite_same), ONE: Bare(sqlite_one), READING: Bare(sqlite_same, True)},
    "PostgreSQL": {
        READY: Bare(postgres_same), ONE: Bare(postgres_one), READING: Bare(postgres_same, True)
    },
}  # fmt: skip
