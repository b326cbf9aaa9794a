# SPDX-License-Identifier: Apache-2.0
"""Open torn taps: pending entries whose last answer was lost, until a second tap or time settles
them.

Each ends in exactly one of sale, void, suspect or debited-unproven (QT-184). At most `torn_count`
stay open, each for `torn_window_s` (QT-168); what is not settled by then goes up as *pending*,
never
as a sale and never deleted (QT-183).
"""

from firmware.devices import entries
from firmware.errors import FormatError
from firmware.formats import record
from firmware.kernel import torn


class TornTaps:
    """The open entries of one journal. Only their numbers are held: the bytes stay in flash."""

    def __init__(self, journal, parameters, clock):
        self.journal = journal
        self.parameters = parameters
        self.clock = clock
        self.open = []  # (sequence, time_utc_s), oldest first

    def restore(self):
        """After a start: entries inside their window stay open, others become suspect (QT-183)."""
        for sequence, data in self.journal.pending():
            try:
                values = entries.unpack_pending(data)
                entries.tap_of(values)
            except FormatError:
                self._give_up(sequence)
                continue
            self.open.append((sequence, values["time_utc_s"]))
        if not self.parameters.torn_over_restart:
            for entry in tuple(self.open):
                self.settle(entry, record.PENDING, None, "restarted")
        self.expire()

    def add(self, sequence, time_utc_s):
        """A tap was torn; the oldest one makes room when there are too many."""
        self.open.append((sequence, time_utc_s))
        while len(self.open) > self.parameters.torn_count:
            self.settle(self.open[0], record.PENDING, None, "too_many_open")

    def load(self, entry):
        """Values of an open entry; None when its bytes are damaged: it is settled as pending."""
        try:
            return entries.unpack_pending(self.journal.pending_entry(entry[0]))
        except FormatError:
            self.open.remove(entry)
            self._give_up(entry[0])
            return None

    def expire(self):
        """Settle as pending what has outlived its window."""
        now = self.clock.time_utc_s()
        for entry in tuple(self.open):
            # A clock that was set back a little closes no window before its time.
            if abs(now - entry[1]) >= self.parameters.torn_window_s:
                self.settle(entry, record.PENDING, None, "last_record_lost")

    def settle(self, entry, kind, result, reason):
        """Write the one record that closes an entry, durable."""
        values = self.load(entry)
        if values is None:
            return
        self.journal.settle(entry[0], entries.pack_settled(values, kind, result, reason))
        self.open.remove(entry)

    def close(self, entry, verdict):
        """Settle an entry by the verdict of the re-tap dialogue (kernel/torn.py)."""
        kind, reason = VERDICTS[verdict.verdict]
        self.settle(entry, kind, verdict.outcome, reason)

    def _give_up(self, sequence):
        """An entry whose bytes cannot be read: its number still goes up, as pending."""
        values = record.blank(record.PENDING)
        values["reason"] = "entry_damaged"
        values["time_utc_s"] = self.clock.time_utc_s()
        self.journal.settle(sequence, record.pack(values))


VERDICTS = {
    torn.RECOVERED: (record.APPROVED, "torn_recovered"),
    torn.UNPROVEN: (record.DEBITED_UNPROVEN, "debited_unproven"),
    torn.NOT_DEBITED: (record.VOID, "not_debited"),
    torn.MOVED_ON: (record.PENDING, "used_elsewhere"),
}
