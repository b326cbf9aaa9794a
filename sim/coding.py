# SPDX-License-Identifier: Apache-2.0
"""The card's own TLV, DOL and BCD (JR/T 0025.5 B.1, .4 5.3).

Written apart from firmware/kernel on purpose: card and terminal are tested against each other, and
a mistake shared by both ends would not show. Objects are lists of (tag, value): order matters.
"""

from firmware.errors import FormatError


def tlv(tag, value):
    """Return one object; `tag` int as written (0x9F38), `value` bytes of at most 65535."""
    length = len(value)
    if length < 0x80:
        coded = bytes([length])
    elif length < 0x100:
        coded = bytes([0x81, length])
    else:
        coded = bytes([0x82]) + length.to_bytes(2, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + coded + value


def objects(data):
    """Return [(tag, value)] of one level of `data`; FormatError when the bytes do not fit."""
    found, at = [], 0
    while at < len(data):
        tag, at = _tag(data, at)
        length, at = _length(data, at)
        if at + length > len(data):
            raise FormatError(f"value of {tag:X} is cut short")
        found.append((tag, data[at : at + length]))
        at += length
    return found


def find(data, *path):
    """Return the value at the end of `path` of tags, None when it is not there."""
    for tag in path:
        data = dict(objects(data)).get(tag)
        if data is None:
            return None
    return data


def dol(data):
    """Return [(tag, length)] of a data object list."""
    entries, at = [], 0
    while at < len(data):
        tag, at = _tag(data, at)
        length, at = _length(data, at)
        entries.append((tag, length))
    return entries


def n12(amount_fen):
    """Return an amount as 9F02 has it: 12 digits, 6 bytes."""
    return bytes.fromhex(f"{amount_fen:012d}")


def number(value):
    """Return the integer of BCD bytes; FormatError for a nibble above 9."""
    if not value.hex().isdecimal():
        raise FormatError("not BCD: " + value.hex())
    return int(value.hex())


def _tag(data, at):
    start = at
    at += 1
    if data[start] & 0x1F == 0x1F:
        while at < len(data) and data[at] & 0x80:
            at += 1
        at += 1
    if at > len(data) or at - start > 4:
        raise FormatError("a tag is cut short or too long")
    return int.from_bytes(data[start:at], "big"), at


def _length(data, at):
    if at >= len(data):
        raise FormatError("a length is missing")
    if data[at] < 0x80:
        return data[at], at + 1
    count = data[at] & 0x7F
    if not 1 <= count <= 2 or at + 1 + count > len(data):
        raise FormatError("a length is cut short, indefinite or too long")
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count
