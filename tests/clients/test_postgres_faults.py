# SPDX-License-Identifier: Apache-2.0
"""What a real PostgreSQL that fails does to money: nothing is acknowledged that is not there, the
fault has a name, is counted and told, and all arrives after the mend (CL-007).
"""

import pytest
import sqlalchemy as sa

from host_tools.ledger import Ledger, faults
from sim.database import server_programs
from tests.clients.database_line import BEFORE, BEHIND, BreakingLine
from tests.host.ledger_world import (
    World,
    outlive_a_full_disk,
    refused_later,
    small_disk,
    whole_after_each_kill,
)

pytestmark = pytest.mark.skipif(
    server_programs() is None, reason="no PostgreSQL: tools/clients.sh database"
)


def through(url, line):
    """A ledger behind a line that breaks."""
    return Ledger(sa.make_url(url).set(port=line.port).render_as_string(hide_password=False))


def test_a_server_that_dies_between_copy_and_commit_has_nothing_of_it(database):
    # CL-007: the COMMIT is on its way when the server is killed
    with BreakingLine(database.port) as line:
        ledger = through(database.fresh(), line)
        world = World(ledger)
        assert world.bring(1) == "enough" and world.acknowledged() == 8
        line.at_commit, line.breaks = database.kill, BEFORE
        assert refused_later(world.bring()) and line.broken == 1
        assert world.acknowledged() == 8
        assert refused_later(world.bring())  # and as long as there is no server
        database.start()
        assert world.stored() == list(range(1, 9))
        world.all_arrived_once()
        world.told(faults.GONE)
        ledger.close()


def test_a_commit_whose_answer_is_lost_is_found_and_not_stored_twice(database):
    # CL-006, CL-007: committed, but nobody was told
    with BreakingLine(database.port) as line:
        ledger = through(database.fresh(), line)
        world = World(ledger)
        assert world.bring(1) == "enough" and world.acknowledged() == 8
        line.breaks = BEHIND
        assert refused_later(world.bring()) and line.broken == 1
        assert world.acknowledged() == 8 and world.stored() == list(range(1, 17))
        world.all_arrived_once()
        world.told(faults.GONE)
        ledger.close()


def test_a_tablespace_that_is_full_acknowledges_nothing_more(database):
    # CL-007: ENOSPC of a real file system below the server
    with small_disk(database.folder, 8192) as disk:
        outlive_a_full_disk(Ledger(database.fresh(disk)), disk)
        database.forget()


def test_a_migration_that_is_killed_leaves_the_old_schema_or_the_new_one(database):
    assert whole_after_each_kill(database.fresh(), every=12) >= 3
