# SPDX-License-Identifier: Apache-2.0
"""Table: the rows of a fare table, read one by one where they lie (layout.py).

What is held is one number a section. A row is read when it is asked for: a metro with 200 stations
has 40,000 cells, of which a trip needs one.
"""

from firmware.errors import FormatError
from firmware.fares import calendar, layout
from firmware.formats import fields


class Table:
    """One table on a blob: `size`, `read(at, count)`. FormatError for all that cannot be one."""

    def __init__(self, blob):
        self.blob = blob
        head = fields.unpack(layout.HEAD, self._bytes(0, layout.width(layout.HEAD)))
        if head["magic"] != layout.MAGIC or head["layout"] != layout.LAYOUT:
            raise FormatError("no fare table, or one of another layout")
        self.version = head["version"]
        self.ceiling_fen = head["ceiling_fen"]
        self.round_fen = head["round_fen"]
        self.drift_s = head["drift_s"]
        self.effective = _moment(head["effective"])
        if not self.round_fen or self.drift_s > layout.MOST_DRIFT_S:
            raise FormatError("fare table: rounded to 0, or with too great a drift")
        self.counts = {}
        self._places = {}  # section: where it starts, bytes of a row, its table
        at = layout.width(layout.HEAD)
        for name, table in layout.SECTIONS:
            width = layout.width(table)
            self.counts[name] = head[name]
            self._places[name] = (at, width, table)
            at += head[name] * width
        if at != head["size"] or at != blob.size:
            raise FormatError("fare table: %d bytes, %d wanted" % (blob.size, at))

    def row(self, section, number):
        """Dict of row `number` of a section. FormatError when there is none."""
        if not 0 <= number < self.counts[section]:
            raise FormatError("%s: there is no row %d" % (section, number))
        start, width, table = self._places[section]
        return fields.unpack(table, self._bytes(start + number * width, width))

    def rows(self, section):
        """All rows of a section, one at a time."""
        for number in range(self.counts[section]):
            yield self.row(section, number)

    def last_up_to(self, section, column, wanted, first, count):
        """The last of `count` rows from `first` on whose `column` is not above `wanted`; None.

        They ascend; some ten are read of a thousand.
        """
        found, low, high = None, first, first + count
        while low < high:
            middle = (low + high) // 2
            row = self.row(section, middle)
            if row[column] <= wanted:
                found, low = row, middle + 1
            else:
                high = middle
        return found

    def find(self, section, column, wanted, first, count):
        """The row whose `column` is `wanted`, None when there is none."""
        row = self.last_up_to(section, column, wanted, first, count)
        return row if row and row[column] == wanted else None

    def product(self, word):
        """Row of a product, None for an unknown word."""
        try:
            wanted = layout.padded(word)
        except FormatError:
            return None
        return self.find("products", "word", wanted, 0, self.counts["products"])

    def day_kind(self, day):
        """WORKDAY, WEEKEND or HOLIDAY of a day number: by the list, else by its weekday."""
        listed = self.find("days", "day", day, 0, self.counts["days"])
        if listed:
            return listed["kind"]
        return layout.WEEKEND if calendar.weekday(day) > 4 else layout.WORKDAY

    def _bytes(self, at, count):
        data = self.blob.read(at, count)
        if len(data) != count:
            raise FormatError("fare table: cut short at %d" % at)
        return data


def _moment(digits):
    """(year, month, day, hour, minute, second) of 14 digits."""
    when = (int(digits[:4]),) + tuple([int(digits[at : at + 2]) for at in range(4, 14, 2)])
    if calendar.moment(when) is None:
        raise FormatError("effective: there is no moment " + digits)
    return when
