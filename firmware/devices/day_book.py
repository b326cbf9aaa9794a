# SPDX-License-Identifier: Apache-2.0
"""DayBook: the day of a till, by hour, dish or category and card class; refunds and what is open.

A fold over the records of the open shift, as the shift's totals are: after() takes the record
that a tap has left, restore() all that the journal still has of the shift, turn() those of torn
taps that nobody came back for. Sums of a day whose first records were uploaded and erased before a
restart begin later: then `complete` is False, and the slip says so; the totals of the shift
(shift.py) reach back to its opening in any case.
"""

from firmware.devices import tray
from firmware.devices.shift import CASH, OPENED, REFUND
from firmware.errors import FormatError
from firmware.formats import record

RESTORED = 8000  # records of a shift that are read again after a start
LOOKED_AT = 64  # records in which that of a torn tap is looked for
MOST_ITEMS = 60  # what comes beyond is counted as `other`
FIXED, OTHER = (0, 0), (0, 1)  # (kind, number) of a sale without a tray; of what has no room
CASH_CLASS = "cash"
DUE = (record.DEBITED_REFUSED, record.DEBITED_UNPROVEN)


class DayBook:
    """Of one shift. Rows are lists [count, fen ..]:

    hours: HH -> [sales, fen]; items: (kind, number) -> [count, fen at the menu's price];
    classes: name -> [sales, fen, fen less than the full price]; card, cash, refunds, reduced,
    pending, due, refused: [count, fen]; reduced: subsidies and discounts, in fen less.
    """

    def __init__(self):
        self.house = self.shift = None
        self.open = []  # sequences of torn taps
        self.clear()

    def clear(self):
        """A new day."""
        self.hours, self.items, self.classes = {}, {}, {}
        self.card, self.cash, self.refunds = [0, 0], [0, 0], [0, 0]
        self.reduced, self.pending, self.due, self.refused = [0, 0], [0, 0], [0, 0], [0, 0]
        self.complete = True

    def attach(self, house, shift):
        """House of trade.py; shift: whose day it is."""
        self.house, self.shift = house, shift

    def restore(self, recent):
        """Take up the day where the power was cut; recent: of Trade.restore()."""
        self.clear()
        self.complete = not self.shift.is_open
        for _, values in recent(RESTORED) if self.shift.is_open else ():
            self.fold(values)
            if values["reason"] == OPENED and self._is_mine(values):
                self.complete = True
                break
        self.open = [one.sequence for one in self.house.torn_taps.open]

    def turn(self):
        """Fold the records of torn taps that were settled without their card."""
        there = [one.sequence for one in self.house.torn_taps.open]
        for sequence in [one for one in self.open if one not in there]:
            values = self._record_of(sequence)
            if values:
                self.fold(values)
        self.open = there

    def after(self, sold, values):
        """A tap is over; values: the record it left, None for an open entry (Shift.after)."""
        if values:
            if sold.sequence in self.open:
                self.open.remove(sold.sequence)
            self.fold(values)
        elif sold.outcome.taken is None and sold.sequence and sold.sequence not in self.open:
            self.open.append(sold.sequence)

    def fold(self, values):
        """Count one record of this shift."""
        if not self._is_mine(values):
            return
        kind, fen = values["kind"], values["amount_fen"]
        if kind == record.APPROVED:
            _add(self.card, fen)
            self._sold(values, values["fare_class"] or CASH_CLASS)
        elif kind == record.EVENT and values["reason"] == CASH:
            _add(self.cash, fen)
            self._sold(values, CASH_CLASS)
        elif kind == record.EVENT and values["reason"] == REFUND:
            _add(self.refunds, fen)
        elif kind == record.PENDING:
            _add(self.pending, fen)
        elif kind in DUE:
            _add(self.due, fen)
        elif kind == record.REFUSED:
            _add(self.refused, 0)

    def _is_mine(self, values):
        return (values["driver"], values["shift"]) == (self.shift.driver, self.shift.number)

    def _sold(self, values, name):
        fen, full_fen = values["amount_fen"], values["full_fare_fen"]
        _add(self.hours.setdefault(values["time"][:2], [0, 0]), fen)
        row = self.classes.setdefault(name, [0, 0, 0])
        _add(row, fen)
        row[2] += full_fen - fen
        if fen < full_fen:
            _add(self.reduced, full_fen - fen)
        for kind, number, count, line_fen in lines_of(values):
            _add(self._item((kind, number)), line_fen, count)

    def _item(self, key):
        if key not in self.items and len(self.items) >= MOST_ITEMS:
            key = OTHER
        return self.items.setdefault(key, [0, 0])

    def _record_of(self, sequence):
        left = LOOKED_AT
        for number, values in record.readable(self.house.journal.backwards()):
            left -= 1
            if number == sequence:
                return values
            if not left:
                break
        return None


def lines_of(values):
    """[(kind, number, count, fen)] of what a sale was made of; one line where it says nothing."""
    try:
        kind, lines = tray.unpack(values["trade_data"])
    except FormatError:
        return [FIXED + (1, values["full_fare_fen"])]  # noqa: RUF005
    return [(kind, number, count, count * fen) for number, count, fen in lines]


def _add(row, fen, count=1):
    row[0] += count
    row[1] += fen
