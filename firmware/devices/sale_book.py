# SPDX-License-Identifier: Apache-2.0
"""SaleBook: what one sale writes into the journal, and how long that took."""

from firmware.devices import entries
from firmware.errors import JournalFull
from firmware.formats import record
from firmware.kernel import transaction


class SaleBook:
    """`spent_us`: on the journal since the caller set it to 0."""

    def __init__(self, journal, stamp):
        self.journal = journal
        self.stamp = stamp
        self.spent_us = 0

    def open(self, tap, uid, charge, terminal):
        """(sequence, values) of a durable pending entry (QT-157); JournalFull or FormatError.

        The record that would close it is made once now, so that nothing a card sent can keep us
        from writing one when the money has moved. The records it holds stay in flash alone.
        """
        began = self.stamp.clock.ticks_us()
        entry = entries.pack_pending(self.stamp, tap, uid, charge, terminal)
        values = entries.unpack_pending(entry)
        values["records"] = ()
        entries.pack_settled(values, record.PENDING, transaction.torn(tap, ""), "rehearsal")
        sequence = self.journal.open(entry)
        self._spent(began)
        return sequence, values

    def note(self, sequence, answer):
        """The answer that made the debit final is durable before anything else (QT-163)."""
        began = self.stamp.clock.ticks_us()
        try:
            self.journal.note_answer(sequence, answer)
        except JournalFull:
            pass  # a failing storage: settling will tell, and the entry stays open
        self._spent(began)

    def settle(self, sequence, values, kind, result):
        """The record that closes a pending entry."""
        began = self.stamp.clock.ticks_us()
        self.journal.settle(sequence, entries.pack_settled(values, kind, result, result.reason))
        self._spent(began)

    def _spent(self, began_us):
        clock = self.stamp.clock
        self.spent_us += clock.ticks_diff(clock.ticks_us(), began_us)
