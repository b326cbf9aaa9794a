# SPDX-License-Identifier: Apache-2.0
"""Coach tickets given back for cash, never on the card: by the hours left (terminals.md 6).

`refund 5 17` gives back seat 5 that record 17 has sold: what the table says of its price, as an
EVENT `refund_cash` that names the sale; the seat is free again. Not twice, not for a ticket that
was shown while tickets were checked, not for one of another coach or trip, not once the coach has
left: `depart 1430`. A payment that nobody waits for any more (a torn tap that was settled later)
is given back whole at any time.

trade_data of `refund_cash`: version 4 (1), origin (2), destination (2), seat (1), percent (1);
of a check: version 3 (1), stop (2). `coach_departs` has YYMMDDHHMM as its reference.

| setting | value |
|---|---|
| refund_rules | 24=90 2=80 0=50: with so many hours left, so many per cent; none: nothing |
"""

from collections import namedtuple

from firmware.devices import options
from firmware.devices.panel import yuan
from firmware.devices.shift import REFUND
from firmware.errors import FormatError, JournalFull
from firmware.fares import calendar
from firmware.formats import record

DEPARTS = "coach_departs"
GIVEN_BACK, CHECKED = b"\x04", b"\x03"  # versions of trade_data
HOUR_S = 3600
ALL = 100

# key: of the card, b"" of cash; seat is taken from origin to destination; sale: number of the
# record; fen: what was paid
Ticket = namedtuple("Ticket", ("key", "origin", "destination", "seat", "sale", "fen"))


class Refunds:
    """Of one trip."""

    def __init__(self, more):
        """more: settings. FormatError for rules that mean nothing."""
        self.rules = rules_of(more.get("refund_rules", ""))
        self.clear()

    def clear(self):
        """Another trip."""
        self.departs = None  # (year, month, day, hour, minute, second), as keyed
        self.given = {}  # number of a sale -> fen given back
        self.owed = {}  # number of a sale that nobody waits for -> its Ticket
        self.checks = []  # (key of a card, stop) as tickets were shown
        self.fen = 0

    def seen(self, values):
        """A record of this trip, newest first, after a start."""
        data = values["trade_data"]
        if values["reason"] == REFUND and data[:1] == GIVEN_BACK:
            self._count(values["reference"], values["amount_fen"])
        elif values["reason"] == DEPARTS and self.departs is None:
            digits = "%010d" % values["reference"]
            parts = [int(digits[at : at + 2]) for at in range(0, 10, 2)]
            self.departs = (2000 + parts[0],) + tuple(parts[1:]) + (0,)  # noqa: RUF005

    def checked(self, key, stop):
        """A ticket was shown, and was good."""
        if (key, stop) not in self.checks:
            self.checks.append((key, stop))

    def depart(self, hhmm, coach):
        """The coach leaves today at that time; what keeps it from being written down, ""."""
        now = coach.clock.local_now()
        if hhmm % 100 > 59:
            return "a time is HHMM, such as 1430"
        values = coach.house.stamp.onto(record.blank(record.EVENT))
        day = (now[0] % 100 * 100 + now[1]) * 100 + now[2]
        values["reason"], values["reference"] = DEPARTS, day * 10000 + hhmm
        if not _written(coach, values):
            return "the storage is full"
        self.departs = tuple(now[:3]) + (hhmm // 100, hhmm % 100, 0)  # noqa: RUF005
        return ""

    def has_left(self, coach):
        """True behind the moment that was keyed; not where none was or the clock is in doubt."""
        if self.departs is None or not coach.house.stamp.exact():
            return False
        now = calendar.moment(coach.clock.local_now())
        return calendar.seconds_between(now, calendar.moment(self.departs)) <= 0

    def give(self, coach, seat, sale):
        """(Ticket, fen) that goes back, or (None, why not)."""
        if sale in self.given:
            return None, "sale %d was given back: %s" % (sale, yuan(self.given[sale]))
        whole = self.owed.get(sale)
        found = [one for one in coach.sold if one.sale == sale and one.seat == seat]
        if whole and whole.seat == seat:
            ticket, percent, why = whole, ALL, ""
        elif not found:
            return None, "this coach has not sold seat %d by record %d" % (seat, sale)
        else:
            ticket = found[0]
            percent, why = self._share(ticket, coach.clock.local_now(), coach.house.stamp)
        if why:
            return None, why
        fen = ticket.fen * percent // 100
        if not self._write(coach, ticket, percent, fen):
            return None, "the storage is full"
        self._count(sale, fen)
        return ticket, fen

    def _share(self, ticket, now, stamp):
        """(percent, why none)."""
        low, high = sorted((ticket.origin, ticket.destination))
        for key, stop in self.checks:
            if ticket.key and key == ticket.key and low <= stop <= high:
                return 0, "this ticket was shown: it is used"
        if not self.rules:
            return 0, "this coach gives nothing back: refund_rules"
        if self.departs is None:
            return 0, "key when the coach leaves: depart HHMM"
        if not stamp.exact():
            return 0, "the clock is in doubt: nobody knows how many hours are left"
        left_s = calendar.seconds_between(calendar.moment(now), calendar.moment(self.departs))
        if left_s <= 0:
            return 0, "the coach has left"
        for hours, percent in self.rules:
            if left_s >= hours * HOUR_S:
                return percent, "" if percent else "nothing goes back so late"
        return 0, "nothing goes back so late"

    def _write(self, coach, ticket, percent, fen):
        values = coach.house.stamp.onto(record.blank(record.EVENT))
        values["reason"], values["rule"], values["reference"] = REFUND, "refund", ticket.sale
        values["amount_fen"], values["full_fare_fen"] = fen, ticket.fen
        stops = ticket.origin.to_bytes(2, "big") + ticket.destination.to_bytes(2, "big")
        values["trade_data"] = GIVEN_BACK + stops + bytes((ticket.seat, percent))
        return _written(coach, values)

    def _count(self, sale, fen):
        self.given[sale] = fen
        self.fen += fen

    def lines(self):
        """What goes behind the totals of a trip."""
        if not self.given:
            return ()
        return ("退票 Given back: %d 笔 %s" % (len(self.given), yuan(self.fen)),)


def rules_of(text):
    """[(hours, percent)] of `24=90 2=80 0=50`, the most hours first; FormatError."""
    found = []
    for word in text.split():
        hours, _, percent = word.partition("=")
        row = (
            options.number({"refund_rules": hours}, "refund_rules", 0, 0, 720),
            options.number({"refund_rules": percent}, "refund_rules", 0, 0, ALL),
        )
        if found and (row[0] >= found[-1][0] or row[1] > found[-1][1]):
            raise FormatError("`refund_rules: %s`: from many hours to few, never more" % word)
        found.append(row)
    return found


def _written(coach, values):
    try:
        return coach.house.journal.append(record.pack(values))
    except JournalFull:
        return 0
