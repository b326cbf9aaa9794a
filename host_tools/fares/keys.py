# SPDX-License-Identifier: Apache-2.0
"""Keys: the values of a TOML table, each asked for once by its kind, none left over.

Every fault is a FormatError that names file, line (where the key can be found), the whole key and
what is wanted there.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from firmware.errors import FormatError
from firmware.fares import layout
from host_tools.fares.places import line_of, nearest

TIMES = re.compile(r"([0-2]\d):([0-5]\d)\s*-\s*([0-2]\d):([0-5]\d)")
MISSING: Any = object()


class Keys:
    """A table of the file; `path`: its key, for messages."""

    def __init__(self, values: Any, path: str, name: str, text: str):
        self.path, self.name, self.text = path, name, text
        if not isinstance(values, dict):
            raise self.wrong(None, "a table `[%s]` is wanted" % path)
        self.values = dict(values)
        self.asked: list[str] = []  # keys there could be

    def wrong(self, key: str | None, what: str) -> FormatError:
        """The fault of a key as an exception."""
        whole = ".".join(one for one in (self.path, key) if one)
        line = line_of(self.text, whole)
        where = "%s:%d" % (self.name, line) if line else self.name
        return FormatError("%s: %s%s" % (where, "`%s`: " % whole if whole else "", what))

    def take(self, key: str, kinds: Any, what: str, default: Any = MISSING) -> Any:
        """Value of a key of the wanted Python type; a key that is missing is its default."""
        self.asked.append(key)
        if key not in self.values:
            if default is MISSING:
                raise self.wrong(None, "`%s` is missing: %s" % (key, what))
            return default
        value = self.values.pop(key)
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            raise self.wrong(key, "%s is wanted, not %s" % (what, _shown(value)))
        return value

    def whole(self, key: str, top: int, default: Any = MISSING, least: int = 0) -> Any:
        """A whole number from `least` to `top`."""
        what = "a whole number from %d to %d" % (least, top)
        if isinstance(self.values.get(key), float | str):
            what += ", without quotes or point%s," % (" (2 yuan is 200)" if "fen" in key else "")
        value = self.take(key, int, what, default)
        if value is not default and not least <= value <= top:
            raise self.wrong(key, "%s is wanted, not %s" % (what, _shown(value)))
        return value

    def word(self, key: str, words: tuple[str, ...], default: Any = MISSING) -> Any:
        """One of `words`."""
        what = "one of " + ", ".join(words)
        value = self.take(key, str, what, default)
        if value is not default and value not in words:
            raise self.wrong(key, "%s is wanted, not %r" % (what, value))
        return value

    def flag(self, key: str) -> bool:
        """true or false; false where it is missing."""
        return self.take(key, bool, "true or false", False)

    def texts(self, key: str, default: Any = MISSING) -> tuple[str, ...]:
        """A list of texts, or one text alone."""
        value = self.take(key, (list, str), "a list of texts", default)
        value = [value] if isinstance(value, str) else value
        if value is not default and any(not isinstance(one, str) for one in value):
            raise self.wrong(key, "a list of texts is wanted")
        return tuple(value)

    def moment(self, key: str) -> datetime:
        """A local date and time, without an offset."""
        what = "a local time such as 2026-12-01T04:00:00"
        value = self.take(key, datetime, what)
        if value.tzinfo is not None or value.microsecond:
            raise self.wrong(key, what + " is wanted, without offset and fractions")
        return value

    def inner(self, key: str, default: Any = MISSING) -> "Keys":
        """A table below this one."""
        value = self.take(key, dict, "a table [%s]" % self._below(key), default)
        return Keys(value, self._below(key), self.name, self.text)

    def each(self, key: str) -> Iterator["Keys"]:
        """Tables of a list of tables; none where it is missing."""
        what = "tables with two brackets, [[%s]]," % self._below(key)
        for number, value in enumerate(self.take(key, list, what, [])):
            yield Keys(value, "%s[%d]" % (self._below(key), number), self.name, self.text)

    def named(self, key: str) -> Iterator[tuple[str, "Keys"]]:
        """(name, table) of each table below a key; none where it is missing."""
        what = "tables by name, [%s.NAME]," % self._below(key)
        for name, value in self.take(key, dict, what, {}).items():
            yield name, Keys(value, "%s.%s" % (self._below(key), name), self.name, self.text)

    def rows(self, key: str, cell: Callable[[Any], bool], what: str) -> tuple[tuple, ...]:
        """A list of lists of cells that pass `cell`."""
        value = self.take(key, list, what)
        for row in value:
            if not isinstance(row, list) or not all(cell(one) for one in row):
                raise self.wrong(key, "%s is wanted, not %r" % (what, row))
        return tuple(tuple(row) for row in value)

    def times(self, key: str) -> tuple[tuple[int, int], ...]:
        """Spans of the day as minutes, of "HH:MM-HH:MM"."""
        return tuple(self._span(key, text) for text in self.texts(key))

    def _span(self, key: str, text: str) -> tuple[int, int]:
        found = TIMES.fullmatch(text.strip())
        if found:
            from_h, from_m, to_h, to_m = (int(part) for part in found.groups())
            from_min, to_min = from_h * 60 + from_m, to_h * 60 + to_m
            if from_min < 1440 and to_min <= 1440:
                return from_min, to_min
        raise self.wrong(key, '"HH:MM-HH:MM" is wanted, up to 24:00, not %r' % text)

    def days(self, key: str) -> Iterator[date]:
        """Days of "YYYY-MM-DD" and "YYYY-MM-DD..YYYY-MM-DD"."""
        for text in self.texts(key, ()):
            first, _, last = text.partition("..")
            try:
                begun = date.fromisoformat(first.strip())
                ended = date.fromisoformat(last.strip() or first.strip())
            except ValueError:
                begun, ended = date(2, 1, 1), date(1, 1, 1)
            if not 0 <= (ended - begun).days < 366:
                raise self.wrong(key, "YYYY-MM-DD or YYYY-MM-DD..YYYY-MM-DD, not %r" % text)
            yield from (
                date.fromordinal(n) for n in range(begun.toordinal(), ended.toordinal() + 1)
            )

    def done(self) -> None:
        """FormatError when a key was not asked for: a typing error must not be passed over."""
        for key in self.values:
            meant = nearest(key, self.asked) or "; docs/fares.md names them"
            raise self.wrong(key, "there is no such key here" + meant)

    def word_of(self, name: str) -> None:
        """FormatError for a name that has no place in a record."""
        try:
            layout.padded(name)
        except FormatError as wrong:
            what = "a name is 1 to %d letters and digits without blanks, not %s"
            raise self.wrong(None, what % (layout.WORD_BYTES, _shown(name))) from wrong

    def _below(self, key: str) -> str:
        return self.path + "." + key if self.path else key


def _shown(value: Any) -> str:
    """A value for a message, as TOML has it and not longer than a line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "one table"
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= 40 else text[:40] + ".."
