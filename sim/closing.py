# SPDX-License-Identifier: Apache-2.0
"""The end of a simulated day: wait until all is uploaded, switch off, balance."""

import time

from firmware.errors import LinkLost
from firmware.formats import record
from sim.reconcile import journal_records, reconcile
from sim.rig import JOURNAL_BLOCKS, TERMINAL

PATIENCE_S = 40  # torn windows, back-off and the upload of a long journal


def close_the_day(rig, watch):
    """Balance of the day. The terminal is stopped; what was not uploaded in time is a fault."""
    end = time.monotonic() + rig.torn_window_s + PATIENCE_S
    while time.monotonic() < end and not _all_uploaded(rig):
        try:
            event = rig.firmware.next_event(0.2)
        except LinkLost:
            rig.restart()
            continue
        if event:
            watch(event)
    rig.stop_terminal()
    records, open_entries = journal_records(rig.folder / "journal.bin", JOURNAL_BLOCKS)
    return reconcile(rig.cards.values(), records, open_entries, ledger_records(rig))


def _all_uploaded(rig):
    """True when nothing is open and the ledger has the newest record; the journal is only read."""
    records, open_entries = journal_records(rig.folder / "journal.bin", JOURNAL_BLOCKS)
    newest = max([sequence for sequence, _ in records], default=0)
    return not open_entries and rig.ledger.last_sequence(TERMINAL) >= newest


def ledger_records(rig):
    """[(sequence, record dict)] of this terminal, from the bytes the ledger keeps."""
    return [(sequence, record.unpack(data)) for sequence, data in rig.ledger.raw(TERMINAL)]
