# SPDX-License-Identifier: Apache-2.0
"""What each card has spent today and how often in this meal: limits of a canteen.

A fold over the journal, as a shift is: restore() goes back to the day's first record that is still
there. At most MOST cards are held, the oldest makes room: a limit forgotten is the house's loss,
never the guest's. RAM: ROW bytes a card.
"""

import hashlib

from firmware.formats import record

MOST = 500
KEY = 8
ROW = KEY + 6  # meal, taps in it, fen of the day


class Spending:
    """Of one day at a time; a meal is a number, 0 for none."""

    def __init__(self, meal_of):
        """meal_of(HHMM): the meal of a time, 0 for none."""
        self.meal_of = meal_of
        self.date = ""
        self.rows = bytearray()

    def restore(self, recent, date):
        """Take up the day; recent: of Trade.restore(); date: YYMMDD."""
        for _, values in recent(MOST):
            if values["date"] != date:
                break
            if values["kind"] == record.APPROVED:
                self.add(values)

    def add(self, values):
        """Count one sale; in any order within a day."""
        if values["date"] < self.date:
            return  # a torn tap of yesterday
        if values["date"] != self.date:
            self.date, self.rows = values["date"], bytearray()
        key = key_of(record.pan_digits(values["pan"]), values["psn"])
        meal, at = self.meal_of(values["time"][:4]), self._at(key)
        old = bytes(self.rows[at : at + ROW]) if at is not None else bytes(ROW)
        latest, taps = max(meal, old[KEY]), old[KEY + 1] if old[KEY] >= meal else 0
        taps = min(255, taps + (meal == latest))
        fen = int.from_bytes(old[KEY + 2 :], "big") + values["amount_fen"]
        row = key + bytes((latest, taps)) + min(0xFFFFFFFF, fen).to_bytes(4, "big")
        if at is not None:
            self.rows = self.rows[:at] + self.rows[at + ROW :]
        self.rows = self.rows[-(MOST - 1) * ROW :] + row

    def of(self, pan, psn, date, meal):
        """(taps in this meal, fen of this day) of a card."""
        at = self._at(key_of(pan, psn)) if date == self.date else None
        if at is None:
            return 0, 0
        taps = self.rows[at + KEY + 1] if self.rows[at + KEY] == meal else 0
        return taps, int.from_bytes(self.rows[at + KEY + 2 : at + ROW], "big")

    def _at(self, key):
        for at in range(0, len(self.rows), ROW):
            if self.rows[at : at + KEY] == key:
                return at
        return None


def key_of(pan, psn=0):
    """KEY bytes of a card (TD-023): a second card to one account is another guest's."""
    return hashlib.sha256(b"meal%d " % psn + pan.encode()).digest()[:KEY]
