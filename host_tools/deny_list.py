# SPDX-License-Identifier: Apache-2.0
"""Write deny lists (firmware/formats/deny_list.py): entries become the payload of a signed file.

What is written is read again by the terminal's own reader before it is signed.
"""

from binascii import crc32
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from firmware.errors import FormatError
from firmware.formats import deny_list as layout
from firmware.formats import lines

LEAF_ENTRIES = 128
DATES = ("day", "month", "none")  # how much of the dates is kept
MOST_OF_ONE = 16  # sequence numbers of one card number: more of them are `all`


class Listed(NamedTuple):
    """One entry: a card number and what is said of it.

    psn: 0..99, layout.ALL or layout.FREED; reason: one of layout.REASONS; date: YYMMDD or "".
    """

    pan: str
    psn: int = layout.ALL
    reason: str = ""
    date: str = ""


class Range(NamedTuple):
    """All card numbers whose first digits lie between two prefixes of one length."""

    low: str
    high: str
    reason: str = ""
    date: str = ""


def dated(entries: Iterable[Listed], kept: str) -> Iterable[Listed]:
    """The entries with dates to the day, the month (its first day) or without: fewer words.

    kept: one of DATES.
    """
    for one in entries:
        if kept == "day" or not one.date:
            yield one
        else:
            yield one._replace(date=one.date[:4] + "01" if kept == "month" else "")


def check(one: Listed) -> None:
    """FormatError for what no list can hold."""
    if not layout.SHORTEST <= len(one.pan) <= 19 or not lines.is_digits(one.pan):
        raise FormatError("a card number has 11 to 19 digits")
    if not (0 <= one.psn <= 99 or one.psn in (layout.ALL, layout.FREED)):
        raise FormatError("a PAN sequence number is 0 to 99")
    _check_words(one.reason, one.date)


def check_range(one: Range) -> None:
    """Likewise."""
    prefixes = (one.low, one.high)
    digits = all(lines.is_digits(prefix) for prefix in prefixes)
    if not digits or len(one.low) != len(one.high) or not 1 <= len(one.low) <= 19:
        raise FormatError("a range is two prefixes of the same number of digits")
    if one.low > one.high:
        raise FormatError(f"the range {one.low}-{one.high} is empty")
    _check_words(one.reason, one.date)


def _check_words(reason: str, date: str) -> None:
    if reason not in layout.REASONS:
        known = ", ".join(word for word in layout.REASONS if word)
        raise FormatError(f"reason `{reason}` is none of {known}")
    if not date:
        return
    day = lines.is_digits(date) and len(date) == 6
    if not (day and 1 <= int(date[2:4]) <= 12 and 1 <= int(date[4:]) <= 31):
        raise FormatError(f"date `{date}` is not YYMMDD")


