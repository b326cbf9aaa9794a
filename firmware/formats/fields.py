# SPDX-License-Identifier: Apache-2.0
"""Field kinds, and pack / unpack of a table of fields: one definition for device and host.

A format is a tuple of (name, kind) pairs; the tuple gives the order, a dict name -> value travels.
Nothing is aligned, numbers are big-endian, every length is checked before a byte is taken
(clearing.md 2 and 11).

| kind         | value in the dict             | bytes                                       |
|--------------|-------------------------------|---------------------------------------------|
| U8, U16, U32 | int                           | 1, 2, 4                                     |
| FLAG         | 0 or 1 (False and True pack)  | 1                                           |
| Fixed(n)     | bytes of length n             | n                                           |
| Digits(n)    | str of n digits, n even       | n / 2, packed BCD                           |
| Sized(limit) | bytes up to limit             | length (1 byte; 2 where limit > 255), bytes |
| Word(limit)  | str of printable ASCII        | as Sized                                    |
| Text(limit)  | str, limit counts UTF-8 bytes | as Sized                                    |
| Rows(table)  | list of tuples in table order | count (2 bytes), the rows                   |

Both directions raise FormatError, with the name of the field, and nothing else: a value out of
range is never cut to fit (struct.pack cuts silently on MicroPython, which is why it is not used
here).
"""

from firmware.errors import FormatError

MEMORABLE = 16  # bytes of a packed field
NUMBERS = (int, bool)
BYTES = (bytes, bytearray)


def take(name, data, at, count):
    """The `count` bytes at `at`, or FormatError where `data` ends before."""
    taken = data[at : at + count]
    if len(taken) != count:
        raise FormatError("%s: %d bytes wanted, %d left" % (name, count, len(data) - at))
    return taken if isinstance(taken, bytes) else bytes(taken)


class Number:
    """An unsigned number of `size` bytes, at most `top`."""

    blank = 0

    def __init__(self, size, top=None):
        self.size = size
        self.top = (1 << 8 * size) - 1 if top is None else top

    def pack(self, name, value):
        if not isinstance(value, NUMBERS) or not 0 <= value <= self.top:
            raise FormatError("%s: %r is not a number from 0 to %d" % (name, value, self.top))
        return int(value).to_bytes(self.size, "big")

    def unpack(self, name, data, at):
        end = at + self.size
        taken = data[at:end]
        if len(taken) != self.size:
            take(name, data, at, self.size)  # which says what is wrong
        value = int.from_bytes(taken, "big")
        if value > self.top:
            raise FormatError("%s: %d is more than %d" % (name, value, self.top))
        return value, end


class Fixed:
    """Exactly `size` bytes."""

    def __init__(self, size):
        self.size = size
        self.blank = bytes(size)

    def pack(self, name, value):
        if not isinstance(value, BYTES) or len(value) != self.size:
            raise FormatError("%s: %d bytes wanted" % (name, self.size))
        return bytes(value)

    def unpack(self, name, data, at):
        return take(name, data, at, self.size), at + self.size


