# SPDX-License-Identifier: Apache-2.0
"""BER-TLV read and written a second time, to hold against firmware/kernel/tlv.py.

Written for plainness: what the fuzzer's card bends and what its verifier reads comes from here, so
a fault of the kernel's parser is not repeated in the judge of it. Tags and lengths of at most 4
bytes, 00 between objects is padding, as the kernel states it.
"""


class Broken(Exception):
    """The bytes are no list of objects."""


def objects(data):
    """[(tag bytes, value)] of one level; Broken when the bytes do not add up."""
    found, rest = [], data
    while rest:
        if rest[0] == 0:
            rest = rest[1:]
            continue
        tag, rest = _tag(rest)
        count, rest = _length(rest)
        if count > len(rest):
            raise Broken("value cut short")
        found.append((tag, rest[:count]))
        rest = rest[count:]
    return found


def is_template(tag):
    """True when the value is a list of objects (bit 6 of the first byte)."""
    return bool(tag[0] & 0x20)


def tree(data, deepest=20):
    """[[tag bytes, value or a list of the same]] down to the last level; Broken as objects(), or
    when templates lie in each other deeper than `deepest`.
    """
    if deepest < 0:
        raise Broken("too deep")
    return [
        [tag, tree(value, deepest - 1) if is_template(tag) else value]
        for tag, value in objects(data)
    ]


def written(nodes):
    """The bytes of a tree, lengths as short as they can be."""
    parts = []
    for tag, value in nodes:
        value = written(value) if isinstance(value, list) else value
        parts.append(tag + length(len(value)) + value)
    return b"".join(parts)


def length(count):
    """Bytes that code a length up to 65535."""
    if count < 0x80:
        return bytes([count])
    return bytes([0x81, count]) if count < 0x100 else b"\x82" + count.to_bytes(2, "big")


def find(data, *path):
    """Value behind the tags of `path` (ints, first of each level); None when it is not there."""
    for wanted in path:
        inner = [value for tag, value in objects(data) if int.from_bytes(tag, "big") == wanted]
        if not inner:
            return None
        data = inner[0]
    return data


def dol(data):
    """[(tag int, length)] of a data object list; Broken when an entry is cut short."""
    entries, rest = [], data
    while rest:
        tag, rest = _tag(rest)
        count, rest = _length(rest)
        entries.append((int.from_bytes(tag, "big"), count))
    return entries


def _tag(data):
    count = 1
    if data[0] % 32 == 31:
        count = 2
        while data[count - 1 : count] >= b"\x80":
            count += 1
    if count > 4 or count > len(data):
        raise Broken("tag cut short or too long")
    return data[:count], data[count:]


def _length(data):
    if not data:
        raise Broken("length missing")
    if data[0] < 0x80:
        return data[0], data[1:]
    count = data[0] - 0x80
    if not 1 <= count <= 4 or len(data) <= count:
        raise Broken("length form")
    return int.from_bytes(data[1 : 1 + count], "big"), data[1 + count :]
