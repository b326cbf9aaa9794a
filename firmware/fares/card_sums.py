# SPDX-License-Identifier: Apache-2.0
"""Sums per card that the host tells its terminals, found by two short reads and no memory.

Payload of a signed file (signed.py). What is in it was sold up to a number of each terminal, its
cut-off: a terminal adds what it has sold behind its own, so that no sale counts twice. Big-endian:

| section | bytes | content |
|---|---|---|
| head | 14 | below |
| terminals | 10 each | terminal (4), last record counted (4), CRC-16 (2); ascending |
| directory | 4 a bucket, and 4 | rows before this bucket; at its end the number of all rows |
| buckets | 17 a row, and 4 | rows by ascending key, CRC-32 of the bucket's number (4) and them |

| offset | size | head |
|---|---|---|
| 0 | 1 | version of this layout, 1 |
| 1 | 2 | day of the sums, counted from 2000-01-01, local |
| 3 | 1 | b: there are 2^b buckets; a key lies in that of its first b bits |
| 4 | 4 | rows |
| 8 | 2 | terminals |
| 10 | 4 | CRC-32 of bytes 0 to 9 |

| offset | size | row |
|---|---|---|
| 0 | 7 | first bytes of SHA-256 of "ride" and the card number's digits (TD-023) |
| 7 | 1 | PAN sequence number |
| 8 | 3 | fen paid on that day |
| 11 | 3 | in its week, from Monday |
| 14 | 3 | in its month; a sum that is larger stands as FFFFFF |

Two card numbers of one hash, one chance in 10^10 with a million cards, share the larger sum.
Errors: FormatError alone.
"""

from binascii import crc32

from firmware.errors import FormatError
from firmware.fares.paid import KEY, fen_of, key_of

VERSION = 1
HEAD, TERMINAL, PLACE, ROW = 14, 10, 4, 17
BITS_MOST = 20
BUCKET_MOST = 120  # rows: 2 KB are read at the most


def check_of(number, rows):
    """CRC-32 of a bucket, 4 bytes."""
    return (crc32(number.to_bytes(4, "big") + rows) & 0xFFFFFFFF).to_bytes(4, "big")


def bucket_of(key, bits):
    """Number of the bucket of a key."""
    return int.from_bytes(key[:3], "big") >> 24 - bits


class CardSums:
    """One payload, open for look-ups; `day`, `rows` as in its head."""

    def __init__(self, blob):
        """blob: `size`, `read(at, count)`. FormatError where head or lengths do not fit."""
        self.blob = blob
        head = self._read(0, HEAD)
        if head[0] != VERSION:
            raise FormatError("card sums of layout %d, %d is known" % (head[0], VERSION))
        if crc32(head[:10]) & 0xFFFFFFFF != int.from_bytes(head[10:], "big"):
            raise FormatError("head of the card sums is damaged")
        self.day = head[1] << 8 | head[2]
        self.bits = head[3]
        self.rows = int.from_bytes(head[4:8], "big")
        self.terminals = head[8] << 8 | head[9]
        if self.bits > BITS_MOST:
            raise FormatError("card sums of 2^%d buckets" % self.bits)
        self.places_at = HEAD + TERMINAL * self.terminals
        self.buckets_at = self.places_at + PLACE * ((1 << self.bits) + 1)
        if self.buckets_at + ROW * self.rows + (4 << self.bits) != blob.size:
            raise FormatError("card sums of %d bytes, not what their head says" % blob.size)

    def cut_off(self, terminal):
        """Number of the last record of a terminal that is counted here, 0: none is."""
        low, high = 0, self.terminals
        while low < high:
            middle = (low + high) // 2
            row = self._read(HEAD + TERMINAL * middle, TERMINAL)
            if crc32(row[:8]) & 0xFFFF != row[8] << 8 | row[9]:
                raise FormatError("terminals of the card sums are damaged")
            found = int.from_bytes(row[:4], "big")
            if found == terminal:
                return int.from_bytes(row[4:8], "big")
            low, high = (middle + 1, high) if found < terminal else (low, middle)
        return 0

    def of(self, pan):
        """[(PAN sequence number, (day_fen, week_fen, month_fen))] of a card number: two reads."""
        wanted = key_of(pan, 0)[: KEY - 1]
        rows = self.bucket(bucket_of(wanted, self.bits))
        found = []
        for at in range(0, len(rows), ROW):
            if rows[at : at + KEY - 1] == wanted:
                found.append((rows[at + KEY - 1], fen_of(rows, at + KEY)))
        return found

    def bucket(self, number):
        """Rows of a bucket; FormatError when they are damaged."""
        places = self._read(self.places_at + PLACE * number, 2 * PLACE)
        first, end = int.from_bytes(places[:4], "big"), int.from_bytes(places[4:], "big")
        if not 0 <= end - first <= BUCKET_MOST:
            raise FormatError("directory of the card sums is damaged")
        data = self._read(self.buckets_at + ROW * first + 4 * number, ROW * (end - first) + 4)
        if check_of(number, data[:-4]) != data[-4:]:
            raise FormatError("bucket of the card sums is damaged")
        return data[:-4]

    def checked(self):
        """Generator: FormatError unless the structure is whole; a slice is a bucket."""
        rows, before = 0, b""
        for number in range(1 << self.bits):
            bucket = self.bucket(number)
            for at in range(0, len(bucket), ROW):
                key = bucket[at : at + KEY]
                if key <= before or bucket_of(key, self.bits) != number:
                    raise FormatError("card sums out of order")
                before = key
            rows += len(bucket) // ROW
            yield
        if rows != self.rows:
            raise FormatError("card sums of %d rows, their head says %d" % (rows, self.rows))

    def _read(self, at, count):
        data = self.blob.read(at, count)
        if len(data) != count:
            raise FormatError("card sums are cut short")
        return data
