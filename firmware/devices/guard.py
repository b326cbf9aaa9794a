# SPDX-License-Identifier: Apache-2.0
"""The cards that paid last, and what a deny list would do to them (formats/deny_guard.py)."""

from firmware.formats.deny_guard import grown, hitting, too_wide
from firmware.formats.deny_list import RANGE, entries_of, hit

GOOD = 128  # cards that are remembered
KEY = 11  # bytes of one: its digits padded with F, its sequence number


class GoodCards:
    """The last cards that paid, each once."""

    def __init__(self):
        self.rows = bytearray(GOOD * KEY)
        self.count = self.at = 0

    def add(self, pan, psn):
        """Remember a card; the oldest one goes."""
        key = bytes.fromhex(pan + "f" * (2 * KEY - 2 - len(pan))) + bytes((psn,))
        for at in range(0, self.count * KEY, KEY):
            if self.rows[at : at + KEY] == key:
                return
        self.rows[self.at * KEY : self.at * KEY + KEY] = key
        self.at = (self.at + 1) % GOOD
        self.count = min(GOOD, self.count + 1)

    def cards(self):
        """Generator of (pan, psn)."""
        for at in range(0, self.count * KEY, KEY):
            yield bytes(self.rows[at : at + KEY - 1]).hex().rstrip("f"), self.rows[at + KEY - 1]


def poison(parameters, old, new, good):
    """Generator: text why a list is not to be believed, "" else; a slice is one card.

    old, new: DenyFiles that are in force and would be, changes first; good: GoodCards.
    """
    before, then = sum([one.entries for one in old]), sum([one.entries for one in new])
    text = grown(before, then, parameters.deny_growth_percent, parameters.deny_growth_least)
    for at in range(0, len(new[0].ranges), RANGE):
        text = text or too_wide(new[0].ranges[at])
    if text:
        return text
    hits = cards = 0
    for pan, psn in good.cards():
        if hit(entries_of(pan, old), psn):
            continue
        cards += 1
        hits += 1 if hit(entries_of(pan, new), psn) else 0
        yield
    return hitting(hits, cards, parameters.deny_hits_percent)
