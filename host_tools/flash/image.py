# SPDX-License-Identifier: Apache-2.0
"""The image of a board, as `faretap image` leaves it in a folder, looked through before it is
written: every file against the manifest, every block against the map of the flash.

Boot record and journal are not to be written by anybody; the file system is left out too where a
terminal has one already.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from firmware.boot import layout
from firmware.errors import FormatError
from host_tools.flash.boards import Board
from host_tools.flash.faults import Fault
from host_tools.image import uf2
from host_tools.image.boards import FLASH_AT

MANIFEST = "manifest.json"
MANIFEST_MOST = 1 << 20
UF2_MOST = 64 << 20
UNTOUCHED = ("boot", "journal")


class Part(NamedTuple):
    """Bytes that will lie at a place of the flash."""

    name: str
    place: int
    size: int
    sha256: str


class Image(NamedTuple):
    """word: of layout.BOARDS; files: name -> path, verified; parts: what the flash is to hold."""

    word: str
    folder: Path
    version: str
    release: int  # its number, 0 where the manifest gives none
    files: dict[str, Path]
    parts: list[Part]

    @property
    def uf2(self) -> Path | None:
        return next((path for name, path in self.files.items() if name.endswith(".uf2")), None)

    def span(self, region: str) -> range:
        """Places of a region in the flash, empty where the board has none such."""
        row = layout.row(self.word)
        if not layout.has(row, region):
            return range(0)
        first, count = layout.region(row, region)
        begin = row[2] + first * layout.BLOCK_BYTES
        return range(begin, begin + count * layout.BLOCK_BYTES)


def read(folder: Path, board: Board) -> Image:
    """The Image of a folder. Fault damaged_image, wrong_board."""
    try:
        text = (folder / MANIFEST).read_bytes()[: MANIFEST_MOST + 1]
        told = json.loads(text)
        word, version = str(told["board"]), str(told.get("version", ""))
        release = int(told.get("release", 0))
        wanted = {str(one["name"]): str(one["sha256"]) for one in told["files"]}
        parts = [
            Part(str(one["name"]), int(one["place"]), int(one["size"]), str(one["sha256"]))
            for one in told["parts"]
        ]
    except FileNotFoundError as wrong:
        raise Fault("damaged_image", f"{folder} has no {MANIFEST}: `faretap image`") from wrong
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise Fault("damaged_image", f"{folder / MANIFEST} is no manifest") from wrong
    if word not in (board.name, board.name + "_stock"):
        raise Fault("wrong_board", f"the image is of a {word}, not of a {board.name}")
    files = {}
    for name, digest in wanted.items():
        path = folder / name
        if Path(name).name != name or not path.is_file() or path.stat().st_size > UF2_MOST:
            raise Fault("damaged_image", f"{path} is not there")
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise Fault("damaged_image", f"{path} is not what the manifest says")
        files[name] = path
    return Image(word, folder, version, release, files, parts)


def drive_bytes(image: Image, family: int, keep_files: bool) -> bytes:
    """What is copied onto the boot drive. keep_files: without the file system.

    Fault damaged_image: cut short, or it would write where records lie; wrong_board.
    """
    if image.uf2 is None:
        raise Fault("damaged_image", f"{image.folder} has no UF2")
    try:
        blocks = uf2.unpack(image.uf2.read_bytes())
    except FormatError as wrong:
        raise Fault("damaged_image", f"{image.uf2}: {wrong}") from wrong
    taboo = [image.span(name) for name in UNTOUCHED]
    kept = []
    for place, found, payload in blocks:
        if found != family:
            raise Fault("wrong_board", f"{image.uf2} is for family {found:08X}, not {family:08X}")
        at = place - FLASH_AT
        if any(at in span or at + len(payload) - 1 in span for span in taboo) or at < 0:
            raise Fault("damaged_image", f"{image.uf2} would write at {at:06X}, where records lie")
        if not (keep_files and at in image.span("files")):
            kept.append((place, payload))
    return uf2.pack(_whole(kept), family)


def _whole(blocks: Iterable[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Blocks that follow each other as one stretch, as uf2.pack() takes them."""
    found: list[tuple[int, bytearray]] = []
    for place, payload in blocks:
        if found and found[-1][0] + len(found[-1][1]) == place:
            found[-1][1].extend(payload)
        else:
            found.append((place, bytearray(payload)))
    return [(place, bytes(data)) for place, data in found]


def esptool_words(image: Image, port: str, keep_files: bool) -> list[str]:
    """Arguments of esptool that write the image of an ESP32; Fault damaged_image."""
    words = ["--chip", "esp32s3", "--port", port, "write-flash"]
    table = image.files.get("partition-table.bin")
    if table:
        words += ["0x8000", str(table)]
    for part in image.parts:
        if part.name in UNTOUCHED:
            raise Fault("damaged_image", f"the image would write `{part.name}`")
        if keep_files and part.name == "files":
            continue
        path = image.files.get(part.name + ".bin")
        if path is None:
            raise Fault("damaged_image", f"{part.name}.bin is not in {image.folder}")
        words += [hex(part.place), str(path)]
    return words
