# SPDX-License-Identifier: Apache-2.0
"""SaleBook: what one sale writes into the journal, and how long that took."""

from firmware.devices import entries
from firmware.errors import FormatError, JournalFull
from firmware.formats import pending


class SaleBook:
    """`spent_us`: on the journal since the caller set it to 0."""

    def __init__(self, journal, stamp):
        self.journal = journal
        self.stamp = stamp
        self.spent_us = 0
        self.packer = pending.packer()
        self.draft = None  # entries.Draft of the sale at work
        self.expected: tuple = ()  # what open() will be called with behind the tap
        self.chip = (None, None)  # a tap, and its chip data so far: of ahead()

    def ahead(self, tap):
        """While the card reads: of what open() will pack of this tap, with `expected`, as much as
        is there, so that it need not be packed again. Nothing is written; what is wrong, open()
        says.
        """
        if not self.expected:
            return  # no answer left time for it before open(): the last one does
        try:
            values = entries.pending_values(self.stamp, tap, *self.expected)
            pending.parts(values, self.packer)
            self.chip = tap, entries.chip_parts(tap, values["terminal_data"])
        except FormatError:
            pass

    def forget(self):
        """Nothing of a tap is held between taps: a refused one ends here."""
        self.expected, self.chip = (), (None, None)

    def open(self, tap, uid, charge, terminal, extension=b""):
        """(sequence, values) of a durable pending entry (QT-157); JournalFull or FormatError.

        The record that closes it is made before it (entries.Draft). The card's records that it
        holds stay in flash alone.
        """
        began = self.stamp.clock.ticks_us()
        values = entries.pending_values(self.stamp, tap, uid, charge, terminal, extension)
        parts = pending.parts(values, self.packer)
        values["records"] = ()
        known, chip = self.chip
        chip = chip if known is tap else None
        self.forget()
        self.draft = entries.Draft(parts, tap, values["terminal_data"], chip)
        sequence = self.journal.open(b"".join(parts))
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

    def settle(self, sequence, kind, result):
        """The record that closes the entry opened last."""
        began = self.stamp.clock.ticks_us()
        record, self.draft = self.draft.settled(kind, result, result.reason, result.tap), None
        self.journal.settle(sequence, record)
        self._spent(began)

    def _spent(self, began_us):
        clock = self.stamp.clock
        self.spent_us += clock.ticks_diff(clock.ticks_us(), began_us)
