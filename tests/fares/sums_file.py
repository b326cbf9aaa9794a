# SPDX-License-Identifier: Apache-2.0
"""Files of card sums for the shared tests, written anew from the page: no code of the host."""

import hashlib
from binascii import crc32


def key(pan, psn=0):
    """Of a row."""
    return hashlib.sha256(b"ride" + pan.encode()).digest()[:7] + bytes((psn,))


def crc(data):
    """Four bytes."""
    return (crc32(data) & 0xFFFFFFFF).to_bytes(4, "big")


def payload(cards, terminals=(), day=9823, bits=0):
    """cards: [(key, (day_fen, week_fen, month_fen))]; terminals: [(terminal, last record)]"""
    head = b"\x01" + day.to_bytes(2, "big") + bytes((bits,)) + len(cards).to_bytes(4, "big")
    head += len(terminals).to_bytes(2, "big")
    data = head + crc(head)
    for terminal, last in terminals:
        row = terminal.to_bytes(4, "big") + last.to_bytes(4, "big")
        data += row + (crc32(row) & 0xFFFF).to_bytes(2, "big")
    buckets, place = [b""] * (1 << bits), 0
    for name, sums in sorted(cards):
        row = name + b"".join([fen.to_bytes(3, "big") for fen in sums])
        buckets[int.from_bytes(name[:3], "big") >> 24 - bits] += row
    for rows in buckets + [b""]:  # noqa: RUF005
        data += place.to_bytes(4, "big")
        place += len(rows) // 17
    for number, rows in enumerate(buckets):
        data += rows + crc(number.to_bytes(4, "big") + rows)
    return data
