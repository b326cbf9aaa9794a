# SPDX-License-Identifier: Apache-2.0
"""The flash of the emulated Pico: a chip that takes time and can lose its power.

The emulator carries an operation out at once. Here it takes what the data sheet calls typical for
the W25Q16JV of a Pico: the status says busy so long, so that the boot ROM waits for it with
interrupts off, as on a board (MP-13). An operation is a page programmed or a block erased.

    part = FlashPart(mcu)
    part.before = noted                 noted(at, meant): an operation begins, to make these bytes
    part.cut(12, seed=1, gone=stop)     the power fails in the 12th operation from here, 0 the next

Where the power fails an operation is left in one of the ways of sim/flash.py (`left`): not begun,
a prefix and some bits of the next byte, bits here and there, or done. Nothing is written behind
it.
"""

from collections.abc import Callable

from rp2040py.peripherals import ssi

from sim.flash import LEFT, PAGE, Dice

BUSY = 1  # of the status register
PROGRAM_US, SECTOR_US, BLOCK_US = 400, 45_000, 150_000  # typical; at most 3, 400 and 2000 ms
ERASES = {ssi.CMD_SECTOR_ERASE: (4096, SECTOR_US), ssi.CMD_BLOCK_ERASE: (65536, BLOCK_US)}


class FlashPart:
    """Takes the place of the emulator's own flash commands. `done`: (ms, us it took) of each
    operation; `dead`: the power has failed; `how`: the way in which the last operation was left.
    """

    def __init__(self, mcu):
        self.clock, self.cells, self.bus = mcu.clock, mcu.flash, mcu.ssi
        self.done: list[tuple[float, int]] = []
        self.before: Callable[[int, bytes], None] | None = None
        self.busy_until_ns = 0.0
        self.cut_at, self.seed, self.how, self.gone = -1, 0, "", None
        self.dead = False
        self.shift, self.apply = mcu.ssi._shift_byte, mcu.ssi._apply_command
        mcu.ssi._shift_byte, mcu.ssi._apply_command = self._shifted, self._applied

    def cut(self, operation, seed=0, how="", gone=None):
        """Let the power fail in the operation that comes after `operation` others; how: one of
        LEFT, "": drawn. gone(): called there.
        """
        self.cut_at = len(self.done) + operation
        self.seed, self.how, self.gone = seed, how or LEFT[Dice(seed).below(len(LEFT))], gone

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
            self.apply()
            return
        at, meant = self._change(code, said)
        if self.dead or len(self.done) == self.cut_at:
            if not self.dead:
                self._fail(at, meant)
            self.bus._tx_buffer, self.bus._write_enabled = bytearray(), False
            return
        if self.before:
            self.before(at, meant)
        self.apply()
        took_us = ERASES[code][1] if code in ERASES else PROGRAM_US
        self.busy_until_ns = self.clock.nanos + took_us * 1000
        self.done.append((self.clock.nanos / 1e6, took_us))

    def _change(self, code, said):
        """(place, bytes that will stand there) of an operation."""
        at = int.from_bytes(said[1:4], "big")
        if code in ERASES:
            size = ERASES[code][0]
            return at - at % size, b"\xff" * size
        meant = said[4 : 4 + PAGE]
        found = self.cells[at : at + len(meant)]
        return at, bytes(a & b for a, b in zip(found, meant, strict=True))

    def _fail(self, at, meant):
        self.dead = True
        found = bytes(self.cells[at : at + len(meant)])
        self.cells[at : at + len(meant)] = left(found, meant, self.how, Dice(self.seed))
        if self.gone:
            self.gone()


def left(found, meant, how, dice):
    """Bytes where `found` was to become `meant` and the power failed; how: one of LEFT. Bits that
    were to change have changed or not.
    """
    if how in ("not begun", "done"):
        return found if how == "not begun" else meant
    whole = dice.below(len(meant)) if how == "prefix" else 0
    last = whole + 1 if how == "prefix" else len(meant)
    cells = bytearray(meant[:whole] + found[whole:])
    for place in range(whole, last):
        mask = dice.below(256)
        cells[place] = found[place] & ~mask & 0xFF | meant[place] & mask
    return bytes(cells)
