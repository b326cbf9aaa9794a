# SPDX-License-Identifier: Apache-2.0
"""Tray: what one sale of a till is made of, dishes of the menu or keyed amounts, line by line.

It stands in `trade_data` of the sale, with the prices of that moment, so that a report and a bill
need no menu of the past:

    kind (1): DISHES or KEYED; for each line: number (1), count (1), fen of one (3)

A line's number is that of the dish, of a keyed amount that of its category, 0 for none. Lines are
tuples (number, count, fen); pure functions, a tray is never changed in place.
"""

from firmware.errors import FormatError

DISHES, KEYED = 1, 2
MOST = 18  # lines: 91 bytes of the 96 that a record has
ROW = 5


def added(lines, number, fen, count=1):
    """The tray with so many more of a number; None where it is full."""
    for at, (one, there, price) in enumerate(lines):
        if (one, price) == (number, fen) and there + count <= 255:
            return lines[:at] + ((one, there + count, price),) + lines[at + 1 :]
    return lines + ((number, count, fen),) if len(lines) < MOST else None


def without(lines, number):
    """The tray with one less of a number, the one that came last; None where it has none."""
    for at in range(len(lines) - 1, -1, -1):
        one, count, fen = lines[at]
        if one == number:
            left = ((one, count - 1, fen),) if count > 1 else ()
            return lines[:at] + left + lines[at + 1 :]
    return None


def sum_fen(lines):
    """What it costs, in fen."""
    return sum([count * fen for _, count, fen in lines])


def pack(kind, lines):
    """`trade_data` of a tray; b"" of an empty one."""
    if not lines:
        return b""
    rows = [bytes((number, count)) + fen.to_bytes(3, "big") for number, count, fen in lines]
    return bytes((kind,)) + b"".join(rows)


def unpack(data):
    """(kind, lines) of `trade_data`; FormatError."""
    rows = len(data) // ROW
    if len(data) != 1 + rows * ROW or not 1 <= rows <= MOST or data[0] not in (DISHES, KEYED):
        raise FormatError("trade_data of %d bytes is no tray" % len(data))
    lines = []
    for at in range(1, len(data), ROW):
        count, fen = data[at + 1], int.from_bytes(data[at + 2 : at + ROW], "big")
        if not count or not fen:
            raise FormatError("trade_data: a line of a tray without count or price")
        lines.append((data[at], count, fen))
    return data[0], tuple(lines)