class Digits:
    """`count` decimal digits, two in a byte (the n format of JR/T 0025)."""

    def __init__(self, count):
        self.count = count
        self.blank = "0" * count

    def pack(self, name, value):
        if not isinstance(value, str) or len(value) != self.count:
            raise FormatError("%s: %d digits wanted" % (name, self.count))
        try:
            if value.isdigit():  # also those of other scripts, on CPython
                return bytes.fromhex(value)
        except ValueError:
            pass
        raise FormatError("%s: %r has more than digits" % (name, value))

    def unpack(self, name, data, at):
        digits = take(name, data, at, self.count // 2).hex()
        if not digits.isdigit():
            raise FormatError("%s: %s is not BCD" % (name, digits))
        return digits, at + self.count // 2


class Sized:
    """Up to `limit` bytes behind their length."""

    blank = b""

    def __init__(self, limit):
        self.limit = limit
        self.width = 1 if limit <= 255 else 2

    def pack(self, name, value):
        if not isinstance(value, BYTES) or len(value) > self.limit:
            raise FormatError("%s: at most %d bytes wanted" % (name, self.limit))
        return len(value).to_bytes(self.width, "big") + bytes(value)

    def unpack(self, name, data, at):
        count = int.from_bytes(take(name, data, at, self.width), "big")
        if count > self.limit:
            raise FormatError("%s: %d bytes, at most %d" % (name, count, self.limit))
        return take(name, data, at + self.width, count), at + self.width + count


class Word(Sized):
    """A short text of printable ASCII: a code word, not prose."""

    blank = ""

    def pack(self, name, value):
        if not isinstance(value, str):
            raise FormatError("%s: text wanted" % name)
        # Checked here: MicroPython's encode("ascii") lets every character pass.
        return Sized.pack(self, name, _ascii(name, value.encode()))

    def unpack(self, name, data, at):
        value, end = Sized.unpack(self, name, data, at)
        return _ascii(name, value).decode(), end


class Text(Sized):
    """A text people read, in UTF-8."""

    blank = ""

    def pack(self, name, value):
        if not isinstance(value, str):
            raise FormatError("%s: text wanted" % name)
        try:
            encoded = value.encode()
        except UnicodeError:
            encoded = None
        if encoded is None:
            raise FormatError("%s: not to be written in UTF-8" % name)
        return Sized.pack(self, name, encoded)

    def unpack(self, name, data, at):
        value, end = Sized.unpack(self, name, data, at)
        try:
            return value.decode(), end
        except UnicodeError:
            pass
        raise FormatError("%s: not UTF-8" % name)


class Rows:
    """A list of rows, each a tuple in the order of `table`."""

    blank = ()

    def __init__(self, table, limit=0xFFFF):
        self.table = table
        self.limit = limit

    def pack(self, name, value):
        if not isinstance(value, (list, tuple)) or len(value) > self.limit:
            raise FormatError("%s: a list of at most %d rows wanted" % (name, self.limit))
        parts = [len(value).to_bytes(2, "big")]
        for row in value:
            if len(row) != len(self.table):
                raise FormatError("%s: a row of %d wanted" % (name, len(self.table)))
            for (column, kind), cell in zip(self.table, row):  # noqa: B905
                try:  # names are joined where one is said: each is a string to be looked up
                    parts.append(kind.pack(column, cell))
                except FormatError as wrong:
                    raise FormatError("%s.%s" % (name, wrong))  # noqa: B904
        return b"".join(parts)

    def unpack(self, name, data, at):
        count = int.from_bytes(take(name, data, at, 2), "big")
        if count > self.limit:
            raise FormatError("%s: %d rows, at most %d" % (name, count, self.limit))
        at += 2
        rows = []
        for _ in range(count):
            row = []
            for column, kind in self.table:
                try:
                    cell, at = kind.unpack(column, data, at)
                except FormatError as wrong:
                    raise FormatError("%s.%s" % (name, wrong))  # noqa: B904
                row.append(cell)
            rows.append(tuple(row))
        return rows, at


U8 = Number(1)
U16 = Number(2)
U32 = Number(4)
FLAG = Number(1, 1)


def pack(table, values):
    """The bytes of the dict `values` laid out by `table`; it names every field and no other."""
    return b"".join(parts(table, values))


def parts(table, values):
    """What pack() joins, a list in the order of `table`."""
    found = []
    for name, kind in table:
        if name not in values:
            raise FormatError(name + ": no value given")
        found.append(kind.pack(name, values[name]))
    if len(values) != len(table):
        known = [name for name, _ in table]
        raise FormatError("not in the table: %s" % [n for n in sorted(values) if n not in known])
    return found


class Packer:
    """parts() of one table time after time: a value that is as it was the last time is not packed
    again. Short ones are remembered, and none that may be changed meanwhile.
    """

    def __init__(self, table):
        self.table = table
        self.values: list = [self] * len(table)  # which no value equals
        self.packed = [b""] * len(table)

    def parts(self, values, more=()):
        """As parts() has it; more: fields behind those of the table, packed each time."""
        if len(values) != len(self.table) + len(more):
            return parts(self.table + more, values)  # which says what is wrong
        found = []
        for place, (name, kind) in enumerate(self.table):
            value = values.get(name, self.table)
            if value == self.values[place]:
                found.append(self.packed[place])
                continue
            if value is self.table:
                raise FormatError(name + ": no value given")
            part = kind.pack(name, value)
            found.append(part)
            if len(part) <= MEMORABLE and isinstance(value, (int, str, bytes)):
                self.values[place], self.packed[place] = value, part
        for name, kind in more:
            if name not in values:
                raise FormatError(name + ": no value given")
            found.append(kind.pack(name, values[name]))
        return found


def unpack(table, data):
    """The dict of `data` read by `table`; bytes that are left over break the format too."""
    values = {}
    at = 0
    for name, kind in table:
        values[name], at = kind.unpack(name, data, at)
    if at != len(data):
        raise FormatError("%d bytes after the last field" % (len(data) - at))
    return values


def blank(table):
    """A dict with every field of `table` present and saying nothing: zeros, no bytes, no rows."""
    return {name: kind.blank for name, kind in table}


def _ascii(name, data):
    if data and not (min(data) >= 0x20 and max(data) <= 0x7E):
        raise FormatError("%s: %r is not printable ASCII" % (name, bytes(data)))
    return data
