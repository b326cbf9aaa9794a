# SPDX-License-Identifier: Apache-2.0
"""What passes between terminal and virtual chip in a tap, seen on the chip's side of the line: the
terminal is left as it is.
"""

from typing import NamedTuple

from sim.chip_line import FRAME, FrameFinder

LOOK, EXCHANGE, RAW = 0x4A, 0x40, 0x42
CHAINING, I_BLOCK = 0x10, 0x02


class Command(NamedTuple):
    """One command: when its last byte came, when the last byte of its answer left (us), bytes."""

    code: int
    data: bytes
    at_us: int
    done_us: int
    sent: int
    received: int


class Watch:
    """A trace of PtyServer: `commands` since clear(), oldest first."""

    def __init__(self):
        self.clear()

    def clear(self):
        """Forget what was."""
        self.finder = FrameFinder()
        self.commands = []
        self.pending = 0  # bytes from the host that make no frame yet

    def __call__(self, who, data, at_us):
        if who == "host":
            self.pending += len(data)
            for kind, payload in self.finder.feed(data):
                if kind == FRAME:
                    one = Command(payload[0], payload[1:], at_us, at_us, self.pending, 0)
                    self.commands.append(one)
                    self.pending = 0
        elif self.commands:
            last = self.commands[-1]
            self.commands[-1] = last._replace(done_us=at_us, received=last.received + len(data))

    def tap(self):
        """[Command] from the look that found the card to the last exchange with it."""
        codes = [one.code for one in self.commands]
        ends = [at for at, code in enumerate(codes) if code in (EXCHANGE, RAW)]
        if not ends:
            return []
        begins = [at for at in range(ends[0]) if codes[at] == LOOK]
        return self.commands[begins[-1] : ends[-1] + 1] if begins else []


def apdus(commands):
    """[(first Command, last Command)] of each APDU: raw blocks that belong together are one."""
    found = []
    for one in commands:
        if one.code == EXCHANGE:
            found.append((one, one))
        elif one.code == RAW and one.data:
            begins = one.data[0] & 0xE2 == I_BLOCK and not chained(found)
            if begins:
                found.append((one, one))
            elif found:
                found[-1] = (found[-1][0], one)
    return found


def chained(found):
    """True while the last block said that another one follows."""
    return bool(found) and found[-1][1].data[0] & 0xF2 == CHAINING | I_BLOCK
