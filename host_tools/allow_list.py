# SPDX-License-Identifier: Apache-2.0
"""Allow lists of doors: a text that people keep, and the file a terminal reads.

    version: 3
    hours: office mon-sat 08:00-18:00        zone, days, from-to; 22:00-06:00 goes over midnight
    hours: month daily 00:00-24:00 2026-12-01..2026-12-31        the days from which and to which
    card: 6228000100000010 office

A zone may have several lines of hours; days are mon-fri, sun, daily. FormatError names the line.
"""

from datetime import date, timedelta
from pathlib import Path

from firmware.errors import FormatError
from firmware.formats import allow_list, lines
from firmware.formats.allow_list import Window
from host_tools.signing import Bytes

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN = 1440


def build(text: str, salt: bytes, name: str = "allow list") -> bytes:
    """The file of a text; salt: 8 random bytes."""
    found = lines.read(text, name, ("version",), ("hours", "card"))
    zones: dict[str, int] = {}
    windows: list[Window] = []
    for number, line in found["hours"]:
        words = line.split()
        if len(words) not in (3, 4):
            said = "hours is ZONE DAYS FROM-TO [DATE..DATE]: office mon-fri 08:00-18:00"
            raise lines.wrong(name, number, said)
        zone = zones.setdefault(words[0], len(zones) + 1)
        if zone > 255:
            raise lines.wrong(name, number, "a list has 255 zones at the most")
        try:
            windows += _windows(zone, _days(words[1]), words[2], _dates(words[3:]))
        except ValueError as wrong:
            raise lines.wrong(name, number, str(wrong)) from wrong
    cards: dict[str, int] = {}
    for number, line in found["card"]:
        words = line.split()
        if len(words) != 2 or not lines.is_digits(words[0]) or not 11 <= len(words[0]) <= 19:
            raise lines.wrong(name, number, "card is NUMBER ZONE, 11 to 19 digits")
        if words[1] not in zones:
            raise lines.wrong(name, number, f"no `hours` line has the zone {words[1]}")
        if words[0] in cards:
            raise lines.wrong(name, number, "this card stands twice")
        cards[words[0]] = zones[words[1]]
    return allow_list.pack(lines.whole(found, name, "version", None, 1), salt, windows, cards)


def build_file(path: Path, salt: bytes) -> bytes:
    """The same of a file."""
    return build(path.read_text(encoding="utf-8"), salt, str(path))


def hours_of(one: Window) -> str:
    """A window in words: `zone 1: mon tue 08:00-18:00`."""
    days = " ".join(name for bit, name in enumerate(DAYS) if one.days >> bit & 1)
    hours = f"zone {one.zone}: {days} {_clock(one.from_minute)}-{_clock(one.to_minute)}"
    if (one.first_day, one.last_day) == allow_list.ALWAYS:
        return hours
    start = date(2000, 1, 1)
    first, last = (start + timedelta(days=day) for day in (one.first_day, one.last_day))
    return f"{hours}, {first} to {last}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _days(text: str) -> int:
    if text == "daily":
        return 127
    first, _, last = text.partition("-")
    if first not in DAYS or (last or first) not in DAYS:
        raise ValueError(f"{text}: days are {'-'.join((DAYS[0], DAYS[4]))}, {DAYS[6]} or daily")
    at, end = DAYS.index(first), DAYS.index(last or first)
    days = 1 << at
    while at != end:
        at = (at + 1) % 7
        days |= 1 << at
    return days


def _dates(words: list[str]) -> tuple[int, int]:
    """First and last day of `2026-12-01..2026-12-31`, ALWAYS where nothing is said."""
    if not words:
        return allow_list.ALWAYS
    first, _, last = words[0].partition("..")
    return _day(first), _day(last)


def _day(text: str) -> int:
    day = (date.fromisoformat(text) - date(2000, 1, 1)).days
    if not 0 < day < 0xFFFF:
        raise ValueError(f"{text}: days from 2000-01-02 on can be said")
    return day


def _windows(zone: int, days: int, text: str, dates: tuple[int, int]) -> list[Window]:
    first, _, last = text.partition("-")
    begins, ends = _minute(first), _minute(last)
    if begins == ends:
        raise ValueError(f"{text}: 00:00-24:00 is the whole day")
    if begins < ends:
        return [Window(zone, days, begins, ends, *dates)]
    after = (days << 1 | days >> 6) & 127  # what lies behind midnight belongs to the next day
    later = [Window(zone, after, 0, ends, *dates)] if ends else []
    return [Window(zone, days, begins, DAY_MIN, *dates), *later]


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    if not (lines.is_digits(hour) and lines.is_digits(minute)) or len(minute) != 2:
        raise ValueError(f"{text}: a time is HH:MM")
    if int(minute) > 59 or int(hour) * 60 + int(minute) > DAY_MIN:
        raise ValueError(f"{text}: a day has 24:00 hours")
    return int(hour) * 60 + int(minute)


def opened(data: bytes) -> allow_list.AllowList:
    """The list in a file that `build` made, not signed. FormatError."""
    try:
        return allow_list.AllowList(Bytes(data))
    except FormatError as wrong:
        signed = " (a signed one is read by the terminal alone)" if data[:4] == b"FTSF" else ""
        raise FormatError(f"{wrong}{signed}") from wrong
