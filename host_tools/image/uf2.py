# SPDX-License-Identifier: Apache-2.0
"""UF2: blocks of 512 bytes, 256 of them payload, each with its place in flash and the family of
the processor that it is for. A boot ROM erases a sector of 4 KB with the first block in it.

| offset | size | meaning (little-endian) |
|---|---|---|
| 0 | 4, 4 | 0A324655, 9E5D5157 |
| 8 | 4 | flags: 2000, the family is given |
| 12 | 4, 4 | place, 256 |
| 20 | 4, 4 | number of the block, of how many |
| 28 | 4 | family |
| 32 | 476 | payload, then zeros |
| 508 | 4 | 0AB16F30 |
"""

import struct
from collections.abc import Iterable

from firmware.boot.layout import BLOCK_BYTES
from firmware.errors import FormatError

HEAD = struct.Struct("<8I")
FIRST, SECOND, LAST = 0x0A324655, 0x9E5D5157, 0x0AB16F30
FAMILY_GIVEN = 0x2000
PAYLOAD = 256


def pack(parts: Iterable[tuple[int, bytes]], family: int) -> bytes:
    """A file that writes each (place, bytes); places are those of sectors, the last one of a part
    is filled with FF. Sectors of FF are in it too: what an older file system has left in one half
    of a pair of littlefs could be taken for the newer half.
    """
    blocks = []
    for place, data in parts:
        if place % BLOCK_BYTES:
            raise FormatError("place %X is none of a sector" % place)
        for at in range(0, len(data), BLOCK_BYTES):
            sector = data[at : at + BLOCK_BYTES].ljust(BLOCK_BYTES, b"\xff")
            blocks += [
                (place + at + inside, sector[inside : inside + PAYLOAD])
                for inside in range(0, BLOCK_BYTES, PAYLOAD)
            ]
    return b"".join(
        HEAD.pack(FIRST, SECOND, FAMILY_GIVEN, place, PAYLOAD, number, len(blocks), family)
        + payload.ljust(476, b"\0")
        + struct.pack("<I", LAST)
        for number, (place, payload) in enumerate(blocks)
    )


def unpack(image: bytes) -> list[tuple[int, int, bytes]]:
    """(place, family, payload) of each block. FormatError for what is no UF2."""
    if len(image) % 512:
        raise FormatError("no UF2: %d bytes are no whole blocks" % len(image))
    found = []
    for number, at in enumerate(range(0, len(image), 512)):
        first, second, _, place, size, said, count, family = HEAD.unpack_from(image, at)
        (last,) = struct.unpack_from("<I", image, at + 508)
        if (first, second, last) != (FIRST, SECOND, LAST) or size > 476:
            raise FormatError("no UF2: block %d" % number)
        if (said, count) != (number, len(image) // 512):
            raise FormatError("block %d says %d of %d" % (number, said, count))
        found.append((place, family, image[at + 32 : at + 32 + size]))
    return found
