# SPDX-License-Identifier: Apache-2.0
"""Deny lists as people write them: one card or range a line, CSV or words.

    6228000100000010                         every card of this number
    6228000100000010, 3, stolen, 2026-03-01  the card with PAN sequence number 3
    622848-622849 fraud 260301               all numbers that begin so
    622848*                                  likewise, one prefix

Behind the number everything is known by its form, in any order, and may be left out: one or two
digits or `all` are the sequence number, a word is the reason, six or eight digits or YYYY-MM-DD
are the date. Cells are parted by comma, semicolon, tab or blanks; `#` begins a comment; a first
line that begins with a letter is the head of a table and is passed over.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from firmware.errors import FormatError
from firmware.formats import deny_list as layout
from host_tools.deny_list import Listed, Range, check, check_range

PARTING = re.compile(r"[,;\t ]+")
DATE = re.compile(r"(?:20)?(\d\d)-?(\d\d)-?(\d\d)")


class Source(NamedTuple):
    """What a text lists."""

    entries: list[Listed]
    ranges: list[Range]


def masked(pan: str) -> str:
    """First six and last four digits (TD-023)."""
    return pan[:6] + "*" * (len(pan) - 10) + pan[-4:] if len(pan) > 12 else "*" * len(pan)


def load(path: Path) -> Source:
    """Source of a file; FormatError names file and line, and masks the number."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise FormatError(f"{path}: not UTF-8") from wrong
    return parse(text.splitlines(), str(path))


def parse(text: Iterable[str], name: str) -> Source:
    """The same of lines."""
    source = Source([], [])
    seen: dict[str, dict[int, int]] = {}  # card number -> sequence number -> line
    for number, line in enumerate(text, 1):
        cells = [cell.strip('"') for cell in PARTING.split(line.partition("#")[0].strip())]
        cells = [cell for cell in cells if cell]
        if not cells or (number == 1 and cells[0][0].isalpha()):
            continue
        try:
            one = _row(cells)
            if isinstance(one, Range):
                source.ranges.append(one)
                continue
            _unheard(one, number, seen.setdefault(one.pan, {}))
        except FormatError as wrong:
            raise FormatError(f"{name}:{number}: {wrong}") from wrong
        source.entries.append(one)
    return source


def _unheard(one: Listed, number: int, lines: dict[int, int]) -> None:
    """FormatError when the card stands in another line already, or all of its number do."""
    clash = set(lines) if one.psn == layout.ALL else {one.psn, layout.ALL} & set(lines)
    if clash:
        where = min(lines[psn] for psn in clash)
        raise FormatError(f"{masked(one.pan)} stands in line {where} already")
    lines[one.psn] = number


def _row(cells: list[str]) -> Listed | Range:
    psn, reason, date = layout.ALL, "", ""
    for cell in cells[1:]:
        dated = DATE.fullmatch(cell)
        if dated:
            date = "".join(dated.groups())
        elif cell.isdigit() and len(cell) <= 2:
            psn = int(cell)
        elif cell in layout.REASONS:
            reason = cell
        elif cell != "all":
            known = ", ".join(word for word in layout.REASONS if word)
            raise FormatError(f"`{cell[:6]}` is no sequence number, date or reason ({known})")
    span = re.fullmatch(r"(\d+)-(\d+)|(\d+)\*", cells[0])
    if span:
        made = Range(span[1] or span[3], span[2] or span[3], reason, date)
        check_range(made)
        if psn != layout.ALL:
            raise FormatError("a range has no sequence number")
        return made
    one = Listed(cells[0], psn, reason, date)
    check(one)
    return one
