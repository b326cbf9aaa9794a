# SPDX-License-Identifier: Apache-2.0
"""Figures of two runs of `faretap bench` beside each other (PS-31)."""

import json

from firmware.errors import FormatError
from host_tools.cli.bench_parts import Sheet


def beside(sheets, text):
    """Sheets whose figures carry their change since the run that wrote `text` with --json.

    Rows are the same when their words are; FormatError when `text` is no such output.
    """
    try:
        old = [Sheet(**json.loads(line)) for line in text.splitlines() if line.strip()]
    except (ValueError, TypeError) as wrong:
        raise FormatError(f"not what `faretap bench --json` writes: {wrong}") from wrong
    return [compared(sheet, earlier(sheet, old)) for sheet in sheets]


def earlier(sheet, old):
    """{words of a row: {column: figure}} of the sheet of the same name."""
    found = {}
    for one in old:
        if one.name == sheet.name:
            for row in one.rows:
                found[words(row)] = dict(zip(one.columns, row, strict=True))
    return found


def compared(sheet, before):
    """The sheet, each figure followed by its change in per cent."""
    rows = []
    for row in sheet.rows:
        was = before.get(words(row), {})
        cells = zip(sheet.columns, row, strict=True)
        rows.append([changed(cell, was.get(column, "")) for column, cell in cells])
    return sheet._replace(rows=rows)


def changed(cell, was):
    """One cell with its change, as it is where there is nothing to compare."""
    new, old = number(cell), number(was)
    if new is None or not old or cell == was:
        return cell
    return f"{cell} ({100 * (new - old) / old:+.1f} %)"


def words(row):
    """The cells of a row that are no measurement: text, and whole numbers such as a speed."""
    return tuple(cell for cell in row[:3] if number(cell) is None or cell.isdigit())


def number(cell):
    """A figure as a number, None for text."""
    try:
        return float(cell.replace(",", "").removesuffix(" %"))
    except ValueError:
        return None
