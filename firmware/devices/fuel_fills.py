# SPDX-License-Identifier: Apache-2.0
"""Fills: which sums are frozen here and what was poured for each, from the journal after a start.

A fill has the number of the record that froze its sum, the pump's `order`. What was poured is an
EVENT `fuel_filled` of that number, written before the pump forgets it; a completion closes it,
whenever its card comes. Events near the end of the journal's ring are written again, so that
months may pass.

| journal has of a number | then |
|---|---|
| the sum frozen, or torn and never settled | open: nothing poured yet, as far as we know |
| `fuel_filled` | due: this sum |
| a completion | over |
| nothing | unknown: nobody decides here what was poured |
"""

from collections import namedtuple

from firmware.capp import layouts
from firmware.errors import FormatError, JournalFull
from firmware.formats import extension, fields, record
from firmware.formats.fields import U8, U32

FILLED = "fuel_filled"
FILL = (
    ("sale", U32),  # number of the pump's
    ("quantity", U32),  # ml or g
    ("price_fen", U32),  # a litre or a kilogram
    ("unit", U8),  # of neighbours/pump.py
    ("frozen_fen", U32),  # 0: not known
    ("total_fen", U32),  # the pump's totalizer behind the sale
    ("total_quantity", U32),
)
MOST_KEPT = 64  # fills in memory; the oldest goes first
AGAIN_AFTER = 24  # records behind which a fill that is still due is written once more
LOOK_BACK = 256
MOST_TOLD = 16  # completions that are told again behind a start

# pan: digits, "" not known; data: trade_data of the event, b"" while nothing is known; amount_fen:
# None likewise; written: number of the newest record about it
Fill = namedtuple("Fill", ("order", "pan", "frozen_fen", "amount_fen", "data", "written"))

HELD = (record.PREAUTHORISED, record.PENDING, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN)
ENDED = (record.APPROVED, record.STAMPED, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN)


def data_of(status, frozen_fen):
    """trade_data of what a pump says it has poured."""
    values = {name: getattr(status, name) for name, _ in FILL if name != "frozen_fen"}
    values["frozen_fen"] = frozen_fen
    return fields.pack(FILL, values)


def sale_of(fill):
    """Number of the pump's sale that a Fill was noted by, None where there was none."""
    return fields.unpack(FILL, fill.data)["sale"] if fill.data else None


class Fills:
    """`by_order`: {number: Fill} of those that are not over; `elsewhere`: (terminal, number) of
    sums that another pump froze and that were taken here, as the journal has them.
    """

    def __init__(self, journal, device, terminal):
        self.journal = journal
        self.device, self.terminal = device, terminal
        self.by_order, self.elsewhere = {}, []

    def restore(self):
        """After a start. The oldest record is read first."""
        for sequence, values in record.readable(self.journal.records()):
            self._learn(sequence, values)

    def froze(self, order, pan, frozen_fen):
        """A sum stands frozen; whatever this card had here before is over."""
        for one in [one for one in self.by_order.values() if pan and one.pan == pan]:
            self.by_order.pop(one.order)
        self._keep(Fill(order, pan, frozen_fen, None, b"", order))

    def noted(self, order, amount_fen, data, sequence):
        """`fuel_filled` stands in the journal."""
        known = self.by_order.get(order)
        pan, frozen_fen = (known.pan, known.frozen_fen) if known else ("", 0)
        self._keep(Fill(order, pan, frozen_fen, amount_fen, data, sequence))

    def over(self, order):
        """The completion stands."""
        self.by_order.pop(order, None)

    def find(self, order):
        """Fill of a number, None where nobody knows of it; looks into the journal for one that
        was torn and is pending since.
        """
        found = self.by_order.get(order)
        if found:
            return found
        for sequence, values in record.readable(self.journal.backwards()):
            if sequence == order and values["kind"] in HELD[1:]:
                return self._held(sequence, values)
            if sequence <= self.journal.next - LOOK_BACK:
                break
        return None

    def unpoured(self):
        """Numbers for which nothing was poured yet, the oldest first."""
        return sorted([one.order for one in self.by_order.values() if one.amount_fen is None])

    def due(self):
        """Fills that wait for their card."""
        return [one for one in self.by_order.values() if one.amount_fen is not None]

    def fading(self):
        """The Fill whose event is to be written again, None where none is so old."""
        old = [one for one in self.due() if self.journal.next - one.written > AGAIN_AFTER]
        return min(old, key=lambda one: one.written) if old else None

    def _keep(self, fill):
        self.by_order[fill.order] = fill
        if len(self.by_order) > MOST_KEPT:
            self.by_order.pop(min(self.by_order))

    def _learn(self, sequence, values):
        if values["device"] != self.device:
            return
        if values["kind"] == record.EVENT:
            if values["reason"] == FILLED:
                self._learn_event(sequence, values)
            return
        held = self._held(sequence, values)
        if held:
            self._keep(held)
        elif values["kind"] in ENDED:
            self.over(self._closed(values))

    def _learn_event(self, sequence, values):
        pan = record.pan_digits(values["pan"])
        try:
            frozen_fen = fields.unpack(FILL, values["trade_data"])["frozen_fen"]
        except FormatError:
            frozen_fen = 0
        fill = (pan, frozen_fen, values["amount_fen"], values["trade_data"], sequence)
        self._keep(Fill(values["reference"], *fill))

    def _held(self, sequence, values):
        """Fill of a record that has frozen a sum here, or may have; None of another."""
        known, has = self._images(values)
        if not known or known["kind"] != extension.PREAUTHORISATION:
            return None
        if values["kind"] not in HELD or has[1]["entry_gate"] != self.terminal:
            return None
        order, pan = has[1]["entry_number"], record.pan_digits(values["pan"])
        return Fill(order, pan, values["amount_fen"], None, b"", sequence)

    def _closed(self, values):
        """Number of what a completion has closed, None where it is none of this terminal's."""
        known, has = self._images(values)
        if not known or known["kind"] != extension.COMPLETION:
            return None
        gate, order = has[0]["entry_gate"], has[0]["entry_number"]
        if gate != self.terminal:
            self.elsewhere = self.elsewhere[1 - MOST_TOLD :] + [(gate, order)]
            return None
        return order

    def _images(self, values):
        """(extension dict, (fields before, fields after)); (None, None) of a record without."""
        try:
            known = extension.of(values)
            if not known or len(known["changes"]) != 1:
                return None, None
            images = known["changes"][0][2:4]
            return known, [layouts.read(layouts.FREEZE, one) for one in images]
        except FormatError:
            return None, None


def write(house, reason, fill):
    """EVENT about a Fill, durable: its number in the journal, 0 where there is no room."""
    values = house.stamp.onto(record.blank(record.EVENT))
    values["reason"], values["reference"] = reason, fill.order
    values["amount_fen"], values["trade_data"] = fill.amount_fen, fill.data
    values["pan"] = record.pan_bytes(fill.pan) if fill.pan else b""
    try:
        return house.journal.append(record.pack(values))
    except JournalFull:
        return 0
