# SPDX-License-Identifier: Apache-2.0
"""BER-TLV: parse, find, build (JR/T 0025.5 annex B.1, ISO/IEC 8825-1).

Definite lengths only, at most 4 length bytes, tags of at most 4 bytes, 00 between objects is
padding, children must fit their parent exactly, nesting at most MAX_DEPTH deep. Everything else
raises FormatError.
"""

from collections import namedtuple

from firmware.errors import FormatError

MAX_DEPTH = (
    8  # the deepest template of the book is 4; a bound keeps a hostile card off the C stack
)

Tlv = namedtuple(
    "Tlv", ("tag", "value", "children")
)  # tag int; value bytes; children list, None if primitive


def is_constructed(tag):
    """True when the first byte of `tag` has bit 6: its value is a list of objects."""
    while tag > 0xFF:
        tag >>= 8
    return bool(tag & 0x20)


def read_tag(data, at):
    """(tag, index behind it). FormatError when it is cut off or longer than 4 bytes."""
    start = at
    if at >= len(data):
        raise FormatError("TLV: tag cut off at %d" % at)
    tag = data[at]
    at += 1
    if tag & 0x1F != 0x1F:
        return tag, at
    while True:
        if at >= len(data):
            raise FormatError("TLV: tag cut off at %d" % start)
        if at - start == 4:
            raise FormatError("TLV: tag longer than 4 bytes at %d" % start)
        tag = tag << 8 | data[at]
        at += 1
        if not data[at - 1] & 0x80:
            return tag, at


def read_length(data, at):
    """(length, index behind it). FormatError when cut off, indefinite or of more than 4 bytes."""
    if at >= len(data):
        raise FormatError("TLV: length cut off at %d" % at)
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    count = first & 0x7F
    if count == 0 or count > 4:
        raise FormatError("TLV: length form %02X at %d" % (first, at - 1))
    if at + count > len(data):
        raise FormatError("TLV: length cut off at %d" % (at - 1))
    return int.from_bytes(data[at : at + count], "big"), at + count


def parse(data, depth=0):
    """List of Tlv in `data`. FormatError says what is wrong and where."""
    if depth > MAX_DEPTH:
        raise FormatError("TLV: nested deeper than %d" % MAX_DEPTH)
    objects = []
    at, end = 0, len(data)
    while at < end:
        first = data[at]
        if first == 0:
            at += 1
            continue
        tag, start = (first, at + 1) if first & 0x1F != 0x1F else read_tag(data, at)
        if start < end and data[start] < 0x80:
            length = data[start]
            start += 1
        else:
            length, start = read_length(data, start)
        at = start + length
        if at > end:
            raise FormatError("TLV: %X wants %d bytes, %d left" % (tag, length, end - start))
        value = bytes(data[start:at])
        objects.append(Tlv(tag, value, parse(value, depth + 1) if first & 0x20 else None))
    return objects


def parse_template(data, tag):
    """Children of the one object `tag` that `data` must be, nothing around it (QT-108)."""
    found, at = read_tag(data, 0)
    length, start = read_length(data, at)
    if found != tag or start + length != len(data):
        raise FormatError("TLV: not one whole template %X" % tag)
    return parse(data[start:])


def find(objects, tag):
    """First object with `tag` in a list of Tlv, searched on this level only; None if absent."""
    for one in objects:
        if one.tag == tag:
            return one
    return None


def encode_tag(tag):
    """Bytes of a tag given as an int."""
    return tag.to_bytes(
        1 if tag < 0x100 else 2 if tag < 0x10000 else 3 if tag < 0x1000000 else 4, "big"
    )


def build(tag, value):
    """Tag, shortest length, value."""
    count = len(value)
    if count < 0x80 and tag < 0x10000:
        return (tag << 8 | count).to_bytes(2 if tag < 0x100 else 3, "big") + value
    if count < 0x80:
        length = bytes((count,))
    elif count < 0x100:
        length = bytes((0x81, count))
    else:
        length = bytes((0x82, count >> 8, count & 0xFF))
    return encode_tag(tag) + length + value
