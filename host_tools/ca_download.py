# SPDX-License-Identifier: Apache-2.0
"""CA keys as acquirers download them, and as a line of a parameter file (qpboc.md 2.10).

| tag | item | bytes |
|---|---|---|
| 9F06 | RID | 5 |
| 9F22 | index | 1 |
| DF05 | expiry, YYYYMMDD in BCD | 4 |
| DF06 | hash algorithm: 01 SHA-1, 07 SM3 | 1 |
| DF07 | key algorithm: 01 RSA, 04 SM2 | 1 |
| DF02 | modulus, or X and Y of the point | up to 248, or 64 |
| DF04 | exponent, RSA alone | 1 or 3 |
| DF03 | checksum | 20 |

The line is one of formats/ca_keys.py, which recomputes the checksum when it is loaded.
"""

from firmware.errors import FormatError
from firmware.formats import ca_keys, lines
from firmware.kernel import tlv

RID, INDEX, EXPIRY, HASH, ALGORITHM = 0x9F06, 0x9F22, 0xDF05, 0xDF06, 0xDF07
KEY, EXPONENT, CHECKSUM = 0xDF02, 0xDF04, 0xDF03
LENGTHS = {RID: (5,), INDEX: (1,), EXPIRY: (4,), HASH: (1,), ALGORITHM: (1,), EXPONENT: (1, 3)}
ALGORITHMS = {b"\x01": ("RSA", b"\x01"), b"\x04": ("SM2", b"\x07")}  # name, its hash algorithm


def line_of(record: bytes) -> str:
    """The `ca` line of a downloaded record (QT-018). FormatError where an item is missing, comes
    twice or contradicts another one. Tags that are not listed above are passed over.
    """
    values: dict[int, bytes] = {}
    for one in tlv.parse(record):
        if one.tag in values:
            raise FormatError(f"{one.tag:X} stands twice")
        values[one.tag] = one.value
    for tag, lengths in LENGTHS.items():
        if tag in values and len(values[tag]) not in lengths:
            raise FormatError(f"{tag:X} of {len(values[tag])} bytes")
    name, hash_algorithm = ALGORITHMS.get(_item(values, ALGORITHM), ("", b""))
    if not name:
        raise FormatError(f"DF07: no key algorithm {values[ALGORITHM].hex().upper()}")
    if values.get(HASH, hash_algorithm) != hash_algorithm:
        raise FormatError(f"DF06: hash {values[HASH].hex().upper()} does not go with {name}")
    words = [name, _hex(_item(values, RID)), _hex(_item(values, INDEX))]
    if name == "RSA":
        words.append(_hex(_item(values, EXPONENT)))
    words.append(_hex(_item(values, KEY)))
    words.append(_hex(values[EXPIRY]) if EXPIRY in values else "-")
    if CHECKSUM in values:
        words.append(_hex(values[CHECKSUM]))
    return "ca: " + " ".join(words)


def record_of(line: str, sm2_checksum: str = "sha1") -> bytes:
    """The download record of a `ca` line; FormatError where a terminal would refuse the line."""
    text = f"sm2_checksum: {sm2_checksum}\n{line}"
    found = lines.read(text, "line", ca_keys.SINGLE, ca_keys.MANY)
    (key,) = ca_keys.read(found, "line")
    algorithm = bytes([key.suite.ALGORITHM])
    words = line.split()[1:]  # name, RID, index, exponent of RSA, key, expiry, checksum
    exponent = bytes.fromhex(words[3]) if key.exponent else b""
    rest = words[5 if exponent else 4 :]
    items = [(RID, key.rid), (INDEX, bytes([key.index]))]
    if rest and rest[0] != "-":
        items.append((EXPIRY, bytes.fromhex(rest[0])))
    items += [(HASH, ALGORITHMS[algorithm][1]), (ALGORITHM, algorithm), (KEY, key.key)]
    items += [(EXPONENT, exponent)] if exponent else []
    items += [(CHECKSUM, bytes.fromhex(word)) for word in rest[1:]]
    return b"".join(tlv.build(tag, value) for tag, value in items)


def _item(values: dict[int, bytes], tag: int) -> bytes:
    if tag not in values:
        raise FormatError(f"{tag:X} is missing")
    return values[tag]


def _hex(value: bytes) -> str:
    return value.hex().upper()
