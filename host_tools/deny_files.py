# SPDX-License-Identifier: Apache-2.0
"""Deny lists as signed files: made, opened, compared, and guarded before they are signed.

The guard is that of the terminals (firmware/formats/deny_guard.py): what they would refuse should
not be shipped.
"""

import mmap
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from firmware.errors import FormatError
from firmware.formats import deny_list as layout
from firmware.formats import signed
from firmware.formats.deny_guard import grown, hitting, too_wide
from host_tools import deny_list, signing
from host_tools.deny_list import Listed, Range
from host_tools.deny_text import Source

KINDS = (signed.DENY_LIST, signed.DENY_DELTA)


class Limits(NamedTuple):
    """Of the guard; as `deny_growth_percent` and the others of the terminals' parameters."""

    growth_percent: int = 25
    growth_least: int = 1000
    hits_percent: int = 5


class SignedList(NamedTuple):
    """A file of disk, its head read and its structure checked."""

    head: signed.Head
    listed: layout.DenyFile
    blob: object

    @property
    def is_full(self) -> bool:
        return self.head.kind == signed.DENY_LIST


@contextmanager
def opened(path: Path, authority: signed.Authority | None = None, kinds=KINDS):
    """SignedList of a file; without an authority its hash is checked and its signature is not.

    FormatError names the file.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        try:
            one = _read(signing.Bytes(data), authority, kinds)
        except FormatError as wrong:
            raise FormatError(f"{path}: {wrong}") from wrong
        yield one


def _read(blob: signing.Bytes, authority: signed.Authority | None, kinds) -> SignedList:
    head = signed.read_head(blob, kinds)
    work = signed.verify(blob, head, authority) if authority else signed.hashed(blob, head)
    return SignedList(head, deny_list.read(work.finish()), blob)


def of_file(files: Iterable[layout.DenyFile]) -> dict[str, set[layout.Entry]]:
    """Card number -> its entries, of a full list, or of changes and what they change."""
    found: dict[str, set[layout.Entry]] = {}
    for listed in files:
        mine: dict[str, set[layout.Entry]] = {}
        for pan, entry in deny_list.listed(listed):
            mine.setdefault(pan, set()).add(entry)
        found = {**mine, **found}
    return found


def changes(old: layout.DenyFile, new: Source) -> list[Listed]:
    """What has to be said so that `old` becomes `new`: all of each number that differs."""
    before = of_file([old])
    then: dict[str, set[layout.Entry]] = {}
    for one in new.entries:
        then.setdefault(one.pan, set()).add(layout.Entry(one.psn, one.reason, one.date))
    made = [
        Listed(pan, *entry)
        for pan, entries in then.items()
        if before.get(pan) != entries
        for entry in sorted(entries)
    ]
    return made + [Listed(pan, layout.FREED) for pan in before if pan not in then]


def guard(
    entries: int,
    ranges: Iterable[Range],
    new: Iterable[layout.DenyFile],
    old: list[layout.DenyFile],
    good: Iterable[Listed],
    limits: Limits,
) -> list[str]:
    """What speaks against a list, as a terminal would say it.

    entries: of the new list and what it changes; new, old: DenyFiles, changes first; good: cards
    that paid lately.
    """
    said = [
        grown(sum(one.entries for one in old), entries, limits.growth_percent, limits.growth_least)
    ]
    said += [too_wide(len(span.low)) for span in ranges]
    hits = cards = 0
    files = list(new)
    for one in good:
        psn = None if one.psn == layout.ALL else one.psn
        if layout.hit(layout.entries_of(one.pan, old), psn):
            continue
        cards += 1
        hits += layout.hit(layout.entries_of(one.pan, files), psn) is not None
    said.append(hitting(hits, cards, limits.hits_percent))
    return [text for text in said if text]


def ranges_of(listed: layout.DenyFile) -> Iterable[Range]:
    """The ranges of a file."""
    for at in range(0, len(listed.ranges), layout.RANGE):
        row = listed.ranges[at : at + layout.RANGE]
        low, high = (int.from_bytes(row[begin : begin + 8], "big") for begin in (1, 9))
        width, reason = row[0], layout.REASONS[row[17]]
        date = row[18:].hex() if row[18:] != bytes(3) else ""
        yield Range(f"{low:0{width}}", f"{high:0{width}}", reason, date)


def words_of(entry: layout.Entry) -> str:
    """An entry for people."""
    psn = {layout.ALL: "all", layout.FREED: "freed"}.get(entry.psn, f"PSN {entry.psn}")
    date = f"20{entry.date[:2]}-{entry.date[2:4]}-{entry.date[4:]}" if entry.date else ""
    return " ".join(word for word in (psn, entry.reason, date) if word)
