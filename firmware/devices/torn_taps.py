# SPDX-License-Identifier: Apache-2.0
"""Open torn taps: pending entries whose last answer was lost, until a second tap or time settles
them.

Each ends in exactly one of sale, void, suspect or debited-unproven (QT-184). At most `torn_count`
stay open, each for `torn_window_s` (QT-168); what is not settled by then goes up as *pending*,
never as a sale and never deleted (QT-183). No step of the wall clock closes a window.
"""

from collections import namedtuple

from firmware.devices import entries, window
from firmware.errors import FormatError, JournalFull
from firmware.formats import record
from firmware.kernel import torn

# sequence; window: of window.py; pan digits, psn: whose debit is open
Open = namedtuple("Open", ("sequence", "window", "pan", "psn"))


class TornTaps:
    """The open entries of one journal. The dialogues stay in flash, RAM knows only whose."""

    def __init__(self, journal, parameters, stamp):
        self.journal = journal
        self.parameters = parameters
        self.stamp = stamp
        self.clock = stamp.clock
        self.open = []  # oldest first

    def restore(self):
        """After a start: entries inside their window stay open, others become suspect (QT-183)."""
        length_s, dated = self.parameters.torn_window_s, self.stamp.ages()
        for sequence, data in self.journal.pending():
            try:
                values = entries.unpack_pending(data)
                entries.tap_of(values)
            except FormatError:
                self._give_up(sequence)
                continue
            since = window.opened_before(self.clock, length_s, values["time_utc_s"], dated)
            self._add(sequence, values, since)
        if not self.parameters.torn_over_restart:
            for entry in tuple(self.open):
                self.settle(entry, record.PENDING, None, "restarted")
        self.expire()

    def add(self, sequence, values):
        """A tap was torn; the oldest one makes room when there are too many."""
        self._add(sequence, values, window.opened(self.clock, self.parameters.torn_window_s))
        while len(self.open) > self.parameters.torn_count:
            if not self.settle(self.open[0], record.PENDING, None, "too_many_open"):
                break

    def _add(self, sequence, values, since):
        self.open.append(Open(sequence, since, entries.pan_text(values["pan"]), values["psn"]))

    def holds(self, pan, psn):
        """True when a debit of this card is open; psn None: not known yet, then it may be."""
        return any(one.pan == pan and psn in (None, one.psn) for one in self.open)

    def load(self, entry):
        """Values of an open entry; None when its bytes are damaged: it is settled as pending."""
        try:
            return entries.unpack_pending(self.journal.pending_entry(entry.sequence))
        except FormatError:
            self.open.remove(entry)
            self._give_up(entry.sequence)
            return None

    def hold(self, entry):
        """Its card was asked for again: the window does not close before it can come."""
        prompt = window.opened(self.clock, self.parameters.torn_prompt_s)  # QT-168
        if window.left_ms(self.clock, entry.window) < window.left_ms(self.clock, prompt):
            place = self.open.index(entry)
            self.open[place] = Open(entry.sequence, prompt, entry.pan, entry.psn)

    def expire(self):
        """Settle as pending what has outlived its window; its TC is no sale (QT-159, QT-183)."""
        for entry in tuple(self.open):
            if window.left_ms(self.clock, entry.window) <= 0:
                self.settle(entry, record.PENDING, None, "last_record_lost")

    def settle(self, entry, kind, result, reason):
        """Write the one record that closes an entry, durable. False where there is no room: power
        cuts have cost the last blocks. It stays open; what is before it can be uploaded.
        """
        values = self.load(entry)
        if values is None:
            return True
        settled = entries.pack_settled(values, kind, result, reason)
        try:
            self.journal.settle(entry.sequence, settled)
        except JournalFull:
            return False
        self.open.remove(entry)
        return True

    def close(self, entry, verdict):
        """Settle an entry by the verdict of the re-tap dialogue (kernel/torn.py); as settle()."""
        kind, reason = VERDICTS[verdict.verdict]
        if kind == record.APPROVED:
            kind = entries.approved_kind(verdict.outcome.tap)
        return self.settle(entry, kind, verdict.outcome, reason)

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
    torn.DEBITED_BEFORE: (record.DEBITED_UNPROVEN, "used_elsewhere"),
    torn.MOVED_ON: (record.PENDING, "used_elsewhere"),
}
