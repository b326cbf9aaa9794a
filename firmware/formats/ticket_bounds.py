# SPDX-License-Identifier: Apache-2.0
"""What a key of tickets may sign, as words behind it in the file of keys (ticket.py).

| word | bound |
|---|---|
| ids=A-B | numbers of its tickets, A to B |
| until=YYYY-MM-DD | last day on which one may be good |
| groups=1,3 | gate groups that it may name |
| entries=N | entries that one may have |
| persons=N | persons that an entry may let in |
"""

from collections import namedtuple

from firmware.fares import calendar
from firmware.formats import lines

MOST = (1 << 30) - 1  # what a ticket cannot have needs no bound
# ids: (first, last); until: day number; groups: bits; None: no such bound
Bounds = namedtuple("Bounds", ("ids", "until", "groups", "entries", "persons"))


def read(words, name, number):
    """Bounds of the words; FormatError with the file's name and the number of the line."""
    found = {}
    for word in words:
        key, _, value = word.partition("=")
        made = READERS[key](value) if key in READERS and key not in found else None
        if made is None:
            raise lines.wrong(name, number, "key: `%s` is no bound, or stands twice" % word)
        found[key] = made
    return Bounds(
        ids=found.get("ids"),
        until=found.get("until"),
        groups=found.get("groups"),
        entries=found.get("entries"),
        persons=found.get("persons"),
    )


def _whole(text, most):
    """1 to `most`, None for anything else."""
    good = lines.is_digits(text) and len(text) < 11
    return int(text) if good and 0 < int(text) <= most else None


def _ids(text):
    low, _, high = text.partition("-")
    low, high = _whole(low, MOST), _whole(high, MOST)
    return (low, high) if low and high and low <= high else None


def _until(text):
    parts = text.split("-")
    if [len(one) for one in parts] != [4, 2, 2] or not all(map(lines.is_digits, parts)):
        return None
    year, month, day = [int(one) for one in parts]
    return calendar.day_number(year, month, day) if calendar.is_day(year, month, day) else None


def _groups(text):
    bits = 0
    for one in text.split(","):
        group = _whole(one, 16)
        if not group:
            return None
        bits |= 1 << (group - 1)
    return bits


READERS = {
    "ids": _ids,
    "until": _until,
    "groups": _groups,
    "entries": lambda text: _whole(text, 127),
    "persons": lambda text: _whole(text, 50),
}
