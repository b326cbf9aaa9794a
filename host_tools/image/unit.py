# SPDX-License-Identifier: Apache-2.0
"""One terminal's folder, as `faretap provision` makes it, checked against its board."""

from pathlib import Path
from typing import NamedTuple

from firmware import settings
from firmware.boot import layout
from firmware.errors import FormatError
from host_tools.image.boards import Maker

SETTINGS = "settings.txt"
# settings that name a file of the folder; fares, lists: of the trades
FILES = ("allow", "deny_list", "fares", "link_ca", "link_cert", "link_key", "sums", "ticket_keys")
RESERVED = ("boot.py", "main.py", "rom_reader.mpy")  # of the image itself


class Unit(NamedTuple):
    """files: all of the folder by path; terminal: its number; device: word of settings."""

    files: dict[str, bytes]
    terminal: int
    device: str


def read(folder: Path, maker: Maker) -> Unit:
    """What lies in the folder. FormatError says what a board could not start with."""
    if not (folder / SETTINGS).is_file():
        raise FormatError(
            f"{folder}: no {SETTINGS} in it: `faretap provision FOLDER` makes such a folder"
        )
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    for name in RESERVED:
        if name in files:
            raise FormatError(f"{folder / name}: that name is the image's own")
    name = str(folder / SETTINGS)
    try:
        text = files[SETTINGS].decode()
    except UnicodeDecodeError:
        raise FormatError(f"{name}: no UTF-8 text") from None
    unit = settings.parse(text, name)
    _check_files(unit, files, name)
    _check_journal(unit, maker, name)
    return Unit(files, unit.terminal, unit.device)


def _check_files(unit: settings.Settings, files: dict[str, bytes], name: str) -> None:
    named = [("parameters", unit.parameters), *((key, unit.more.get(key, "")) for key in FILES)]
    for key, path in named:
        if path and "/" not in path.strip("/") and path.strip("/") not in files:
            raise FormatError(f"{name}: `{key}: {path}` is not in the folder")


def _check_journal(unit: settings.Settings, maker: Maker, name: str) -> None:
    if unit.journal is None:
        return
    kind, where = unit.journal
    wanted = "end" if maker.kind != "esptool" else "journal"
    if (kind, where) != ("flash", wanted):
        raise FormatError(f"{name}: on {maker.name} it is `journal: flash:{wanted}`")
    most = layout.region(maker.row, "journal")[1]
    if unit.journal_blocks > most:
        raise FormatError(f"{name}: `journal_blocks: {unit.journal_blocks}`: it has {most}")
