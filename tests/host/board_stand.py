# SPDX-License-Identifier: Apache-2.0
"""A board to flash: MicroPython's unix port behind a pty, its flash in a file, power to be cut.

What answers is a real MicroPython with its real prompt, littlefs and journal bytes; the flash
driver and the name of the board are board_prelude.py's.
"""

import os
import pty
import select
import signal
import subprocess
import threading
import tty
from pathlib import Path

from firmware.errors import FormatError
from firmware.journal import open_journal
from host_tools.cli.runtime import find_program
from host_tools.flash_image import FlashImage
from host_tools.image import uf2
from host_tools.image.boards import FLASH_AT

PRELUDE = Path(__file__).with_name("board_prelude.py")
BLOCK = 4096
FILE_BLOCKS, ALL_BLOCKS = 32, 64
PICO = "Raspberry Pi Pico with RP2040"
LOOK_S = 0.02


class BoardStand:
    """`port`: where its prompt is, anew after each plug(). A reset starts it again."""

    def __init__(self, folder, machine=PICO, file_blocks=FILE_BLOCKS, blocks=ALL_BLOCKS, base=0):
        self.folder, self.machine = folder, machine
        self.file_blocks, self.blocks = file_blocks, blocks
        self.starts = self.came = 0  # bytes from the host, in all
        self._relay = None
        self.flash.write_bytes(b"\xff" * (blocks * BLOCK))
        (folder / "program.bin").write_bytes(b"\xff" * base)
        self.plug()

    @property
    def flash(self):
        return self.folder / "flash.bin"

    def plug(self, cut_at=None):
        """Power; cut_at: it goes again when so many bytes have come from the host."""
        if self._relay:
            self.unplug()
        self.left = cut_at
        self._host, self._slave = pty.openpty()
        self._board, self._inner = pty.openpty()
        for one in (self._slave, self._inner):
            tty.setraw(one)
        self.port = os.ttyname(self._slave)
        self._powered = True
        self._start()
        self._relay = threading.Thread(target=self._carry, daemon=True)
        self._relay.start()

    def unplug(self):
        """The power goes; what its flash holds stays."""
        self._powered = False
        self._relay.join()

    def journal(self, count):
        """The journal behind the files, `count` blocks; what is done to it lands in the flash by
        close_journal().
        """
        image = self.flash.read_bytes()
        self._blocks = FlashImage(image[-count * BLOCK :])
        return open_journal(self._blocks)

    def close_journal(self):
        with self.flash.open("r+b") as file:
            file.seek(-len(self._blocks.cells), os.SEEK_END)
            file.write(self._blocks.cells)

    def _start(self):
        argv = [find_program("micropython"), "-X", "heapsize=400K", "-i", str(PRELUDE)]
        more = [str(self.file_blocks), str(self.blocks), self.machine]
        self.starts += 1
        self._process = subprocess.Popen(
            [*argv, *more], cwd=self.folder, stdin=self._inner, stdout=self._inner,
            stderr=self._inner, start_new_session=True,
        )  # fmt: skip

    def _in_boot_rom(self):
        """Its drive, until a UF2 that is whole lies there and is in the flash."""
        if not (self.folder / "bootsel").exists():
            return False
        drive = self.folder / "drive"
        drive.mkdir(exist_ok=True)
        (drive / "INFO_UF2.TXT").write_text("UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\n"
                                            "Board-ID: RPI-RP2\n")  # fmt: skip
        try:
            blocks = uf2.unpack((drive / "FARETAP.UF2").read_bytes())
        except (OSError, FormatError):
            return True
        if not blocks:
            return True
        for place, _, payload in blocks:
            self._program(place - FLASH_AT, payload)
        for path in (drive / "INFO_UF2.TXT", drive / "FARETAP.UF2", self.folder / "bootsel"):
            path.unlink()
        return False

    def _program(self, at, payload):
        base = len((self.folder / "program.bin").read_bytes())
        file, at = ("program.bin", at) if at < base else ("flash.bin", at - base)
        with (self.folder / file).open("r+b") as flash:
            flash.seek(at)
            flash.write(payload)

    def _carry(self):
        while self._powered:
            if self._process.poll() is not None and not self._in_boot_rom():
                self._start()
            ready, _, _ = select.select([self._host, self._board], [], [], LOOK_S)
            if self._host in ready:
                data = os.read(self._host, 4096)
                self.came += len(data)
                if self.left is not None:
                    self.left -= len(data)
                    if self.left < 0:
                        break
                os.write(self._board, data)
            if self._board in ready:
                os.write(self._host, os.read(self._board, 4096))
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        for one in (self._host, self._slave, self._board, self._inner):
            os.close(one)
        self._powered = False
