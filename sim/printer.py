# SPDX-License-Identifier: Apache-2.0
"""A receipt printer at the wire: takes ESC/POS bytes, tears off slips, runs out of paper.

printer.slips       [Slip(lines, code)]: what lies in the tray; code: text of its QR code
printer.paper = 0   nothing more is printed until there is some
"""

from typing import NamedTuple

PRINT_MS = 900  # a slip, from its last byte on
MOST_HELD = 4096


class Slip(NamedTuple):
    """A piece of paper."""

    lines: tuple[str, ...]
    code: str


class VirtualPrinter:
    """paper: slips that are left on the roll."""

    def __init__(self, paper=1000):
        self.paper = paper
        self.slips: list[Slip] = []
        self.held = b""
        self.text = b""
        self.code = b""
        self.out: list[tuple[int, bytes]] = []  # (not before, answer)
        self.free_ms = 0  # the mechanism is at work until then

    def feed(self, data, now_ms):
        """Bytes of the terminal; the slips that they have finished."""
        self.held = (self.held + data)[-MOST_HELD:]
        done = []
        while self.held:
            taken = self._step(now_ms, done)
            if not taken:
                break
            self.held = self.held[taken:]
        self.slips += done
        return done

    def outgoing(self, now_ms):
        """Answers whose time has come."""
        due = [data for at_ms, data in self.out if at_ms <= now_ms]
        self.out = [pair for pair in self.out if pair[0] > now_ms]
        return b"".join(due)

    def _step(self, now_ms, done):
        """Bytes that the command at the head takes, 0 while it is not whole."""
        held = self.held
        if held[:1] == b"\x10":
            if len(held) >= 3:
                self.out.append((now_ms, bytes((0x12 if self.paper else 0x72,))))
            return 3 if len(held) >= 3 else 0
        if held[:1] == b"\x1b":
            wanted = 2 if held[1:2] == b"@" else 3
            return wanted if len(held) >= wanted else 0
        if held[:1] != b"\x1d":
            self.text += held[:1]
            return 1
        return self._group(held, now_ms, done)

    def _group(self, held, now_ms, done):
        if held[1:2] == b"(":
            count = 5 + int.from_bytes(held[3:5], "little")
            if len(held) < 5 or len(held) < count:
                return 0
            if held[5:8] == b"1P0":
                self.code = held[8:count]
            return count
        wanted = 4 if held[1:2] == b"V" else 3
        if len(held) < wanted:
            return 0
        if held[1:2] == b"V":
            self._cut(now_ms, done)
        elif held[1:2] == b"r":
            at_ms = max(now_ms, self.free_ms)
            self.out.append((at_ms, bytes((0x00 if self.paper else 0x0C,))))
        return wanted

    def _cut(self, now_ms, done):
        lines = tuple(self.text.decode("ascii", "replace").strip().split("\n"))
        if self.paper:
            done.append(Slip(lines, self.code.decode("ascii", "replace")))
            self.paper -= 1
        self.text = self.code = b""
        self.free_ms = now_ms + PRINT_MS
