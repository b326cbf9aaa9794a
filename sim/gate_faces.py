# SPDX-License-Identifier: Apache-2.0
"""Faces of the virtual gate (gate.py) towards a terminal: two boards on a line, and single pins.

The gate behind them is the same: who walks how, and what the beams see.
"""

from firmware.neighbours import digicon
from firmware.neighbours.beams import SAFETY
from sim.gate import CLOSED_BIT

PULSE_MS = 250  # of a contact that says that somebody is through
REST_MS = 150  # between two of them
MOST_REST = 64


class Face:
    """A gate as a terminal finds it. `pins`: levels of its contacts, by words of relay_gate.py."""

    def __init__(self, gate):
        self.gate = gate
        self.pins = {}

    def feed(self, data, now_ms):
        """Bytes of the terminal."""

    def outgoing(self, now_ms):
        """Bytes for the terminal."""
        return b""

    def set(self, word, level, now_ms):
        """An output of the terminal."""

    def turn(self, now_ms):
        """Time passes."""
        self.gate.turn(now_ms)

    def is_busy(self):
        """True while anything moves, or has to be told."""
        return self.gate.is_busy()


class TpwFace(Face):
    """A TPW board: it speaks when it is asked."""

    def __init__(self, gate):
        super().__init__(gate)
        self.out = b""

    def feed(self, data, now_ms):
        self.out += self.gate.feed(data, now_ms)

    def outgoing(self, now_ms):
        data, self.out = self.out, b""
        return data


class DigiconFace(Face):
    """A Digicon board, people go from right to left: 1A when one is through, 1B the other way."""

    def __init__(self, gate):
        super().__init__(gate)
        self.rest = self.out = b""
        self.passed = self.exited = 0
        self.orders = {
            digicon.LEFT["open"]: gate.admit,
            digicon.LEFT["free"]: lambda: gate.let_go(True),
            digicon.LEFT["release"]: lambda: gate.let_go(True),
            digicon.BOTH["close"]: self._close,
        }

    def _close(self):
        self.gate.let_go(False)
        self.gate.admitted = 0
        self.gate.move(False)

    def feed(self, data, now_ms):
        """Whole frames are carried out, the rest is passed over."""
        self.turn(now_ms)
        self.rest = (self.rest + data)[-MOST_REST:]
        for command, order in self.orders.items():
            while digicon.frame(command) in self.rest:
                self.rest = self.rest.replace(digicon.frame(command), b"", 1)
                order()
                self.out += bytes((digicon.DONE,))

    def outgoing(self, now_ms):
        data, self.out = self.out, b""
        return b"" if self.gate.mute else data

    def turn(self, now_ms):
        """Time passes; a passage is told by itself."""
        self.gate.turn(now_ms)
        for code, name in ((digicon.PASSED, "passed"), (digicon.PASSED_BACK, "exited")):
            count = getattr(self.gate, name)
            self.out += digicon.frame(bytes((code,))) * (count - getattr(self, name))
            setattr(self, name, count)


class RelayFace(Face):
    """Contacts and relays alone."""

    def __init__(self, gate):
        super().__init__(gate)
        self.pins = {"passed": 0, "back": 0, "beam": 0, "shut": 1, "fire": 1}
        self.told = {"passed": 0, "back": 0}  # people whose contact was given
        self.until_ms = {"passed": 0, "back": 0}  # end of the pulse and the rest behind it

    def set(self, word, level, now_ms):
        """`open` lets one in, `release` everybody."""
        self.turn(now_ms)
        if word == "release":
            self.gate.let_go(bool(level))
        elif level:
            self.gate.admit()

    def turn(self, now_ms):
        """Time passes: the contacts follow the gate."""
        self.gate.turn(now_ms)
        seen = self.gate.sensors()
        self.pins["beam"] = int(bool(seen & SAFETY))
        self.pins["shut"] = int(bool(seen & CLOSED_BIT))
        self.pins["fire"] = int(not self.gate.fire)
        for word, count in (("passed", self.gate.passed), ("back", self.gate.exited)):
            if self.told[word] < count and now_ms >= self.until_ms[word]:
                self.told[word] += 1
                self.until_ms[word] = now_ms + PULSE_MS + REST_MS
            self.pins[word] = int(now_ms < self.until_ms[word] - REST_MS)

    def is_busy(self):
        return self.gate.is_busy() or self.gate.now_ms < max(self.until_ms.values())


FACES: dict[str, type[Face]] = {"tpw": TpwFace, "digicon": DigiconFace, "relay": RelayFace}
