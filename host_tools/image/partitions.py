# SPDX-License-Identifier: Apache-2.0
"""The partition table of an ESP32: entries of 32 bytes, then their MD5, then FF up to 3 KB.

| offset | size | meaning (little-endian) |
|---|---|---|
| 0 | 2 | AA 50 |
| 2 | 1, 1 | type, subtype |
| 4 | 4, 4 | place, bytes |
| 12 | 16 | label, zeros behind it |
| 28 | 4 | flags |

The first three are those of stock MicroPython, byte for byte; its own data partition is divided
into the regions of firmware/boot/layout.py.
"""

import hashlib
import struct

from host_tools.image.boards import Maker

ENTRY = struct.Struct("<2sBBII16sI")
TABLE_AT, TABLE_BYTES = 0x8000, 0xC00
APP, DATA = 0, 1
FACTORY, PHY, NVS, UNDEFINED, LITTLEFS = 0x00, 0x01, 0x02, 0x06, 0x83
STOCK = (
    ("nvs", DATA, NVS, 0x9000, 0x6000),
    ("phy_init", DATA, PHY, 0xF000, 0x1000),
    ("factory", APP, FACTORY, 0x10000, 0x1F0000),
)
LABELS = {"files": "vfs"}  # the label that stock MicroPython mounts


def entries(maker: Maker) -> list[tuple[str, int, int, int, int]]:
    """(label, type, subtype, place, bytes) of all."""
    rows = list(STOCK)
    for name, _ in maker.row[4]:
        subtype = LITTLEFS if name == "files" else UNDEFINED
        rows.append((LABELS.get(name, name), DATA, subtype, *maker.region(name)))
    return rows


def pack(maker: Maker) -> bytes:
    """The table as the boot loader reads it."""
    body = b"".join(
        ENTRY.pack(b"\xaa\x50", kind, subtype, place, size, label.encode(), 0)
        for label, kind, subtype, place, size in entries(maker)
    )
    body += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(body, usedforsecurity=False).digest()
    return body.ljust(TABLE_BYTES, b"\xff")


def text(maker: Maker) -> str:
    """The same as the CSV that Espressif's tools take."""
    kinds = {APP: "app", DATA: "data"}
    lines = ["# Name, Type, SubType, Offset, Size"]
    lines += [
        "%s, %s, 0x%02x, 0x%x, 0x%x" % (label, kinds[kind], subtype, place, size)
        for label, kind, subtype, place, size in entries(maker)
    ]
    return "\n".join(lines) + "\n"
