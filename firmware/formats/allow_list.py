# SPDX-License-Identifier: Apache-2.0
"""Allow list: which cards a door opens for, and when (terminals.md 6, access).

| offset | size | meaning |
|---|---|---|
| 0 | 4 | magic "FTAL" |
| 4 | 1 | version of this layout, 1 |
| 5 | 1 | w, number of windows |
| 6 | 2 | zeros |
| 8 | 4 | version of the list, 1.. |
| 12 | 4 | n, number of cards |
| 16 | 8 | salt |
| 24 | 10 w | windows: zone (1), days (1; bit 0 Monday .. bit 6 Sunday), from (2), to (2), first
| | | day (2), last day (2) |
| .. | 9 n | cards: first 8 bytes of SHA-256 of salt and digits (TD-023), zone (1); ascending |
| .. | 4 | CRC-32 of all before |

Big-endian; from and to are minutes of the local day, from < to <= 1440; a window over midnight is
two. Days are counted from 2000-01-01, as in fare tables; 0 and 65535 where nothing is said. A list
for a month is a dated pass (parking). The hashes keep numbers from being read by chance, no more:
all numbers can be tried through.

A list is read in places and never held whole; FormatError is all that reading raises.
"""

import binascii
import hashlib
from collections import namedtuple

from firmware.errors import FormatError

MAGIC = b"FTAL"
VERSION = 1
HEAD = 24
WINDOW = 10
ROW = 9
KEY = 8
PIECE = 56 * ROW  # read at once when the list is checked

# zone: 1..255; days: bits; from_minute, to_minute: of the local day; first_day, last_day: since
# 2000-01-01, both within
Window = namedtuple(
    "Window", ("zone", "days", "from_minute", "to_minute", "first_day", "last_day")
)
ALWAYS = (0, 0xFFFF)


class AllowList:
    """A list in a blob (hal.open_blob), checked whole when it is opened."""

    def __init__(self, blob):
        self.blob = blob
        head = blob.read(0, HEAD)
        if len(head) < HEAD or head[:4] != MAGIC or head[4] != VERSION or head[6:8] != bytes(2):
            raise FormatError("no allow list of version %d" % VERSION)
        self.version = int.from_bytes(head[8:12], "big")
        self.count = int.from_bytes(head[12:16], "big")
        self.salt = head[16:24]
        self.start = HEAD + WINDOW * head[5]
        if not self.version or blob.size != self.start + ROW * self.count + 4:
            raise FormatError("allow list of %d bytes, not what its head says" % blob.size)
        windows = blob.read(HEAD, self.start - HEAD)
        self.windows = [
            _window(windows[at : at + WINDOW]) for at in range(0, len(windows), WINDOW)
        ]
        self._check(head + windows)

    def zone_of(self, pan):
        """Zone of a card number, 0 where the list does not name it: log2(n) reads of 9 bytes."""
        wanted = key_of(self.salt, pan)
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            row = self.blob.read(self.start + ROW * middle, ROW)
            if row[:KEY] == wanted:
                return row[KEY]
            if row[:KEY] < wanted:
                low = middle + 1
            else:
                high = middle
        return 0

    def is_open(self, zone, day, minute):
        """True when a window of the zone holds a minute of a day; day: since 2000-01-01."""
        weekday = 1 << (day + 5) % 7  # that was a Saturday
        return any(
            one.zone == zone
            and one.days & weekday
            and one.first_day <= day <= one.last_day
            and one.from_minute <= minute < one.to_minute
            for one in self.windows
        )

    def _check(self, above):
        """FormatError unless checksum and order hold."""
        crc, last, end = binascii.crc32(above), b"", self.start + ROW * self.count
        for at in range(self.start, end, PIECE):
            piece = self.blob.read(at, min(PIECE, end - at))
            crc = binascii.crc32(piece, crc)
            for place in range(0, len(piece), ROW):
                key = piece[place : place + KEY]
                if key <= last and last:
                    raise FormatError("allow list: cards are not in ascending order")
                last = key
        if crc & 0xFFFFFFFF != int.from_bytes(self.blob.read(end, 4), "big"):
            raise FormatError("allow list: the checksum does not fit")


def key_of(salt, pan):
    """The KEY bytes a list keeps of a card number."""
    return hashlib.sha256(salt + pan.encode()).digest()[:KEY]


def pack(version, salt, windows, zones):
    """Bytes of a list. zones: dict PAN digits -> zone; windows: Window. FormatError."""
    if not 1 <= version <= 0xFFFFFFFF or len(salt) != 8 or len(windows) > 255:
        raise FormatError("allow list: version, salt or number of windows is out of range")
    open_zones = [one.zone for one in windows]
    rows = []
    for pan in zones:
        if zones[pan] not in open_zones:
            raise FormatError("zone %d has no hours" % zones[pan])
        rows.append(key_of(salt, pan) + bytes((zones[pan],)))
    parts = [MAGIC, bytes((VERSION, len(windows), 0, 0)), version.to_bytes(4, "big")]
    parts += [len(rows).to_bytes(4, "big"), salt]
    for one in windows:
        numbers = [number.to_bytes(2, "big") for number in one[2:]]
        parts.append(bytes(one[:2]) + b"".join(numbers))
        _window(parts[-1])
    data = b"".join(parts + sorted(rows))
    return data + (binascii.crc32(data) & 0xFFFFFFFF).to_bytes(4, "big")


def _window(row):
    numbers = [int.from_bytes(row[at : at + 2], "big") for at in range(2, WINDOW, 2)]
    one = Window(row[0], row[1], numbers[0], numbers[1], numbers[2], numbers[3])
    right = one.from_minute < one.to_minute <= 1440 and one.first_day <= one.last_day
    if not one.zone or not 0 < one.days < 128 or not right:
        raise FormatError("allow list: a window that cannot be")
    return one
