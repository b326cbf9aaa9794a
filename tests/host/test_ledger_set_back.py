# SPDX-License-Identifier: Apache-2.0
"""A ledger that is older than what its terminals were told."""

import sqlite3

from host_tools.collector import Collector
from host_tools.ledger import Ledger, keys, registry
from tests.host.test_signed_upload import SECRET, TERMINAL, journal_of, run, terminal


def test_a_ledger_restored_from_an_older_copy_gets_again_what_it_had(ledger, tmp_path):
    # CL-007: as far as the flash still holds it; what it does not is stated lost, and listed
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    collector = Collector(ledger, enrolment=False)
    journal, copy = journal_of(5), tmp_path / "copy.db"
    unit = terminal(journal)
    run(unit, collector)
    with sqlite3.connect(tmp_path / "ledger.db") as there, sqlite3.connect(copy) as back_up:
        there.backup(back_up)
    for number in range(6, 31):
        journal.append(b"record %d" % number)
        if number % 5 == 0:
            run(unit, collector)
    assert journal.waiting() == 0
    journal.append(b"record 31")
    restored = Ledger(f"sqlite:///{copy}")
    assert run(unit, Collector(restored, enrolment=False)) == 1
    kept = dict(journal.records())
    assert restored.last_sequence(TERMINAL) == 31 and 20 in kept and 6 not in kept
    assert restored.gaps(TERMINAL) == [number for number in range(6, 32) if number not in kept]
    restored.close()
