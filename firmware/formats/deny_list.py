# SPDX-License-Identifier: Apache-2.0
"""A deny list in flash: exact look-up of a card number among millions by two short reads (TD-014).

Payload of a signed file (signed.py). What changes rarely is read once and stays in RAM, 8 bytes
for each 8,192 entries; the rest is read in places. Sections, in this order:

| section | bytes | content |
|---|---|---|
| head | 23 | below |
| ranges | 21 each | digits (1), lowest and highest prefix (8, 8), reason (1), date (3) |
| top | 8 a page | first key of each page of the directory |
| CRC | 4 | CRC-32 of head, ranges and top |
| words | 7 each | PSN (1), check digit and reason (1), date (3), CRC-16 (2) |
| directory | 900 a page | 64 rows of key (8), place (4) and length (2) of a leaf, CRC-32 |
| leaves | | below |

| offset | size | head |
|---|---|---|
| 0 | 1 | version of this layout, 1 |
| 1 | 4 | base: number of the full list that this one changes, 0: a full list |
| 5 | 4 | entries |
| 9 | 4 | leaves |
| 13 | 4 | words |
| 17 | 1 | bits of the number of a word |
| 18 | 1 | ranges |
| 19 | 4 | bytes of all leaves |

| offset | size | leaf: 128 entries, more where one card number has several |
|---|---|---|
| 0 | 4 | CRC-32 of the rest |
| 4 | 2 | entries, n |
| 6 | 1 | low bits, l |
| 7 | 2 | bytes of the high bits, h |
| 9 | h | high bits: that of entry i is set at (offset >> l) + i, lowest bit first |
| 9 + h | n l / 8 | low l bits of each offset, highest bit first |
| | n w / 8 | number of the word of each entry, w bits, highest bit first |

A key is the number of digits less 11 in 4 bits, then the number without its last digit in 60. An
entry is the offset of its key to that of its leaf (split after Elias and Fano: l + 2 bits for a
mean distance of 2^l) and the number of a word, because few combinations of the rest occur: the PSN
(FF all, FE none: freed), the last digit less the one that Luhn asks for, reason, date YYMMDD in
BCD. Everything is sorted by key. A page that is damaged is a FormatError, never an answer.
"""

from binascii import crc32
from collections import namedtuple

from firmware.errors import FormatError

VERSION = 1
HEAD, RANGE, WORD = 23, 21, 7
ROWS, ROW = 64, 14  # of a page of the directory
PAGE = ROWS * ROW + 4
LEAF, LEAF_MOST = 9, 4096
RANGES_MOST = 64
ALL, FREED = 255, 254  # instead of a PAN sequence number
SHORTEST = 11  # digits of a card number
REASONS = ("", "lost", "stolen", "fraud", "issuer", "unpaid", "closed", "other")
ONES = bytes([bin(byte).count("1") for byte in range(256)])
DIGITS = bytes((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 2, 4, 6, 8, 1, 3, 5, 7, 9))  # once, doubled

# psn: 0..99, ALL or FREED; reason: one of REASONS; date: YYMMDD, "" where nobody has said it
Entry = namedtuple("Entry", ("psn", "reason", "date"))


def luhn(digits):
    """The check digit that belongs behind `digits` (ISO/IEC 7812-1 B)."""
    total, place = 0, 10 * (len(digits) & 1) - 48  # the last digit is one of the doubled
    for sign in digits.encode():
        total += DIGITS[place + sign]
        place = -86 - place
    return -total % 10


def key_of(pan):
    """(key, check digit less Luhn's) of a card number of 11 to 19 digits."""
    length = len(pan) - SHORTEST
    return length << 60 | int(pan[:-1]), (int(pan[-1]) - luhn(pan[:-1])) % 10


