# SPDX-License-Identifier: Apache-2.0
"""Many terminals from one CSV: the head line names settings, `board`, or files as `file:KEY`."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from firmware.errors import FormatError
from host_tools.flash.boards import NAMES

MOST_ROWS = 100_000
FILE = "file:"


class Row(NamedTuple):
    """One terminal. settings and files: as given in its row, empty cells left out."""

    line: int
    terminal: int
    board: str
    settings: dict[str, str]
    files: dict[str, str]


def read(path: Path) -> list[Row]:
    """The rows of a CSV in UTF-8, with or without a mark of a spreadsheet. FormatError names
    the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = list(csv.reader(io.StringIO(text), strict=True))
    except (UnicodeError, csv.Error) as wrong:
        raise FormatError(f"{path}: no CSV in UTF-8: {wrong}") from wrong
    rows = [(line, row) for line, row in enumerate(found, 1) if any(cell.strip() for cell in row)]
    if len(rows) < 2 or len(rows) > MOST_ROWS:
        raise FormatError(f"{path}: a head line and 1 to {MOST_ROWS:,} terminals are wanted")
    head = [cell.strip() for cell in rows[0][1]]
    if "terminal" not in head or len(set(head)) != len(head) or "" in head:
        raise FormatError(f"{path}:1: the head names each column once, `terminal` among them")
    return _unique(path, [_row(f"{path}:{line}", line, head, row) for line, row in rows[1:]])


def _row(place, line, head, row):
    if len(row) != len(head):
        raise FormatError(f"{place}: {len(row)} cells, the head has {len(head)}")
    cells = {key: cell.strip() for key, cell in zip(head, row, strict=True) if cell.strip()}
    number = cells.get("terminal", "")
    if not number.isascii() or not number.isdigit() or not 0 < len(number) < 11:
        raise FormatError(f"{place}: `terminal` is not a number")
    board = cells.pop("board", "")
    if board and board not in NAMES:
        raise FormatError(f"{place}: {board} is no board: {', '.join(NAMES)}")
    files = {key[len(FILE) :]: cells.pop(key) for key in list(cells) if key.startswith(FILE)}
    return Row(line, int(number), board, cells, files)


def _unique(path, rows):
    seen: dict[int, int] = {}
    for row in rows:
        if row.terminal in seen:
            raise FormatError(
                f"{path}:{row.line}: terminal {row.terminal} is taken by line {seen[row.terminal]}"
            )
        seen[row.terminal] = row.line
    return rows
