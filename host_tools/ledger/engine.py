# SPDX-License-Identifier: Apache-2.0
"""Engines: SQLite in one file, or PostgreSQL; durable, migrated, with the right key.

SQLite: WAL with synchronous=FULL, so every commit is on disk and readers hold nobody up;
transactions are begun here and not by the driver, which leaves DDL outside of them otherwise.
PostgreSQL: each connection turns synchronous_commit on, whatever the server's default is.
"""

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from firmware.errors import FormatError
from host_tools.ledger import migrate

LAYOUT = 2  # PRAGMA user_version of a SQLite ledger; 1 had no migrations and no sealed records
WRITES = "ledger_writes"  # execution option: take SQLite's one place for writers at once
CONNECT_S = 10  # how long a PostgreSQL server is waited for
BUSY_S = 30  # how long a SQLite writer waits for another


def open_engine(url: str, workers: int = 1, migrate_anyway: bool = False) -> sa.Engine:
    """An engine whose database has every migration. FormatError where that cannot be.

    migrate_anyway: an older PostgreSQL too.
    """
    engine = durable_engine(url, workers)
    if engine.dialect.name == "sqlite":
        with engine.begin() as connection:
            _check_layout(connection)
    migrate.to_newest(engine, migrate_anyway)
    return engine


def durable_engine(url: str, workers: int = 1) -> sa.Engine:
    """An engine whose commits are on disk; what is in its database is not looked at."""
    try:
        engine = sa.create_engine(url, **_options(url, workers))
    except (sa.exc.ArgumentError, ImportError) as wrong:
        raise FormatError(f"{url.partition('://')[0]} is no database here: {wrong}") from wrong
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _make_durable)
        sa.event.listen(engine, "begin", _begin)
    elif engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", _commit_to_disk)
    else:
        raise FormatError(f"a ledger lives in SQLite or PostgreSQL, not in {engine.dialect.name}")
    return engine


def writing(engine: sa.Engine) -> sa.Connection:
    """A connection whose transactions write: use as `with writing(engine) as c, c.begin():`."""
    return engine.connect().execution_options(**{WRITES: True})


def _options(url: str, workers: int) -> dict:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_S}, "hide_parameters": True}
    return {
        "connect_args": {"connect_timeout": CONNECT_S},
        "hide_parameters": True,
        "pool_size": workers + 1,
        "max_overflow": 4,
        "pool_pre_ping": True,
    }


def _make_durable(
    connection: sa.engine.interfaces.DBAPIConnection, _: ConnectionPoolEntry
) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _commit_to_disk(
    connection: sa.engine.interfaces.DBAPIConnection, _: ConnectionPoolEntry
) -> None:
    cursor = connection.cursor()
    cursor.execute("SET synchronous_commit = on")
    cursor.close()
    connection.commit()


def _begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _check_layout(connection: sa.Connection) -> None:
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found == 1:
        raise FormatError(
            "this ledger is of version 1, from before card numbers were sealed: let terminals"
            " upload into a new file; nothing carries it over yet"
        )
    if found not in (0, LAYOUT):
        raise FormatError(f"ledger of version {found}, this is version {LAYOUT}")