class DenyFile:
    """One payload, open for look-ups; base, entries and ranges are those of its head."""

    def __init__(self, blob):
        """blob: `size`, `read(at, count)`. FormatError where head or lengths do not fit."""
        self.blob = blob
        head = self._read(0, HEAD)
        if head[0] != VERSION:
            raise FormatError("deny list of layout %d, %d is known" % (head[0], VERSION))
        self.base, self.entries, self.leaves, self.words = [
            int.from_bytes(head[at : at + 4], "big") for at in (1, 5, 9, 13)
        ]
        self.bits, count = head[17], head[18]
        pages = (self.leaves + ROWS - 1) // ROWS
        kept = HEAD + RANGE * count + 8 * pages
        self.words_at = kept + 4
        self.pages_at = self.words_at + WORD * self.words
        self.leaves_at = self.pages_at + PAGE * pages
        whole = self.leaves_at + int.from_bytes(head[19:23], "big")
        if whole != blob.size or self.bits > 24 or count > RANGES_MOST:
            raise FormatError("deny list of %d bytes, not what its head says" % blob.size)
        kept_bytes = _sound(head + self._read(HEAD, self.words_at - HEAD), True)
        self.ranges = kept_bytes[HEAD : HEAD + RANGE * count]
        self.top = kept_bytes[HEAD + RANGE * count : -4]

    def rows(self, pan):
        """List of Entry of a card number; empty where none is listed. Two reads, one more for
        each entry found. FormatError when what was read is damaged.
        """
        key, check = key_of(pan)
        wanted = key.to_bytes(8, "big")
        page = _last_not_above(self.top, 8, wanted)
        if page < 0:
            return []
        directory = self.page(page)
        row = _last_not_above(directory[:-4], ROW, wanted)
        if row < 0:
            raise FormatError("directory of the deny list out of order")
        first, place, length = row_of(directory, row)
        leaf = self.leaf(place, length)
        found = []
        for number in _words_of(leaf, key - first, self.bits):
            entry, its_check = self.word(number)
            if its_check == check:
                found.append(entry)
        return found

    def range_of(self, pan):
        """Entry of the first range the card number lies in, None without one; no read."""
        for at in range(0, len(self.ranges), RANGE):
            digits = self.ranges[at]
            prefix = int(pan[:digits]).to_bytes(8, "big")
            row = self.ranges[at : at + RANGE]
            if len(pan) >= digits and row[1:9] <= prefix <= row[9:17]:
                return Entry(ALL, _reason(row[17]), _date(row[18:21]))
        return None

    def checked(self):
        """Generator: FormatError unless the structure is whole; a slice is a page or a leaf."""
        entries = place = 0
        before = b""
        for page in range(len(self.top) // 8):
            directory = self.page(page)
            if directory[:8] != self.top[8 * page : 8 * page + 8]:
                raise FormatError("top of the deny list does not fit its directory")
            for row in range(min(ROWS, self.leaves - ROWS * page)):
                key = directory[ROW * row : ROW * row + 8]
                _, at, length = row_of(directory, row)
                if key <= before or at != place:
                    raise FormatError("directory of the deny list out of order")
                leaf = self.leaf(at, length)
                entries += leaf[4] << 8 | leaf[5]
                before, place = key, place + length
                yield
        if entries != self.entries or self.leaves_at + place != self.blob.size:
            raise FormatError(
                "deny list of %d entries, its head says %d" % (entries, self.entries)
            )
        for number in range(self.words):
            self.word(number)
            if number % ROWS == 0:
                yield

    def page(self, page):
        """One page of the directory; FormatError when it is damaged."""
        return _sound(self._read(self.pages_at + PAGE * page, PAGE), True)

    def leaf(self, place, length):
        """One leaf; FormatError when it is damaged or not what its head says."""
        if not LEAF < length <= LEAF_MOST:
            raise FormatError("leaf of %d bytes" % length)
        leaf = _sound(self._read(self.leaves_at + place, length), False)
        count, low, high = leaf[4] << 8 | leaf[5], leaf[6], leaf[7] << 8 | leaf[8]
        size = LEAF + high + (count * low + 7) // 8 + (count * self.bits + 7) // 8
        if size != length or low > 63 or not count:
            raise FormatError("leaf of the deny list is not what its head says")
        return leaf

    def word(self, number):
        """(Entry, check digit less Luhn's) of a word."""
        if number >= self.words:
            raise FormatError("entry of the deny list with a word that is not there")
        word = self._read(self.words_at + WORD * number, WORD)
        if crc32(word[:5]) & 0xFFFF != word[5] << 8 | word[6]:
            raise FormatError("word of the deny list is damaged")
        return Entry(word[0], _reason(word[1] & 15), _date(word[2:5])), word[1] >> 4

    def _read(self, at, count):
        data = self.blob.read(at, count)
        if len(data) != count:
            raise FormatError("deny list is cut short")
        return data


def entries_of(pan, files):
    """Entries of a card number in DenyFiles, changes before what they change; () where it is free.

    The first file that names the number says all about it; ranges are those of the first file.
    """
    for listed in files:
        found = listed.rows(pan)
        if found:
            return () if found[0].psn == FREED else found
    within = files[0].range_of(pan) if files else None
    return (within,) if within else ()


def hit(entries, psn):
    """The Entry that holds for a sequence number, else None; psn None, not known: ALL alone."""
    for one in entries:
        if one.psn == ALL or one.psn == psn:
            return one
    return None


def _sound(data, behind):
    """The same bytes, if their CRC fits; behind: it stands at the end, at the beginning else."""
    body, told = (data[:-4], data[-4:]) if behind else (data[4:], data[:4])
    if crc32(body) & 0xFFFFFFFF != int.from_bytes(told, "big"):
        raise FormatError("page of the deny list is damaged")
    return data


def _last_not_above(table, step, wanted):
    """Number of the last row of `step` bytes whose first 8 are not above `wanted`, -1: none.

    Rows that are not used are FF and above everything.
    """
    low, high = 0, len(table) // step
    while low < high:
        middle = (low + high) // 2
        if table[step * middle : step * middle + 8] <= wanted:
            low = middle + 1
        else:
            high = middle
    return low - 1


def row_of(directory, row):
    """(key, place, length) of a row."""
    at = ROW * row
    return (
        int.from_bytes(directory[at : at + 8], "big"),
        int.from_bytes(directory[at + 8 : at + 12], "big"),
        directory[at + 12] << 8 | directory[at + 13],
    )


def bits_of(data, start, width):
    """`width` bits from bit `start` of `data`, highest first."""
    end = start + width
    piece = int.from_bytes(data[start >> 3 : (end + 7) >> 3], "big")
    return piece >> (-end & 7) & ((1 << width) - 1)


def _words_of(leaf, offset, bits):
    """Numbers of the words of all entries at `offset`; empty where there is none."""
    count, low, high = leaf[4] << 8 | leaf[5], leaf[6], leaf[7] << 8 | leaf[8]
    wanted = offset >> low  # its entries stand behind so many zeros
    at = ones = 0
    for byte in leaf[LEAF : LEAF + high]:
        if 8 * at + 8 - ones - ONES[byte] >= wanted:
            break
        ones += ONES[byte]
        at += 1
    zeros = 8 * at - ones
    found = []
    lows, words = 8 * (LEAF + high), 8 * (LEAF + high + (count * low + 7) // 8)
    for place in range(8 * at, 8 * high):
        if not leaf[LEAF + (place >> 3)] >> (place & 7) & 1:
            zeros += 1
            if zeros > wanted:
                break
            continue
        if ones >= count:
            raise FormatError("leaf of the deny list with too many entries")
        if zeros == wanted and bits_of(leaf, lows + ones * low, low) == offset & ((1 << low) - 1):
            found.append(bits_of(leaf, words + ones * bits, bits))
        ones += 1
    return found


def _reason(number):
    return REASONS[number] if number < len(REASONS) else REASONS[-1]


def _date(data):
    """YYMMDD of its BCD, "" of zeros."""
    return "" if data == bytes(3) else data.hex()