class _Words:
    """Numbers of the distinct (PSN, check digit, reason, date)."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}

    def number(self, one: Listed, off: int) -> int:
        word = _word(one, off)
        return self.numbers.setdefault(word, len(self.numbers))

    @property
    def bits(self) -> int:
        return max(0, len(self.numbers) - 1).bit_length()

    def packed(self) -> bytes:
        return b"".join(
            word + (crc32(word) & 0xFFFF).to_bytes(2, "big") for word in self.numbers
        )  # in the order of their numbers


def _word(one: Listed, off: int) -> bytes:
    reason = layout.REASONS.index(one.reason)
    return bytes((one.psn, off << 4 | reason)) + bytes.fromhex(one.date or "000000")


def build(entries: Iterable[Listed], ranges: Iterable[Range] = (), base: int = 0) -> bytes:
    """Payload of a list. FormatError where an entry cannot be, or contradicts another one.

    base: number of the full list that these change; 0: a full list.
    """
    words = _Words()
    keyed = []
    for one in entries:
        check(one)
        key, off = layout.key_of(one.pan)
        keyed.append((key, off, one.psn, words.number(one, off)))
    keyed.sort()
    _check_doubles(keyed)
    leaves, directory, top = _leaves(keyed, words.bits)
    listed = list(ranges)
    for span in listed:
        check_range(span)
    if len(listed) > layout.RANGES_MOST:
        raise FormatError(f"{len(listed)} ranges, a terminal takes {layout.RANGES_MOST}")
    head = (
        bytes((layout.VERSION,))
        + b"".join(
            number.to_bytes(4, "big")
            for number in (base, len(keyed), directory.leaves, len(words.numbers))
        )
        + bytes((words.bits, len(listed)))
        + len(leaves).to_bytes(4, "big")
    )
    kept = head + b"".join(map(_range, listed)) + top
    payload = kept + crc32(kept).to_bytes(4, "big") + words.packed() + directory.packed + leaves
    return payload


def _check_doubles(keyed: list[tuple[int, int, int, int]]) -> None:
    """FormatError for a card number that stands twice with one PSN, or `all` beside others."""
    at = 0
    while at < len(keyed):
        end = at + 1
        while end < len(keyed) and keyed[end][:2] == keyed[at][:2]:
            end += 1
        psns = [one[2] for one in keyed[at:end]]
        alone = layout.ALL in psns or layout.FREED in psns
        if len(set(psns)) < len(psns) or (alone and len(psns) > 1) or len(psns) > MOST_OF_ONE:
            raise FormatError(
                f"a card number stands {len(psns)} times: once for all sequence numbers, "
                f"or once for each of at most {MOST_OF_ONE}"
            )
        at = end


class _Directory(NamedTuple):
    leaves: int
    packed: bytes


def _leaves(keyed: list[tuple[int, int, int, int]], bits: int) -> tuple[bytes, _Directory, bytes]:
    """(leaves, directory, top): every LEAF_ENTRIES entries a leaf, entries of a key together."""
    leaves, rows = bytearray(), []
    at = 0
    while at < len(keyed):
        end = min(at + LEAF_ENTRIES, len(keyed))
        while end < len(keyed) and keyed[end][0] == keyed[end - 1][0]:
            end += 1
        first = keyed[at][0]
        leaf = _leaf([(key - first, word) for key, _, _, word in keyed[at:end]], bits)
        place = len(leaves).to_bytes(4, "big")
        rows.append(first.to_bytes(8, "big") + place + len(leaf).to_bytes(2, "big"))
        leaves += leaf
        at = end
    packed, top = bytearray(), bytearray()
    for page_at in range(0, len(rows), layout.ROWS):
        page = b"".join(rows[page_at : page_at + layout.ROWS])
        top += page[:8]
        page = page.ljust(layout.ROWS * layout.ROW, b"\xff")
        packed += page + crc32(page).to_bytes(4, "big")
    return bytes(leaves), _Directory(len(rows), bytes(packed)), bytes(top)


def _leaf(entries: list[tuple[int, int]], bits: int) -> bytes:
    count = len(entries)
    low = max(0, (entries[-1][0] // count).bit_length() - 1)
    mask = (1 << low) - 1
    high_bits = lows = numbers = 0
    for at, (offset, word) in enumerate(entries):
        high_bits |= 1 << (offset >> low) + at
        lows = lows << low | offset & mask
        numbers = numbers << bits | word
    high = high_bits.to_bytes((high_bits.bit_length() + 7) // 8, "little")
    body = (
        count.to_bytes(2, "big")
        + bytes((low,))
        + len(high).to_bytes(2, "big")
        + high
        + _left(lows, count * low)
        + _left(numbers, count * bits)
    )
    leaf = crc32(body).to_bytes(4, "big") + body
    if len(leaf) > layout.LEAF_MOST:
        raise FormatError(f"a leaf of {len(leaf)} bytes: too many entries of one card number")
    return leaf


def _left(number: int, count: int) -> bytes:
    """`count` bits, highest first, the last byte filled up with zeros."""
    size = (count + 7) // 8
    return (number << (8 * size - count)).to_bytes(size, "big")


def _range(one: Range) -> bytes:
    return (
        bytes((len(one.low),))
        + int(one.low).to_bytes(8, "big")
        + int(one.high).to_bytes(8, "big")
        + bytes((layout.REASONS.index(one.reason),))
        + bytes.fromhex(one.date or "000000")
    )


def read(blob) -> layout.DenyFile:
    """DenyFile of a payload, its structure checked."""
    opened = layout.DenyFile(blob)
    for _ in opened.checked():
        pass
    return opened


def listed(opened: layout.DenyFile) -> Iterator[tuple[str, layout.Entry]]:
    """(digits of a card number, Entry) of all entries, in the order of the file."""
    for page in range(len(opened.top) // 8):
        directory = opened.page(page)
        for row in range(min(layout.ROWS, opened.leaves - layout.ROWS * page)):
            first, place, length = layout.row_of(directory, row)
            for offset, number in _unpacked(opened.leaf(place, length), opened.bits):
                entry, off = opened.word(number)
                yield _pan_of(first + offset, off), entry


def _unpacked(leaf: bytes, bits: int) -> Iterator[tuple[int, int]]:
    """(offset, number of its word) of every entry of a leaf."""
    count, low, high = leaf[4] << 8 | leaf[5], leaf[6], leaf[7] << 8 | leaf[8]
    lows = 8 * (layout.LEAF + high)
    words = 8 * (layout.LEAF + high + (count * low + 7) // 8)
    ones = 0
    for place in range(8 * high):
        if leaf[layout.LEAF + (place >> 3)] >> (place & 7) & 1:
            if ones >= count:
                raise FormatError("leaf of the deny list with too many entries")
            offset = (place - ones) << low | layout.bits_of(leaf, lows + ones * low, low)
            yield offset, layout.bits_of(leaf, words + ones * bits, bits)
            ones += 1


def _pan_of(key: int, off: int) -> str:
    """Digits of a key; off: the last digit less Luhn's."""
    length = (key >> 60) + layout.SHORTEST - 1
    digits = str(key & ((1 << 60) - 1)).rjust(length, "0")
    return digits + str((layout.luhn(digits) + off) % 10)
