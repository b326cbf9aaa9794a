# SPDX-License-Identifier: Apache-2.0
"""Who a board is: asked over its prompt, its settings parsed here, its records counted here.

Nothing of the board's own firmware runs for it, and nothing on the board is changed.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import NamedTuple

from firmware import settings
from firmware.boot import layout, record, slots
from firmware.errors import FormatError
from firmware.journal import Journal, open_journal
from host_tools.flash.boards import Board, of_machine
from host_tools.flash.console import Console
from host_tools.flash.faults import Fault
from host_tools.flash_image import FlashImage
from host_tools.provision.unit import SETTINGS

PIECE_BLOCKS = 16  # of the journal in one answer
SETTINGS_MOST = 64 * 1024


class Identity(NamedTuple):
    """unit: Settings, None without or with bad ones, which `fault` says; release, floor: numbers
    of the boot record, 0 for the factory's.
    """

    board: Board
    machine: str
    python: str
    unique: str
    blocks: int
    files: dict[str, int]
    unit: settings.Settings | None
    fault: str
    release: int
    floor: int

    def lines(self) -> list[str]:
        """For people."""
        found = [f"board       {self.machine}, {self.unique}", f"MicroPython {self.python}"]
        if self.unit:
            found.append(f"terminal    {self.unit.terminal}, {self.unit.device}")
        else:
            found.append(f"terminal    none: {self.fault}")
        if self.release or self.floor:
            found.append(f"release     {self.release or 'factory'}, none below {self.floor}")
        return found


class Held(NamedTuple):
    """The journal of a board as a copy. image: its bytes; waiting: records that could be sent;
    opened: sales that wait for their card.
    """

    journal: Journal
    image: bytes

    @property
    def waiting(self) -> int:
        return self.journal.waiting()

    @property
    def opened(self) -> int:
        return len(self.journal.opened)

    @property
    def is_blank(self) -> bool:
        """No number was ever given out: no terminal has served here."""
        return self.journal.next == 1


def ask(console: Console) -> Identity:
    """Fault wrong_board for a stranger."""
    said = console.call("identity")
    board = of_machine(said["machine"])
    if board is None:
        raise Fault("wrong_board", f"{console.port} is {said['machine']!r}, none that is known")
    files = {name: size for name, size in console.call("files")}
    unit, fault = _settings(console, files)
    running, floor = _release(console, said)
    return Identity(
        board, said["machine"], said["python"], said["unique"], said["blocks"], files, unit,
        fault, running, floor,
    )  # fmt: skip


def _settings(console, files):
    if SETTINGS not in files:
        return None, "no settings"
    if files[SETTINGS] > SETTINGS_MOST:
        return None, f"settings of {files[SETTINGS]:,} bytes"
    data = console.read(SETTINGS)
    try:
        return settings.parse(data.decode(), SETTINGS), ""
    except (FormatError, UnicodeError) as wrong:
        return None, str(wrong)


def _release(console, said):
    """(number of the release that runs, the newest that was good); zeros without a record."""
    row = layout.row_of_machine(said["machine"])
    if row is None or row[3] != said["blocks"] or not layout.has(row, "boot"):
        return 0, 0
    first, count = layout.region(row, "boot")
    image = blocks_of(console, ("flash", "end"), row[3] - first, 0, count)
    found = record.BootRecord(record.InBlocks(FlashImage(image)))
    return slots.running(found.values), found.values["floor"]


def held(
    console: Console, unit: settings.Settings, told: Callable[[int, int], None] = lambda *_: None
) -> Held | None:
    """The journal that its settings name, None for a unit without; told(blocks read, of all).

    Fault unreadable where it is none.
    """
    if unit.journal is None:
        return None
    image = b""
    for first in range(0, unit.journal_blocks, PIECE_BLOCKS):
        told(first, unit.journal_blocks)
        count = min(PIECE_BLOCKS, unit.journal_blocks - first)
        image += blocks_of(console, unit.journal, unit.journal_blocks, first, count)
    told(unit.journal_blocks, unit.journal_blocks)
    try:
        return Held(open_journal(FlashImage(image)), image)
    except ValueError as wrong:
        raise Fault("unreadable", f"the journal of the board: {wrong}") from wrong


def blocks_of(console: Console, where, blocks: int, first: int, count: int) -> bytes:
    """`count` blocks from `first` on of a region that is `blocks` long, checked by their hash."""
    whole = bytearray(b"\xff" * (count * layout.BLOCK_BYTES))
    rows = [row.split() for row in console.lines("region", *where, blocks, first, count)]
    try:
        for number, text in rows[:-1]:
            data = base64.b64decode(text, validate=True)
            at = (int(number) - first) * layout.BLOCK_BYTES
            if not 0 <= at <= len(whole) - len(data) or len(data) > layout.BLOCK_BYTES:
                raise ValueError("a block outside")
            whole[at : at + len(data)] = data
        good = rows[-1] == [b"sum", hashlib.sha256(whole).hexdigest().encode()]
    except (ValueError, IndexError, binascii.Error) as wrong:
        raise Fault("gone", f"{console.port}: no blocks of flash: {wrong}") from wrong
    if not good:
        raise Fault("gone", f"{console.port}: blocks of flash came over damaged")
    return bytes(whole)
