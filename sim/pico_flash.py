# SPDX-License-Identifier: Apache-2.0
"""The flash of the emulated Pico: a chip that takes time and can lose its power.

The emulator carries an operation out at once. Here it takes what the data sheet calls typical for
the W25Q16JV of a Pico: the status says busy so long, so that the boot ROM waits for it with
interrupts off, as on a board (MP-13). An operation is a page programmed or a block erased.

    part = FlashPart(mcu)
    part.cut(12, seed=1, gone=stop)     the power fails in the 12th operation from here, 0 the next

The operation is then left in one of the ways of sim/flash.py: not begun, a prefix and some bits
of the next byte, bits here and there, or done. `gone()` is called there; nothing is written behind
it.
"""

from rp2040py.peripherals import ssi

from sim.flash import LEFT, PAGE, Dice

BUSY = 1  # of the status register
PROGRAM_US, SECTOR_US, BLOCK_US = 400, 45_000, 150_000  # typical; at most 3, 400 and 2000 ms
ERASES = {ssi.CMD_SECTOR_ERASE: (4096, SECTOR_US), ssi.CMD_BLOCK_ERASE: (65536, BLOCK_US)}


class FlashPart:
    """Takes the place of the emulator's own flash commands. `done`: (ms, us it took) of each
    operation; `dead`: the power has failed.
    """

    def __init__(self, mcu):
        self.clock, self.cells, self.bus = mcu.clock, mcu.flash, mcu.ssi
        self.done: list[tuple[float, int]] = []
        self.busy_until_ns = 0.0
        self.cut_at, self.dice, self.how = -1, Dice(0), None
        self.gone = None
        self.dead = False
        self.struck = ""  # how the operation was left in which the power failed
        self.shift, self.apply = mcu.ssi._shift_byte, mcu.ssi._apply_command
        mcu.ssi._shift_byte, mcu.ssi._apply_command = self._shifted, self._applied

    @property
    def operations(self):
        return len(self.done)

    def cut(self, operation, seed=0, how=None, gone=None):
        """Let the power fail in the operation that comes after `operation` others; how: one of
        LEFT, None: drawn.
        """
        self.cut_at, self.dice = self.operations + operation, Dice(seed)
        self.how, self.gone = how, gone

    def _shifted(self, value):
        answer = self.shift(value)
        said = self.bus._tx_buffer
        if said[0] == ssi.CMD_READ_STATUS_1 and len(said) > 1:
            return answer | (BUSY if self.clock.nanos < self.busy_until_ns else 0)
        return answer

    def _applied(self):
        said = bytes(self.bus._tx_buffer)
        code = said[0] if said else 0
        writes = self.bus._write_enabled and len(said) >= 4
        if not writes or (code not in ERASES and code != ssi.CMD_PAGE_PROGRAM):
            return self.apply()
        if self.dead or self.operations == self.cut_at:
            self._fail(code, said)
            self.bus._tx_buffer, self.bus._write_enabled = bytearray(), False
            return None
        self.apply()
        took_us = ERASES[code][1] if code in ERASES else PROGRAM_US
        self.busy_until_ns = self.clock.nanos + took_us * 1000
        self.done.append((self.clock.nanos / 1e6, took_us))
        return None

    def _fail(self, code, said):
        if self.dead:
            return
        self.dead = True
        self.struck = self.how or LEFT[self.dice.below(len(LEFT))]
        at = int.from_bytes(said[1:4], "big")
        if code in ERASES:
            size = ERASES[code][0]
            at -= at % size
            self._leave(at, b"\xff" * size)
        else:
            meant = said[4 : 4 + PAGE]
            now = self.cells[at : at + len(meant)]
            self._leave(at, bytes(a & b for a, b in zip(now, meant, strict=True)))
        if self.gone:
            self.gone()

    def _leave(self, at, meant):
        """Bytes `meant` at a place, as far as the operation got: bits that were to change have
        changed or not.
        """
        if self.struck == "not begun":
            return
        whole = self.dice.below(len(meant)) if self.struck == "prefix" else 0
        if self.struck == "done":
            whole = len(meant)
        last = whole + 1 if self.struck == "prefix" else len(meant)
        self.cells[at : at + whole] = meant[:whole]
        for place in range(whole, last):
            mask = self.dice.below(256)
            old = self.cells[at + place]
            self.cells[at + place] = old & ~mask & 0xFF | meant[place] & mask
