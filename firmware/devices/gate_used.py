# SPDX-License-Identifier: Apache-2.0
"""E-tickets that were used, as far as this gate knows: by itself, its journal, its neighbours.

One row a ticket, 30 bits of one number, so that a board pays two words for it:

    bits 0..6   entries so far, 127 at the most
    bits 7..15  day of the last one, counted modulo 512
    bits 16..29 last day of the ticket, counted from 2020-01-01

A full list forgets tickets whose days are over. When there are none, no further ticket is taken:
a list that forgot one that is still good would let it in twice (TD-070).
"""

BASE_DAY = 7305  # 2020-01-01, counted from 2000-01-01
MOST_ENTRIES = 127
LAST_OF_ALL = 0x3FFF


class UsedTickets:
    """At most `most` rows (TD-070)."""

    def __init__(self, most):
        self.most = most
        self.rows = {}

    def entries(self, ticket):
        """(entries so far, day of the last one modulo 512)"""
        row = self.rows.get(ticket, 0)
        return row & 0x7F, row >> 7 & 0x1FF

    def has_room(self, ticket, today):
        """True when this ticket can be noted."""
        if ticket in self.rows or len(self.rows) < self.most:
            return True
        for one in list(self.rows):
            if (self.rows[one] >> 16) + BASE_DAY < today:
                del self.rows[one]
        return len(self.rows) < self.most

    def note(self, ticket, entries, day, last_day):
        """So many entries until now, from whomever this is known; what is known never shrinks."""
        if ticket not in self.rows and len(self.rows) >= self.most:
            return
        known, known_day = self.entries(ticket)
        if entries < known:
            entries, day = known, known_day
        last = min(LAST_OF_ALL, max(0, last_day - BASE_DAY, self.rows.get(ticket, 0) >> 16))
        self.rows[ticket] = min(MOST_ENTRIES, entries) | (day & 0x1FF) << 7 | last << 16

    def row(self, ticket):
        """(entries, day modulo 512, last day) of a ticket that was used."""
        entries, day = self.entries(ticket)
        return entries, day, (self.rows[ticket] >> 16) + BASE_DAY
