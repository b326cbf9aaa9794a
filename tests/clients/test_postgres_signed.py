# SPDX-License-Identifier: Apache-2.0
"""Signed uploads into a real PostgreSQL: keys, sessions and counts as in SQLite, and two machines
that share a session.
"""

import pytest

from host_tools.collector import Collector
from host_tools.ledger import Ledger, keys, registry
from sim.database import server_programs
from tests.clients.test_postgres import ledger  # noqa: F401 - a fixture
from tests.host.test_signed_upload import (  # noqa: F401 - run again, with the `ledger` of this file
    SECRET,
    TERMINAL,
    Session,
    batch,
    collector,
    journal_of,
    run,
    terminal,
    test_a_key_is_changed_with_two_valid_for_a_time,
    test_a_session_is_over_after_a_day_and_the_terminal_opens_another,
    test_standing_says_what_is_stored_and_what_is_lost,
    test_the_newer_session_ends_the_older_and_its_frames_are_replays,
    test_two_terminals_with_one_identity_are_found_by_their_starts,
    test_what_is_not_authentic_is_refused_in_one_way_and_counted_by_name,
    told,
)

pytestmark = pytest.mark.skipif(
    server_programs() is None, reason="no PostgreSQL: tools/clients.sh database"
)


def test_two_machines_go_on_with_one_session(ledger, url):  # noqa: F811
    """Neither has heard of the other: the books say which session counts."""
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    other = Ledger(url, key=bytes(range(32)))
    try:
        machines = [Collector(ledger, enrolment=False), Collector(other, enrolment=False)]

        class Either:
            """One machine, then the other."""

            def answer(self, frame):
                machines.reverse()
                return machines[0].answer(frame)

        journal = journal_of(21)
        assert run(terminal(journal), Either()) == 21 and journal.acknowledged == 21
        session = Session(machines[0])
        assert session.request(batch.BATCH, {"items": [(22, b"record 22")]})[0] == batch.ACK
    finally:
        other.close()
