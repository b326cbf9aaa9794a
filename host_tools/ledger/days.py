# SPDX-License-Identifier: Apache-2.0
"""Business days: numbers such as 20261122, from the cut hour to the next day's cut hour.

Pure. A tap at 01:30 belongs to the day before where the cut is at 3.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from firmware.errors import FormatError

FUTURE_S = 86400  # a record may be dated so far ahead of its arrival
DAYS_KEPT = 400  # and so far back, before its date counts as a fault of the clock


def number(of: date) -> int:
    """20261122 of a date."""
    return of.year * 10000 + of.month * 100 + of.day


def as_date(day: int) -> date:
    """The date of 20261122."""
    return date(day // 10000, day // 100 % 100, day % 100)


@lru_cache(maxsize=4096)
def of_local(day: str, hour: str, cut_hour: int) -> int | None:
    """Business day of a local YYMMDD and hour HH; None where that is no date."""
    try:
        moment = datetime(2000 + int(day[:2]), int(day[2:4]), int(day[4:6]), int(hour))
        return number((moment - timedelta(hours=cut_hour)).date())
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def of_utc(hours_utc: int, cut_hour: int, utc_offset_s: int) -> int:
    """Business day of a moment given in whole hours since 1970 UTC."""
    local_s = hours_utc * 3600 + utc_offset_s - cut_hour * 3600
    return number(datetime.fromtimestamp(max(0, local_s), UTC).date())


@lru_cache(maxsize=4096)
def shifted(day: int, count: int) -> int:
    """The day `count` days on."""
    return number(as_date(day) + timedelta(days=count))


def read(text: str) -> int:
    """Day of YYMMDD, YYYYMMDD or YYYY-MM-DD; FormatError for all else."""
    digits = text.replace("-", "")
    try:
        if len(digits) == 6 and digits.isdigit():
            digits = "20" + digits
        if len(digits) == 8 and digits.isdigit():
            return number(as_date(int(digits)))
    except ValueError:
        pass
    raise FormatError(f"{text!r} is no day: say it as 261122 or 2026-11-22")


def shown(day: int) -> str:
    """2026-11-22."""
    return as_date(day).isoformat() if day else "-"
