# SPDX-License-Identifier: Apache-2.0
"""Data object lists: read a DOL, fill it (JR/T 0025.4 §5.3, .6 §7.3.4)."""

from firmware.errors import FormatError
from firmware.kernel import tags
from firmware.kernel.tlv import is_constructed, read_length, read_tag

MAX_DATA = 252  # what 83 81 LL leaves of a short command


def parse(dol):
    """Tuple of (tag, length) in order. FormatError when an entry is cut off."""
    entries = []
    at = 0
    while at < len(dol):
        tag, at = read_tag(dol, at)
        length, at = read_length(dol, at)
        entries.append((tag, length))
    return tuple(entries)


def fit(tag, value, length):
    """`value` cut or stretched to `length` bytes by the format of `tag` (QT-094)."""
    if tag in tags.NUMERIC:
        return (
            value[len(value) - length :]
            if len(value) >= length
            else bytes(length - len(value)) + value
        )
    if len(value) >= length:
        return value[:length]
    fill = b"\xff" if tag in tags.COMPRESSED_NUMERIC else b"\x00"
    return value + fill * (length - len(value))


def fill(entries, values):
    """The values joined in DOL order, no tags (QT-091). Unknown, constructed and absent ones are
    zero (QT-092, QT-093).

    entries: what parse() returned; values: dict tag -> bytes. FormatError when the whole does not
    fit one command.
    """
    if sum([length for _, length in entries]) > MAX_DATA:
        raise FormatError("DOL: asks for more than %d bytes" % MAX_DATA)
    parts = []
    for tag, length in entries:
        value = b"" if is_constructed(tag) else values.get(tag, b"")
        parts.append(fit(tag, value, length) if value else bytes(length))
    return b"".join(parts)


def values(entries, data):
    """Dict tag -> its bytes in `data`, which fill() made for `entries`; of one that was asked for
    twice the first.
    """
    found = {}
    at = 0
    for tag, length in entries:
        if tag not in found:
            found[tag] = data[at : at + length]
        at += length
    return found


def taken(entries, data, tag):
    """The bytes that stood for `tag` in `data`, which fill() made for `entries`; None if it was
    not asked for.
    """
    at = 0
    for one, length in entries:
        if one == tag:
            return data[at : at + length]
        at += length
    return None
