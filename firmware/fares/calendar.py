# SPDX-License-Identifier: Apache-2.0
"""Local days and moments as small numbers: no clock, no time zone, right from 2000 to 2178.

A moment is (year, month, day, hour, minute, second); a day is counted from 2000-01-01, a Saturday,
so that no number comes near the 31 bits that end in 2038 (TD-009).
"""

DAY_S = 86400
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
FIRST_YEAR, LAST_YEAR = 2000, 2178  # 65,535 days fit two bytes


def is_leap(year):
    """True for a year with a 29 February."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def is_day(year, month, day):
    """True for a day that exists and can be counted."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        return False
    return 1 <= day <= LENGTHS[month - 1] + (month == 2 and is_leap(year))


def day_number(year, month, day):
    """Days since 2000-01-01 of a day that exists (TD-009)."""
    past = year - FIRST_YEAR
    leaps = (past + 3) // 4 - (past + 99) // 100 + (past + 399) // 400
    number = past * 365 + leaps + sum(LENGTHS[: month - 1]) + day - 1
    return number + (month > 2 and is_leap(year))


def date_of(number):
    """(year, month, day) of a day number."""
    year = FIRST_YEAR + number // 366
    while number >= day_number(year + 1, 1, 1):
        year += 1
    month = 12
    while month > 1 and number < day_number(year, month, 1):
        month -= 1
    return (year, month, number - day_number(year, month, 1) + 1)


def weekday(number):
    """0 Monday to 6 Sunday."""
    return (number + 5) % 7


def moment(when):
    """(day number, second of that day); None for a moment that does not exist, as a clock that
    was never set may show one.
    """
    year, month, day, hour, minute, second = when
    right = 0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60
    if not right or not is_day(year, month, day):
        return None
    return (day_number(year, month, day), hour * 3600 + minute * 60 + second)


def shifted(at, seconds):
    """The moment `seconds` later, or earlier where negative; both (day number, second)."""
    total = at[1] + seconds
    return (at[0] + total // DAY_S, total % DAY_S)


def seconds_between(began, ended):
    """Seconds from one (day number, second) to another."""
    return (ended[0] - began[0]) * DAY_S + ended[1] - began[1]
