# SPDX-License-Identifier: Apache-2.0
"""What a database that fails does to money in SQLite: nothing is acknowledged that is not there,
the fault has a name, is counted and told, and all arrives after the mend (CL-007).
"""

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from host_tools.ledger import Ledger, faults
from tests.host.ledger_world import (
    World,
    outlive_a_full_disk,
    refused_later,
    small_disk,
    whole_after_each_kill,
)


def test_a_database_that_may_not_grow_acknowledges_nothing_more(ledger):
    # CL-007
    most = {"pages": 0}

    def bound(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most['pages'] or 1 << 30}")

    sa.event.listen(ledger.engine, "begin", bound)
    world = World(ledger)
    assert world.bring(1) == "enough" and world.acknowledged() == 8
    most["pages"] = 1  # as many as there are
    for _ in range(3):
        assert refused_later(world.bring())
    assert world.stored() == list(range(1, world.acknowledged() + 1))
    most["pages"] = 0
    world.all_arrived_once()
    world.told(faults.DISK_FULL)


def test_a_disk_that_is_full_acknowledges_nothing_more(tmp_path):
    # CL-007: ENOSPC of a real file system
    with small_disk(tmp_path, 2048) as disk:
        outlive_a_full_disk(Ledger(f"sqlite:///{disk / 'ledger.db'}"), disk)


def test_a_migration_that_is_killed_leaves_the_old_schema_or_the_new_one(tmp_path):
    assert whole_after_each_kill(f"sqlite:///{tmp_path / 'ledger.db'}", every=7) >= 4


def test_a_fault_that_concerns_all_is_not_tried_batch_by_batch(ledger, monkeypatch):
    """With a server that is away each try waits for it: one for the group has to do."""
    world = World(ledger)
    tries = []

    def away(entries=None):
        tries.append(entries)
        raise sa.exc.OperationalError("", None, psycopg.OperationalError("no server"))

    monkeypatch.setattr(ledger, "sitting", away)
    frames = []
    for terminal in (7, 8, 9):
        frames.append(World.frame(terminal))
    answers = world.collector.answers(frames)
    assert len(answers) == 3 and len([one for one in tries if one]) == 1
    assert world.collector.trouble == faults.GONE


@pytest.mark.parametrize(
    "code, name",
    [
        (sqlite3.SQLITE_FULL, faults.DISK_FULL),
        (sqlite3.SQLITE_IOERR | 3 << 8, faults.DISK_ERROR),
        (sqlite3.SQLITE_CORRUPT, faults.DAMAGED),
        (sqlite3.SQLITE_READONLY, faults.NOT_WRITABLE),
        (sqlite3.SQLITE_BUSY, faults.BUSY),
        (sqlite3.SQLITE_MISUSE, faults.OTHER),
    ],
)
def test_codes_of_sqlite_have_names(code, name):
    failed = sqlite3.OperationalError("it failed")
    failed.sqlite_errorcode = code
    assert faults.name_of(sa.exc.OperationalError("", None, failed)) == name


@pytest.mark.parametrize(
    "failed, name",
    [
        (psycopg.errors.DiskFull(), faults.DISK_FULL),
        (psycopg.errors.AdminShutdown(), faults.GONE),
        (psycopg.errors.CannotConnectNow(), faults.GONE),
        (psycopg.errors.DeadlockDetected(), faults.BUSY),
        (psycopg.errors.TooManyConnections(), faults.BUSY),
        (psycopg.errors.DataCorrupted(), faults.DAMAGED),
        (psycopg.errors.ReadOnlySqlTransaction(), faults.NOT_WRITABLE),
        (psycopg.OperationalError("connection refused"), faults.GONE),
        (psycopg.errors.UniqueViolation(), faults.OTHER),
    ],
)
def test_states_of_postgresql_have_names(failed, name):
    assert faults.name_of(sa.exc.OperationalError("", None, failed)) == name


def test_what_a_database_complains_of_shows_no_row(ledger):
    # CL-016
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sales")
    world = World(ledger)
    assert refused_later(world.bring())
    assert "sales" in world.collector.error and "622848" not in world.collector.error
