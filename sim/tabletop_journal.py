# SPDX-License-Identifier: Apache-2.0
"""What stands in the journal of a running terminal, read from its file; card numbers masked.

    view = JournalView(path, torn_window_s)
    if view.look(): view.rows, view.pending, view.waiting, view.acknowledged

The file is copied into memory and read by the terminal's own Journal there: whatever that repairs,
it repairs in the copy. A copy that was made in the midst of a write lacks its last entry; the next
look has it. Bounded: ROWS_MOST records and as many open entries as a terminal keeps.
"""

import time
from pathlib import Path

from firmware.errors import FormatError, JournalFull
from firmware.formats import pending, record
from firmware.journal.journal import Journal
from sim.flash import Flash

ROWS_MOST = 14
BLOCK = 4096


class JournalView:
    """path: of the journal, which need not be there yet; torn_window_s: of the parameters."""

    def __init__(self, path, torn_window_s):
        self.path = Path(path)
        self.torn_window_s = torn_window_s
        self.rows: list[dict] = []  # newest first
        self.pending: list[dict] = []
        self.waiting = self.acknowledged = 0
        self.seen = None  # time and size of the file at the last look

    def look(self):
        """True when something else is to be seen than at the last look."""
        try:
            facts = self.path.stat()
            stamp = (facts.st_mtime_ns, facts.st_size)
            if stamp == self.seen:
                return False
            data = self.path.read_bytes()
        except OSError:
            return False
        self.seen = stamp
        try:
            return self._read(data)
        except (FormatError, JournalFull, ValueError):
            return False  # in the midst of a write; its end changes the file once more

    def _read(self, data):
        journal = Journal(copied(data))
        before = (self.rows, self.pending, self.waiting, self.acknowledged)
        self.acknowledged, self.waiting = journal.acknowledged, journal.waiting()
        self.rows = [
            row_of(sequence, values, sequence <= self.acknowledged)
            for sequence, values in record.readable(journal.recent(ROWS_MOST))
        ]
        self.pending = [
            self._open(sequence, body, journal.answer_of(sequence) is not None)
            for sequence, body in journal.pending()
        ]
        return before != (self.rows, self.pending, self.waiting, self.acknowledged)

    def _open(self, sequence, body, has_answer):
        """An open entry; `until_s`: wall clock at which its window closes."""
        found = {"sequence": sequence, "card": "", "amount_fen": 0, "until_s": 0}
        try:
            values = pending.unpack(body)
        except FormatError:
            return {**found, "state": "damaged"}
        found["card"] = record.mask_pan(values["pan"])
        found["amount_fen"] = values["amount_fen"]
        found["until_s"] = values["time_utc_s"] + self.torn_window_s
        return {**found, "state": "answered" if has_answer else "torn"}

    def kind_of(self, sequence):
        """Word of a record's kind, "" where it is not among the rows."""
        return next((one["kind"] for one in self.rows if one["sequence"] == sequence), "")


def copied(data):
    """A flash in memory with these bytes."""
    flash = Flash(len(data) // BLOCK, BLOCK)
    for number in range(flash.block_count):
        flash.blocks[number][:] = data[number * BLOCK : (number + 1) * BLOCK]
    return flash


def row_of(sequence, values, is_sent):
    """A record for people: masked, no bytes."""
    clock = values["time"]
    return {
        "sequence": sequence,
        "kind": record.kind_name(values["kind"]) or "?",
        "reason": values["reason"],
        "time": f"{clock[:2]}:{clock[2:4]}:{clock[4:6]}",
        "card": record.mask_pan(values["pan"]) if values["pan"] else "",
        "amount_fen": values["amount_fen"],
        "full_fen": values["full_fare_fen"],
        "riders": values["riders"],
        "reference": values["reference"],
        "sent": is_sent,
    }


def seconds_left(entry):
    """Until an open entry's window closes, 0 at the least."""
    return max(0, round(entry["until_s"] - time.time()))
