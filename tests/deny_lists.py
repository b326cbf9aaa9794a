# SPDX-License-Identifier: Apache-2.0
"""Deny lists for tests on both interpreters: a second writer, naive, by bits as text.

    write([("6228000100000010", 255, 1, "260101")])      payload; reason as its number
    signed_file(payload, kind, number)                   under AUTHORITY, a key for tests

It repeats what docs/formats.md says and nothing of host_tools/deny_list.py, against which it is
held (tests/host/test_deny_build.py).
"""

import hashlib
from binascii import crc32

from firmware.formats import signed

ALL, FREED = 255, 254
# A modulus that is itself prime: whoever reads this can sign, and no key has to stand here.
PRIME = (1 << 2048) - 1557
AUTHORITY = signed.Authority(PRIME.to_bytes(256, "big"), b"")


def number(value, count):
    return value.to_bytes(count, "big")


def summed(data):
    return number(crc32(data) & 0xFFFFFFFF, 4)


def as_bits(value, width):
    text = ""
    for at in range(width - 1, -1, -1):
        text += "1" if value >> at & 1 else "0"
    return text


def as_bytes(bits, lowest_first=False):
    bits += "0" * (-len(bits) % 8)
    made = []
    for at in range(0, len(bits), 8):
        eight = bits[at : at + 8]
        made.append(int("".join(reversed(eight)) if lowest_first else eight, 2))
    return bytes(made)


def luhn(text):
    """Check digit by the table of doubled digits."""
    total = 0
    for at, digit in enumerate(reversed(list(text))):
        total += int(digit) if at % 2 else (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[int(digit)]
    return (10 - total % 10) % 10


def write(entries, ranges=(), base=0, of_leaf=128):
    """Payload; entries: (pan, psn, reason number, YYMMDD or ""), no card number across a leaf."""
    words, rows = [], []
    for pan, psn, reason, date in entries:
        off = (int(pan[-1]) - luhn(pan[:-1])) % 10
        word = bytes((psn, off * 16 + reason)) + bytes.fromhex(date or "000000")
        if word not in words:
            words.append(word)
        key = (len(pan) - 11) * 2**60 + int(pan[:-1])
        rows.append((key, off, psn, words.index(word)))
    rows = sorted(rows)
    width = 0
    while len(words) > 2**width:
        width += 1
    leaves, directory = b"", []
    for at in range(0, len(rows), of_leaf):
        leaf = one_leaf(rows[at : at + of_leaf], width)
        directory.append(number(rows[at][0], 8) + number(len(leaves), 4) + number(len(leaf), 2))
        leaves += leaf
    top = pages = b""
    for at in range(0, len(directory), 64):
        page = b"".join(directory[at : at + 64])
        page += b"\xff" * (896 - len(page))
        top += page[:8]
        pages += page + summed(page)
    kept = b"\x01" + number(base, 4) + number(len(rows), 4) + number(len(directory), 4)
    kept += number(len(words), 4) + bytes((width, len(ranges))) + number(len(leaves), 4)
    for low, high, reason, date in ranges:
        kept += bytes((len(low),)) + number(int(low), 8) + number(int(high), 8)
        kept += bytes((reason,)) + bytes.fromhex(date or "000000")
    kept += top
    packed = b"".join([word + summed(word)[2:] for word in words])
    return kept + summed(kept) + packed + pages + leaves


def one_leaf(rows, width):
    first, low = rows[0][0], 0
    while 2 ** (low + 1) * len(rows) <= rows[-1][0] - first:
        low += 1
    high = lows = numbers = ""
    for at, row in enumerate(rows):
        offset = row[0] - first
        high += "0" * ((offset >> low) + at - len(high)) + "1"
        lows += as_bits(offset % 2**low, low)
        numbers += as_bits(row[3], width)
    high = as_bytes(high, True)
    body = number(len(rows), 2) + bytes((low,)) + number(len(high), 2) + high
    body += as_bytes(lows) + as_bytes(numbers)
    return summed(body) + body


def signed_file(payload, kind=signed.DENY_LIST, version=1, effective=""):
    """The whole file."""
    digest = hashlib.sha256(payload).digest()
    head = signed.pack_head(kind, 1, signed.RSA, version, effective, len(payload), digest, 256)
    times, left = 0, (PRIME - 1) % signed.EXPONENT
    while (1 + times * left) % signed.EXPONENT:
        times += 1
    secret = (1 + times * (PRIME - 1)) // signed.EXPONENT  # the inverse of the exponent
    block = int.from_bytes(signed.expected(head, 256), "big")
    return head + pow(block, secret, PRIME).to_bytes(256, "big") + payload


class Blob:
    """Bytes as a blob; `reads` are the lengths of what was read, `broken` makes them fail."""

    def __init__(self, data):
        self.data, self.size = data, len(data)
        self.reads = []
        self.broken = False

    def read(self, at, count):
        if self.broken:
            raise OSError("cannot read")
        self.reads.append(count)
        return self.data[at : at + count]

    def close(self):
        pass
