# SPDX-License-Identifier: Apache-2.0
"""Seats of a departure that a kiosk sells before the day: its own share, counted, never more.

Kiosks at a coach station need no line: each has a share of the seats (`seats`) and numbers of its
own (kiosk_key), so that no seat is sold by two of them; the coach keeps as many as all of them
have (`presold` of coach.py). A ticket is good on the day of its departure until the coach leaves,
and boards once. What was sold is counted from the journal: tickets are sold `days_ahead` days
ahead, so what is older cannot be for today. Where the journal does not reach so far back any more,
nobody knows how many were sold, and none is. A sale that was torn keeps its seat until it is
settled, one that stays pending keeps it for good: the desk decides.

| setting | value |
|---|---|
| seats | 1..1000: seats of each day that this kiosk may sell |
| departs | HHMM: the coach leaves every day at this time; tickets are good until then |
"""

from firmware.devices import kiosk_issuer, options
from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.formats import fields, record, ticket
from firmware.kernel import outcome

HOLDING = (record.APPROVED, record.PENDING, record.DEBITED_UNPROVEN)
SOLD_OUT, LEFT = "no seat is left on that day", "the coach of today has left"
NOT_KNOWN = "the journal does not say how many were sold: nothing is sold ahead"


class Seats:
    """Of one kiosk. `closes`: the last minute of a ticket."""

    def __init__(self, more, days_ahead):
        """more: settings. FormatError for those that mean nothing."""
        self.count, self.days_ahead = options.number(more, "seats", 0, 1, 1000), days_ahead
        hhmm = options.number(more, "departs", 0, 0, 2359)
        if "departs" not in more or hhmm % 100 > 59:
            raise FormatError("`seats` wants `departs`, a time such as 1430")
        self.closes = hhmm // 100 * 60 + hhmm % 100
        self.house = None
        self.sold = {}  # day -> persons
        self.known = False  # that the journal has all of them
        self.stale = True  # they are to be counted anew

    def attach(self, house):
        """house: of trade.py."""
        self.house = house

    def fault(self, day, persons, now):
        """Why a ticket for a day cannot be sold at `now` (day, second), ""."""
        if day == now[0] and now[1] >= 60 * self.closes:
            return LEFT
        if self.stale:
            self._count_anew(now[0])
        if not self.known:
            return NOT_KNOWN
        return "" if self.sold.get(day, 0) + persons <= self.count else SOLD_OUT

    def after(self, sold):
        """A tap is over that had a ticket in its record."""
        if sold.outcome.outcome == outcome.APPROVED:
            self._add(sold.values["trade_data"])
        else:
            self.stale = True  # torn, settled or refused: the journal knows

    def _count_anew(self, today):
        journal, torn = self.house.journal, self.house.torn_taps
        self.sold, oldest = {}, None
        for sequence, values in record.readable(journal.backwards()):
            oldest = sequence
            if values["clock_trusted"] and _day_of(values["date"]) < today - self.days_ahead:
                oldest = 1  # what is behind cannot be for today
                break
            if values["kind"] in HOLDING:
                self._add(values["trade_data"])
        held = [torn.load(entry) for entry in tuple(torn.open)]
        for values in held:
            if values:
                self._add(values["trade_data"])
        self.known = oldest in (None, 1)
        self.stale = not self.known or bool(held)

    def _add(self, data):
        if len(data) == kiosk_issuer.DATA and data[:1] == kiosk_issuer.VERSION:
            values = fields.unpack(ticket.TICKET, data[1:])
            day = values["first_day"]
            self.sold[day] = self.sold.get(day, 0) + values["persons"]


def _day_of(date):
    """Day number of YYMMDD; 0 of what is no day."""
    parts = 2000 + int(date[:2]), int(date[2:4]), int(date[4:6])
    return calendar.day_number(*parts) if calendar.is_day(*parts) else 0
