# SPDX-License-Identifier: Apache-2.0
"""The boards that are known: how one is recognised, and how it is wired by default.

They are the rows of firmware/boot/layout.py, what is their processor's from host_tools/image; one
with MicroPython of our own and the same with stock MicroPython, `NAME_stock`, are one board. A
board that is running says its name as MicroPython's `sys.implementation._machine`; one in its
boot ROM shows a drive with INFO_UF2.TXT. Each default may be set otherwise (`faretap provision
--set`).
"""

from typing import NamedTuple

from firmware.boot import layout
from firmware.errors import FormatError
from host_tools.image.boards import processor, title


class Board(NamedTuple):
    """machine: what stands in its name, "" under Linux; drive: Board-ID of INFO_UF2.TXT and
    family: of its UF2 blocks, "" and 0 where it has no such drive; defaults: settings.
    """

    name: str
    title: str
    machine: str
    drive: str
    family: int
    defaults: tuple[tuple[str, str], ...]

    @property
    def is_linux(self) -> bool:
        return not self.machine


WIRED_LINK = ("pico", "pico2")  # no radio: the collector is at UART 0; others name a link


def made_for(row: tuple) -> Board:
    """Of a row of layout.BOARDS."""
    of = processor(row)
    defaults = [
        ("reader", of.reader),
        ("journal", of.journal),
        ("journal_blocks", str(layout.region(row, "journal")[1])),  # all that there are
    ]
    if row[0] in WIRED_LINK:
        defaults.append(("link", "serial:0:tx=0,rx=1"))
    machine = row[1] if row[1].startswith(" ") else " %s with " % title(row)
    return Board(row[0], title(row), machine, of.drive, of.family, tuple(defaults))


LINUX = Board(
    "raspberry_pi", "Raspberry Pi", "", "", 0,
    (("reader", "serial:/dev/serial0"), ("journal", "file:/var/lib/faretap/journal.bin"),
     ("journal_blocks", "4096")),
)  # fmt: skip
BOARDS = (*(made_for(row) for row in layout.BOARDS if not row[0].endswith("_stock")), LINUX)
NAMES = tuple(one.name for one in BOARDS)


def board_named(name: str) -> Board:
    """The row of a name; FormatError that names them all."""
    for one in BOARDS:
        if one.name == name:
            return one
    raise FormatError(f"{name} is no board: {', '.join(NAMES)}")


def of_machine(machine: str) -> Board | None:
    """The row of what a running board calls itself, None for a stranger."""
    for one in BOARDS:
        if one.machine and one.machine in " " + machine:
            return one
    return None
