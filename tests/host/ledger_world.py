# SPDX-License-Identifier: Apache-2.0
"""A terminal with unsent sales in front of a collector whose database fails, for both engines."""

import os
import signal
import subprocess
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import batch
from firmware.journal import Journal
from firmware.upload import upload
from host_tools.collector import Collector
from host_tools.ledger import faults, migrate
from host_tools.ledger.engine import durable_engine
from sim.flash import Flash
from tests.host.test_ledger import packed

SALES = 24
EACH = 8  # a batch


class World:
    """`alarms`: what a person was told; acknowledged() is as far as the terminal was told."""

    def __init__(self, ledger, terminal=7):
        self.ledger = ledger
        self.terminal = terminal
        self.alarms = []
        self.collector = Collector(ledger, alarm=lambda *told: self.alarms.append(told))
        self.journal = Journal(Flash(64, 4096), 480, 480)
        for number in range(1, SALES + 1):
            self.journal.append(packed(atc=number, gpo_answer=bytes(200)))

    def bring(self, most=10**9):
        """Upload what is unsent; the reason why the terminal gave up, "" where it is done."""
        left = iter(range(most))

        def exchange(frame, spare=None):
            if next(left, None) is None:
                raise LinkLost("enough")
            return self.collector.answer(frame)

        try:
            drive(upload(self.journal, self.terminal, 4000, EACH), exchange)
        except LinkLost as lost:
            return str(lost)
        return ""

    @staticmethod
    def frame(terminal):
        """A batch of one sale."""
        return batch.pack_batch(terminal, [(1, packed(atc=terminal))])

    def acknowledged(self):
        return self.journal.acknowledged

    def stored(self):
        return [number for number, _ in self.ledger.raw(self.terminal)]

    def all_arrived_once(self):
        """After the mend: every sale is there, each once, and the terminal has nothing left."""
        assert self.bring() == ""
        assert self.stored() == list(range(1, SALES + 1)) and not self.journal.unsent(9999, 99)
        assert self.ledger.totals() == {"approved": (SALES, 200 * SALES)}

    def told(self, name):
        """That the fault `name` was told once, and its end once, and that it was counted."""
        mine = [reason for terminal, reason in self.alarms if terminal == 0]
        assert [one.partition(": ")[0] for one in mine] == [name, name], mine
        assert "mended" in mine[1] and self.collector.trouble == ""
        self.collector.flush()
        counted = sa.text("SELECT times FROM refusals WHERE terminal = 0 AND reason = :name")
        with self.ledger.engine.connect() as connection:
            assert connection.execute(counted, {"name": name}).scalar() >= 1


def refused_later(reason):
    return batch.reject_name(batch.LATER) in reason


def killed_while_migrating(url, statement):
    """Whether a process that migrates `url` was killed at its n-th statement."""
    child = os.fork()
    if not child:
        try:
            engine = durable_engine(url)
            seen = []

            def stumble(*arguments):
                seen.append(arguments[2])
                if len(seen) == statement:
                    os.kill(os.getpid(), signal.SIGKILL)

            sa.event.listen(engine, "before_cursor_execute", stumble)
            migrate.upgrade(engine)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def whole_after_each_kill(url, every):
    """Kill a migration from 0001 at each n-th statement, then let it through; kills there were."""
    engine = durable_engine(url)
    migrate.upgrade(engine, "0001")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO books VALUES (1, '\\x00', 3, 28800, 0)")
    statement = 2
    while killed_while_migrating(url, statement):
        with engine.connect() as connection:
            assert migrate.found(connection) == "0001", statement
            assert not sa.inspect(connection).has_table("quarantine")
        statement += every
    with engine.connect() as connection:
        assert migrate.found(connection) == migrate.newest()
        assert connection.exec_driver_sql("SELECT cut_hour FROM books").scalar() == 3
    engine.dispose()
    return (statement - 2) // every


@contextmanager
def small_disk(tmp_path, kib):
    """A folder on a file system of its own with so much room; skips where none can be."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=777", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here: it takes root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def leave_room(folder, kib):
    """Fill a small disk up to so much; the file that takes the rest."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - kib * 1024)))
    return ballast


def outlive_a_full_disk(ledger, disk):
    """CL-007: ENOSPC of a real file system below the ledger; nothing more is acknowledged than is
    there, and when there is room again all arrives.
    """
    world = World(ledger)
    assert world.bring(1) == "enough"
    ballast = leave_room(disk, 0)
    for _ in range(3):
        assert refused_later(world.bring())
    assert world.stored() == list(range(1, world.acknowledged() + 1))
    ballast.unlink()
    world.all_arrived_once()
    world.told(faults.DISK_FULL)
    ledger.close()
