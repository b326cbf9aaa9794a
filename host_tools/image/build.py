# SPDX-License-Identifier: Apache-2.0
"""The files of one image: what goes into flash, where, and the words to write it.

    pico          MicroPython with the firmware frozen (tools/micropython.sh) | files: the unit
    stock, rp2    stub | files: main.py, rom_reader.mpy, the unit | release: firmware/ as ROMFS
    ESP32-S3      partition table, the same littlefs and ROMFS as partitions

Boot record and journal are never in an image: a board that is flashed anew keeps its records.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from firmware.boot import layout
from firmware.errors import FormatError
from host_tools.image import compiled, littlefs_image, modules, partitions, romfs, uf2
from host_tools.image.boards import ESPTOOL, FLASH_AT, FULL, Maker
from host_tools.image.unit import Unit

READER = "firmware/boot/rom_reader.py"
MOUNTED = "/release"
MAIN = """import sys

import rom_reader
import vfs
%s
vfs.mount(rom_reader.RomFiles(device), "%s")
sys.path.insert(0, "%s")
del device, rom_reader, sys, vfs

from firmware.boot.root import main

main()
"""
ON_RP2 = """import rp2
device = rp2.Flash(start=%d, len=%d)
del rp2
"""
ON_ESP32 = """from esp32 import Partition
device = Partition.find(Partition.TYPE_DATA, label="release")[0]
del Partition
"""


class Part(NamedTuple):
    """Bytes at a place of the flash, of a region or the code."""

    name: str
    place: int
    room: int  # bytes that the region has
    data: bytes


class Image(NamedTuple):
    """files: name -> bytes, to be written into a folder; parts: what is in them; compiled: of
    firmware/, empty where it is frozen; flash: lines that say how it gets onto a board.
    """

    maker: Maker
    files: dict[str, bytes]
    parts: list[Part]
    compiled: list[compiled.Compiled]
    devices: tuple[str, ...]
    unit: Unit | None
    flash: list[str]
    sources: list[dict] = []  # of MicroPython, where it is in the image: name, version, sha256
    compiler: str = ""  # of the same


def devices_of(unit: Unit | None, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Which devices an image is for: those asked for, else modules.TOGETHER. FormatError: the
    unit's is not among them.
    """
    devices = asked or modules.TOGETHER
    if unit and unit.device not in devices:
        raise FormatError(
            f"the folder is of a terminal with `device: {unit.device}`: --device {unit.device}"
        )
    return tuple(sorted(devices))


def build(
    maker: Maker,
    unit: Unit | None,
    devices: tuple[str, ...],
    compiler: str,
    full: Path,
    done: Callable[[], None] = lambda: None,
    root: Path = modules.ROOT,
) -> Image:
    """Make all files of an image. `full`: the MicroPython that was built for the board (FULL).
    FormatError: too large for its region, or no such `full`.
    """
    if maker.kind == FULL:
        return _build_full(maker, unit, full)
    sources = modules.needed(devices, root)
    reader = [path for path in sources if path.relative_to(root).as_posix() == READER]
    made = compiled.compile_files(
        [path for path in sources if path not in reader], maker.march, compiler, done, root
    )
    (first,) = compiled.compile_files(reader, maker.march, compiler, root=root)
    release = romfs.pack({one.name: one.data for one in made})
    files = dict(unit.files) if unit else {}
    files |= {"main.py": _main(maker), "rom_reader.mpy": first.data}
    parts = [_part(maker, "files", _files(maker, files)), _part(maker, "release", release)]
    if maker.kind == ESPTOOL:
        return _with_table(Image(maker, {}, parts, [*made, first], devices, unit, []))
    at, count = layout.region(maker.row, "files")
    stub = littlefs_image.stub(maker.row[3], at, count, maker.program_bytes)
    parts.insert(0, _part(maker, "stub", stub))
    return _as_uf2(Image(maker, {}, parts, [*made, first], devices, unit, []))


def _main(maker: Maker) -> bytes:
    first, count = layout.region(maker.row, "release")
    rp2 = ON_RP2 % (first * layout.BLOCK_BYTES, count * layout.BLOCK_BYTES)
    device = ON_ESP32 if maker.kind == ESPTOOL else rp2
    return (MAIN % (device, MOUNTED, MOUNTED)).encode()


def _files(maker: Maker, files: dict[str, bytes]) -> bytes:
    return littlefs_image.pack(files, maker.blocks, maker.program_bytes)


def _part(maker: Maker, name: str, data: bytes) -> Part:
    place, room = maker.region(name)
    if len(data) > room:
        raise FormatError(
            "%s: %d bytes do not fit into the %d of region `%s`: name the devices it is for"
            " (--device)" % (maker.word, len(data), room, name)
        )
    return Part(name, place, room, data)


def _build_full(maker: Maker, unit: Unit | None, full: Path) -> Image:
    if not full.is_file() or not full.with_suffix(".sources").is_file():
        raise FormatError(f"{full} is not there: make image BOARD={maker.word}")
    code = full.read_bytes()
    room = maker.row[2] - layout.BLOCK_BYTES  # the last block is the port's own (mpconfigboard.h)
    if len(code) > room:
        raise FormatError("MicroPython and firmware take %d bytes of %d" % (len(code), room))
    parts = [Part("code", 0, room, code)]
    if unit:
        parts.append(_part(maker, "files", _files(maker, unit.files)))
    used, compiler = made_of(full.with_suffix(".sources").read_text())
    return _as_uf2(Image(maker, {}, parts, [], modules.TOGETHER, unit, [], used, compiler))


def made_of(text: str) -> tuple[list[dict], str]:
    """(name, version, SHA-256 of each, the compiler) of what the builder says it has used."""
    found, compiler = [], ""
    for line in text.splitlines():
        name, version, rest = (*line.split(" ", 2), "")[:3]
        if name == "compiler":
            compiler = line.partition(" ")[2]
        else:
            found.append({"name": name, "version": version, "sha256": rest})
    return found, compiler


def _as_uf2(image: Image) -> Image:
    name = "faretap-%s.uf2" % image.maker.word
    packed = uf2.pack(
        ((FLASH_AT + part.place, part.data) for part in image.parts), image.maker.family
    )
    stock = image.maker.kind != FULL
    flash = ["hold BOOTSEL, plug the board in, copy %s onto the drive that appears" % name]
    if stock:
        flash.insert(0, "write MicroPython for this board first, 1.25 or later, the same way")
    files = {name: packed}
    files |= {part.name + ".bin": part.data for part in image.parts if part.name == "files"}
    return image._replace(files=files, flash=flash)


def _with_table(image: Image) -> Image:
    files = {part.name + ".bin": part.data for part in image.parts}
    files |= {
        "partition-table.bin": partitions.pack(image.maker),
        "partitions.csv": partitions.text(image.maker).encode(),
    }
    places = [(partitions.TABLE_AT, "partition-table.bin")]
    places += [(part.place, part.name + ".bin") for part in image.parts]
    line = "esptool --chip esp32s3 --port PORT write_flash " + " ".join(
        "0x%x %s" % place for place in places
    )
    first = "write MicroPython for ESP32-S3 with 8 MB first, 1.25 or later, at 0x0 with esptool"
    return image._replace(files=files, flash=[first, line])
