# SPDX-License-Identifier: Apache-2.0
"""What building an image needs to know of a board beside its flash (firmware/boot/layout.py)."""

from typing import NamedTuple

from firmware.boot import layout
from firmware.errors import FormatError

# Families of UF2, of the boards' boot ROMs (RP2040 and RP2350 data sheets)
RP2040, RP2350_ARM_S = 0xE48BFF56, 0xE48BFF59
FLASH_AT = 0x10000000  # where both see their flash
UF2, ESPTOOL, FULL = "uf2", "esptool", "full"


class Maker(NamedTuple):
    """How an image of a board is made.

    word: of layout.BOARDS; march: of mpy-cross, for viper and native code; kind: UF2 of a storage,
    ESPTOOL: files and a partition table, FULL: MicroPython itself too; family: of UF2;
    program_bytes: least write of its littlefs (MicroPython's own start mounts with it);
    name: for people; flash_bytes: of the chip that the table is made for
    """

    word: str
    name: str
    march: str
    kind: str
    family: int
    program_bytes: int
    flash_bytes: int

    @property
    def row(self):
        """The row of layout.BOARDS."""
        return layout.row(self.word)

    def region(self, name: str) -> tuple[int, int]:
        """(place in the flash, bytes) of a region. FormatError: it has none."""
        first, count = layout.region(self.row, name)
        return self.row[2] + first * layout.BLOCK_BYTES, count * layout.BLOCK_BYTES

    @property
    def blocks(self) -> int:
        """Of the region `files`."""
        return layout.region(self.row, "files")[1]


MAKERS = (
    Maker("pico", "Raspberry Pi Pico, MicroPython of our own", "armv6m", FULL, RP2040, 256, 2**21),
    Maker("pico_stock", "Raspberry Pi Pico, stock MicroPython", "armv6m", UF2, RP2040, 256, 2**21),
    Maker("pico_w", "Raspberry Pi Pico W, stock MicroPython", "armv6m", UF2, RP2040, 256, 2**21),
    Maker(
        "pico2_w", "Raspberry Pi Pico 2 W, stock MicroPython",
        "armv7emsp", UF2, RP2350_ARM_S, 256, 2**22,
    ),
    Maker("esp32_s3", "ESP32-S3 with 8 MB, stock MicroPython", "xtensawin", ESPTOOL, 0, 32, 2**23),
)  # fmt: skip
NAMES = tuple(one.word for one in MAKERS)


def maker(word: str) -> Maker:
    """The row of a board. FormatError names those there are."""
    for one in MAKERS:
        if one.word == word:
            return one
    raise FormatError("no board %r: say %s" % (word, ", ".join(NAMES)))
