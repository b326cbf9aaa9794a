# SPDX-License-Identifier: Apache-2.0
"""Flash(block_count): NOR flash in RAM on MicroPython's block-device protocol, whose power can
fail at operation n.

Contract (design.md, Storage): erased bytes read FF; programming a byte that is not FF is refused
with ValueError and counted in `refused`, because our firmware must never do it; FF programmed
over anything changes nothing. One operation is one programmed page (256 bytes; a longer write is
several, in rising order) or one erased block: `operations` counts them.

`cut(n, seed)` lets the power fail in operation n (counted from now, 0 the next). The operation is
then left in one of four ways, chosen by the seed: not begun, a part of it (a prefix and some bits
of the next byte), bits here and there, or done without the caller knowing. PowerCut is raised
there and by everything after it until `restart()`. A page left half programmed may read otherwise
later: `ripen()` completes the torn page, as weak cells do.

`wear(block, kind)` spoils a block for good (WORN): "programs" leaves bits of each page as they
were, "erases" leaves bits of it 0, "refuses" raises OSError for both, as a driver does whose chip
reports an error. `disturb(block, bit)` turns one bit over, 1 to 0 or 0 to 1.

`struck(flash)` does the operation in which the power failed, on another flash that has `take()`n
the cells: one life up to a cut shows all the ways in which it may be left. Runs on both
interpreters; the shared tests use it.
"""

PAGE = 256
LEFT = ("not begun", "prefix", "bits", "done")
WORN = ("programs", "erases", "refuses")


class PowerCut(Exception):
    """The power is gone; nothing more happens until restart()."""


class Dice:
    """Seeded numbers, the same on both interpreters (a 32-bit linear congruence)."""

    def __init__(self, seed):
        self.state = (seed * 2654435761 + 1) & 0xFFFFFFFF

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % limit


class Flash:
    """`block_count` blocks of `block_size` bytes, all erased; `blocks` are their bytes."""

    def __init__(self, block_count, block_size=4096):
        self.block_count = block_count
        self.block_size = block_size
        self.blocks = [bytearray(b"\xff" * block_size) for _ in range(block_count)]
        self.operations = 0
        self.programs = 0
        self.erases = 0
        self.syncs = 0
        self.refused = 0
        self.cut_at = -1
        self.how = None
        self.dice = Dice(0)
        self.dead = False
        self.torn = None  # (block, offset, bytes meant) of a page left half programmed
        self.worn = {}  # block -> one of WORN
        self.struck = None

    def take(self, other):
        """Have the cells of another flash of the same size, and power."""
        self.restart()
        self.torn = None
        for cells, found in zip(self.blocks, other.blocks):  # noqa: B905
            cells[:] = found

    def wear(self, block, kind):
        """From here on this block fails as `kind` says."""
        self.worn[block] = kind

    def disturb(self, block, bit):
        """Turn bit `bit` of a block over; bit 0 is the highest of its first byte."""
        self.blocks[block][bit // 8] ^= 0x80 >> bit % 8

    def cut(self, operation, seed=0, how=None):
        """Let the power fail in the operation that comes after `operation` others; how: one of
        LEFT, None: drawn.
        """
        self.cut_at = self.operations + operation
        self.dice = Dice(seed)
        self.how = how

    def restart(self):
        """Power is back; what is in the cells stays."""
        self.dead = False
        self.cut_at = -1

    def ripen(self):
        """Complete the page that was left half programmed, unless it was erased since."""
        if self.torn:
            block, offset, meant = self.torn
            self._join(self.blocks[block], offset, meant)
            self.torn = None

    def readblocks(self, block, buf, offset=0):
        self._check(block, offset, len(buf))
        buf[:] = self.blocks[block][offset : offset + len(buf)]

    def writeblocks(self, block, buf, offset=None):
        """With an offset: program. Without: erase the block and program it (unused by us)."""
        if offset is None:
            self.ioctl(6, block)
            offset = 0
        self._check(block, offset, len(buf))
        done = 0
        while done < len(buf):
            count = min(PAGE - (offset + done) % PAGE, len(buf) - done)
            self._program(block, offset + done, bytes(buf[done : done + count]))
            done += count

    def ioctl(self, op, arg):
        self._check(0, 0, 0)
        if op == 3:
            self.syncs += 1
        elif op == 4:
            return self.block_count
        elif op == 5:
            return self.block_size
        elif op == 6:
            self._erase(arg)
        return 0

    def _check(self, block, offset, count):
        if self.dead:
            raise PowerCut("no power")
        if not 0 <= block < self.block_count or not 0 <= offset <= self.block_size - count:
            raise ValueError("block %d, offset %d, %d bytes: outside" % (block, offset, count))

    def _program(self, block, offset, data):
        if self.worn.get(block) == "refuses":
            raise OSError(5)
        cells = self.blocks[block]
        if not _may_program(data, cells[offset : offset + len(data)]):
            self.refused += 1
            raise ValueError("programmed already: block %d, offset %d" % (block, offset))
        self.programs += 1
        if self._failing():
            meant = data
            self.struck = lambda flash: flash.writeblocks(block, meant, offset)
            blank = b"\xff" * len(data)
            torn = self._tear(data, blank)
            self.torn = (block, offset, data) if torn != blank else None
            data = torn
        if self.worn.get(block) == "programs":
            data = bytes([data[0] | 0x11]) + data[1:]
        self._join(cells, offset, data)
        self._check(block, offset, 0)

    def _erase(self, block):
        self._check(block, 0, 0)
        if self.worn.get(block) == "refuses":
            raise OSError(5)
        self.erases += 1
        if self.torn and self.torn[0] == block:
            self.torn = None
        cells = self.blocks[block]
        if self._failing():
            self.struck = lambda flash: flash.ioctl(6, block)
            cells[:] = self._tear(b"\xff" * self.block_size, bytes(cells))
        else:
            blank = b"\xff" * PAGE  # page by page: a small heap has no whole block in one piece
            for at in range(0, self.block_size, PAGE):
                cells[at : at + PAGE] = blank[: self.block_size - at]
            if self.worn.get(block) == "erases":
                cells[300] &= 0xDB
        self._check(block, 0, 0)

    def _join(self, cells, offset, data):
        old = int.from_bytes(cells[offset : offset + len(data)], "big")
        both = old & int.from_bytes(data, "big")  # one big number: bits only go from 1 to 0
        cells[offset : offset + len(data)] = both.to_bytes(len(data), "big")

    def _failing(self):
        self.dead = self.operations == self.cut_at
        self.operations += 1
        return self.dead

    def _tear(self, after, before):
        """Bytes somewhere between `before` and `after`."""
        how = self.how or LEFT[self.dice.below(4)]
        if how == "not begun":
            return before
        if how == "done":
            return after
        mixed = bytearray(before)
        if how == "prefix":
            count = self.dice.below(len(after))
            mixed[:count] = after[:count]
            mask = self.dice.below(256)
            mixed[count] = (before[count] & mask) | (after[count] & (255 - mask))
            return mixed
        for i in range(len(after)):
            mask = self.dice.below(256)
            mixed[i] = (before[i] & mask) | (after[i] & (255 - mask))
        return mixed


def _may_program(data, cells):
    """True if each byte of `data` is FF or meets an erased one."""
    if cells == b"\xff" * len(data):
        return True
    return all(new == 0xFF or old == 0xFF for new, old in zip(data, cells))  # noqa: B905
