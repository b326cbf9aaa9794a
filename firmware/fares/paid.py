# SPDX-License-Identifier: Apache-2.0
"""What one card has paid in a day, its week and its month; how a card is called there. Pure.

A card is its number and its PAN sequence number: whoever has a second card to one account has
paid with that card what was paid with it.
"""

import hashlib
from collections import namedtuple

from firmware.fares import calendar

KEY = 8
FEN_MOST = 0xFFFFFF  # that three bytes hold

# key: of key_of(); first, last: numbers of the records in the sums; day: calendar.day_number of
# the last one; sums: fen of that day, of its week from Monday, of its month
Paid = namedtuple("Paid", ("key", "first", "last", "day", "sums"))


def key_of(pan, psn):
    """KEY bytes of a card: its number hashed (TD-023), its sequence number in clear.

    Two numbers of one hash, one chance in 10^10 among a million cards, share the larger sum.
    """
    return hashlib.sha256(b"ride" + pan.encode()).digest()[: KEY - 1] + bytes((psn,))


def fen_of(data, at):
    """(day, week, month) in fen of the nine bytes at `at`."""
    return tuple([int.from_bytes(data[at + n : at + n + 3], "big") for n in (0, 3, 6)])


def fen_bytes(sums):
    """Likewise back; what is larger than FEN_MOST stands as FEN_MOST."""
    return b"".join([min(fen, FEN_MOST).to_bytes(3, "big") for fen in sums])


def as_of(today, day, sums):
    """(day, week, month) of sums of `day` as they count today; both day numbers, today None where
    the clock says nothing. A day before their own is a clock that went back: nothing is dropped.
    """
    if today is None or today <= day:
        return tuple(sums)
    return tuple([fen if fits else 0 for fen, fits in zip(sums, same_periods(day, today))])


def same_periods(one, other):
    """Whether two day numbers share day, week (from Monday) and month (TD-009)."""
    monday, other_monday = one - calendar.weekday(one), other - calendar.weekday(other)
    same_month = calendar.date_of(one)[:2] == calendar.date_of(other)[:2]
    return (one == other, monday == other_monday, same_month)


def added(sums, more):
    """Sums of two places, period by period."""
    return tuple([a + b for a, b in zip(sums, more)])
