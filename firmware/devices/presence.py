# SPDX-License-Identifier: Apache-2.0
"""Presence: who came in and has not gone out, and since when; working hours of a zone.

A fold over the EVENT records of one reader. A card is ROW bytes: hash, whether inside, minutes of
its last tap and of its first one, last four digits. Minutes are local, counted from 2000-01-01;
what lies back longer than `longest_min` is forgotten, be it that somebody never tapped out. Full,
the card that tapped longest ago makes room.
"""

from firmware.devices.spending import KEY, key_of
from firmware.fares import calendar

DAY_MIN = 1440
ROW = KEY + 11
IN, OUT = 1, 2  # directions of a record


class Presence:
    """most: cards that are remembered."""

    def __init__(self, most, longest_min):
        self.most, self.longest_min = most, longest_min
        self.rows = bytearray()

    def tapped(self, pan, direction, minute):
        """A card went in or out now."""
        at, first = self._at(key_of(pan)), minute
        if at is not None:
            if minute - self._last(at) <= self.longest_min:
                first = _number(self.rows, at + KEY + 5)
            self.rows[at : at + ROW] = b""
        elif len(self.rows) >= self.most * ROW:
            self.rows[:ROW] = b""
        self.rows += _row(pan, direction, minute, first)

    def tapped_before(self, pan, direction, minute):
        """The same of a record that lies further back than all that were told before."""
        at = self._at(key_of(pan))
        if at is not None:
            self.rows[at + KEY + 5 : at + KEY + 9] = minute.to_bytes(4, "big")
        elif len(self.rows) < self.most * ROW:
            self.rows = bytearray(_row(pan, direction, minute, minute)) + self.rows

    def is_inside(self, pan, now):
        """True for a card that came in and has not gone out."""
        at = self._at(key_of(pan))
        return at is not None and self._inside(at, now)

    def was_here(self, pan, since, now):
        """True when the card has tapped between minute `since` and now."""
        at = self._at(key_of(pan))
        return at is not None and self._last(at) >= max(since, now - self.longest_min)

    def count(self, now):
        """How many are inside."""
        return sum([1 for at in range(0, len(self.rows), ROW) if self._inside(at, now)])

    def present(self, now):
        """Generator: (last four digits, minute of the last tap, of the first) of who is inside."""
        for at in range(0, len(self.rows), ROW):
            if self._inside(at, now):
                digits = "%04d" % int.from_bytes(self.rows[at + KEY + 9 : at + ROW], "big")
                yield digits, self._last(at), _number(self.rows, at + KEY + 5)

    def _inside(self, at, now):
        return self.rows[at + KEY] == IN and now - self._last(at) <= self.longest_min

    def _last(self, at):
        return _number(self.rows, at + KEY + 1)

    def _at(self, key):
        for at in range(0, len(self.rows), ROW):
            if self.rows[at : at + KEY] == key:
                return at
        return None


def _row(pan, direction, minute, first):
    times = minute.to_bytes(4, "big") + first.to_bytes(4, "big")
    return key_of(pan) + bytes((direction,)) + times + int(pan[-4:]).to_bytes(2, "big")


def _number(rows, at):
    return int.from_bytes(rows[at : at + 4], "big")


def minute_of(now):
    """Minutes since 2000-01-01 of a clock's (year, month, day, hour, minute, second)."""
    return calendar.day_number(*now[:3]) * DAY_MIN + now[3] * 60 + now[4]


def minute_of_record(values):
    """The same of a record's date and time; None for what is no date."""
    try:
        date, time = values["date"], values["time"]
        day = calendar.day_number(2000 + int(date[:2]), int(date[2:4]), int(date[4:6]))
        return day * DAY_MIN + int(time[:2]) * 60 + int(time[2:4])
    except (ValueError, TypeError):
        return None


def spans(windows, zone, day):
    """[(from, to)] of a zone's hours around a day, in minutes since 2000-01-01, in their order;
    hours over midnight are one span, hours without an end none at all.
    """
    found = []
    for one_day in (day - 1, day, day + 1):
        for one in sorted(windows, key=lambda window: window.from_minute):
            is_open = one.days >> (one_day + 5) % 7 & 1  # bit 0 is Monday, day 0 was a Saturday
            if one.zone == zone and is_open and one.first_day <= one_day <= one.last_day:
                begins = one_day * DAY_MIN + one.from_minute
                ends = one_day * DAY_MIN + one.to_minute
                if found and found[-1][1] >= begins:
                    found[-1] = (found[-1][0], max(ends, found[-1][1]))
                else:
                    found.append((begins, ends))
    return [one for one in found if one[1] - one[0] < DAY_MIN]
