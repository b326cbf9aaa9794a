# SPDX-License-Identifier: Apache-2.0
"""What the rows of firmware/boot/layout.py do not say of boards, for it is their processor's: the
compiler's architecture, the container, the wires. A board of a processor that stands here needs
no line of its own.
"""

from typing import NamedTuple

from firmware.boot import layout
from firmware.errors import FormatError

FLASH_AT = 0x10000000  # where RP2040 and RP2350 see their flash
UF2, ESPTOOL, FULL = "uf2", "esptool", "full"


class Processor(NamedTuple):
    """name: for people; march: of mpy-cross, for viper and native code; kind: UF2 or ESPTOOL;
    family: of UF2, of the boot ROM (RP2040 and RP2350 data sheets), drive: Board-ID in its
    INFO_UF2.TXT, 0 and "" where there is none; program_bytes: least write of its littlefs
    (MicroPython's own start mounts with it); reader, journal: settings, where nobody says others
    """

    name: str
    march: str
    kind: str
    family: int
    drive: str
    program_bytes: int
    reader: str
    journal: str


RP2040, RP2350_ARM_S = 0xE48BFF56, 0xE48BFF59
PROCESSORS = {  # as sys.implementation._machine ends
    "RP2040": Processor(
        "RP2040", "armv6m", UF2, RP2040, "RPI-RP2", 256, "serial:1:tx=4,rx=5", "flash:end"
    ),
    "RP2350": Processor(
        "RP2350", "armv7emsp", UF2, RP2350_ARM_S, "RP2350", 256,
        "serial:1:tx=4,rx=5", "flash:end",
    ),
    "ESP32S3": Processor(
        "ESP32-S3", "xtensawin", ESPTOOL, 0, "", 32, "serial:1:tx=17,rx=18", "flash:journal"
    ),
}  # fmt: skip


def processor(row: tuple) -> Processor:
    """Of a row of layout.BOARDS. FormatError: none of PROCESSORS."""
    name = row[1].rpartition(" with ")[2]
    if name not in PROCESSORS:
        raise FormatError("%s: no processor %r in host_tools/image/boards.py" % (row[0], name))
    return PROCESSORS[name]


def title(row: tuple) -> str:
    """What people call the board of a row: what it calls itself, without what runs on it."""
    machine = row[1].rpartition(" with ")[0]
    return machine.removesuffix(" with faretap") or processor(row).name


class Maker(NamedTuple):
    """How an image of a board is made.

    word: of layout.BOARDS; kind: UF2 of a storage, ESPTOOL: files and a partition table, FULL:
    MicroPython itself too; march, family, program_bytes: of its processor; name: for people;
    flash_bytes: of the chip that the row is made for
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


def made_for(row: tuple) -> Maker:
    """Of a row of layout.BOARDS. FormatError: a processor that is not known."""
    of, full = processor(row), layout.has(row, "slot_a")
    flash_bytes = row[2] + row[3] * layout.BLOCK_BYTES
    name = "%s with %d MB, %s" % (
        title(row), flash_bytes >> 20, "MicroPython of our own" if full else "stock MicroPython"
    )  # fmt: skip
    return Maker(
        row[0], name, of.march, FULL if full else of.kind, of.family, of.program_bytes, flash_bytes
    )


MAKERS = tuple(made_for(row) for row in layout.BOARDS)
NAMES = tuple(one.word for one in MAKERS)


def maker(word: str) -> Maker:
    """The row of a board. FormatError names those there are."""
    for one in MAKERS:
        if one.word == word:
            return one
    raise FormatError("no board %r: say %s" % (word, ", ".join(NAMES)))
