# SPDX-License-Identifier: Apache-2.0
"""Records read quickly: what record.unpack() says of a record, for a city's worth of them.

The tables of formats/record.py are read once, into runs of fields whose widths are known: a run
ends with the length of the sized field behind it, and a struct takes it whole. It is a
sixth of the time, accepts the same bytes and gives the same values (tests/host/test_reading.py).
"""

import struct
from typing import NamedTuple

from firmware.errors import FormatError
from firmware.formats import fields, record

CODES = {1: "B", 2: "H", 4: "I"}
KIND = 1  # its place in all tables
KINDS = frozenset(number for number, _ in record.KINDS)


class Run(NamedTuple):
    """Fields of known width up to, and with, the length of a sized one; `limit` of that."""

    unpack_from: object
    size: int
    limit: int


class Layout(NamedTuple):
    """A table, read; words, digits and flags are places in `names`."""

    names: list[str]
    runs: list[Run]
    rest: struct.Struct
    words: list[int]
    digits: list[int]
    flags: list[int]


def unpacked(data: bytes) -> dict:
    """The record dict of bytes of any version known here; FormatError for all else."""
    layout = LAYOUTS.get(data[0]) if data else None
    if layout is None:
        raise FormatError("no record of a version that is known here")
    values: list = []
    at = 0
    try:
        for unpack_from, size, limit in layout.runs:
            values += unpack_from(data, at)  # type: ignore[operator]
            at += size
            count = values[-1]
            if count > limit:
                raise FormatError(f"{count} bytes, at most {limit}")
            values[-1] = data[at : at + count]
            at += count
        values += layout.rest.unpack_from(data, at)
    except struct.error:
        raise FormatError("the record ends too soon") from None
    if at + layout.rest.size != len(data):
        raise FormatError("bytes after the last field, or too few of it")
    _spell(layout, values)
    return dict(zip(layout.names, values, strict=True))


def _spell(layout: Layout, values: list) -> None:
    """Texts and digits of their bytes; FormatError where they are none."""
    for at in layout.words:
        values[at] = word = values[at].decode("latin-1")
        if not (word.isascii() and word.isprintable()):
            raise FormatError(f"{layout.names[at]}: not printable ASCII")
    for at in layout.digits:
        values[at] = digits = values[at].hex()
        if not digits.isdecimal():
            raise FormatError(f"{layout.names[at]}: not BCD")
    for at in layout.flags:
        if values[at] > 1:
            raise FormatError(f"{layout.names[at]}: {values[at]} is no flag")
    if values[KIND] not in KINDS:
        raise FormatError(f"kind: {values[KIND]} is no record kind")


def layout_of(table: tuple) -> Layout:
    """How a table of formats/record.py lies in its bytes."""
    layout = Layout([], [], struct.Struct(">"), [], [], [])
    code = ">"
    for at, (name, kind) in enumerate(table):
        layout.names.append(name)
        if isinstance(kind, fields.Sized):
            run = struct.Struct(code + CODES[kind.width])
            layout.runs.append(Run(run.unpack_from, run.size, kind.limit))
            code = ">"
            if isinstance(kind, fields.Word):
                layout.words.append(at)
        elif isinstance(kind, fields.Digits):
            code += f"{kind.count // 2}s"
            layout.digits.append(at)
        elif isinstance(kind, fields.Fixed):
            code += f"{kind.size}s"
        elif isinstance(kind, fields.Number):
            code += CODES[kind.size]
            if kind is fields.FLAG:
                layout.flags.append(at)
        else:
            raise TypeError(f"{name}: {kind!r} is not read here")
    return layout._replace(rest=struct.Struct(code))


LAYOUTS = {version: layout_of(table) for version, table in record.TABLES}
