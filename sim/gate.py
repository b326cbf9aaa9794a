# SPDX-License-Identifier: Apache-2.0
"""A virtual gate: arms, three beams, people who walk; speaks TPW (others: gate_faces.py).

    gate = VirtualGate()
    gate.walk("normal")            somebody comes; he waits at the arms until they open
    answer = gate.feed(data, now_ms)        bytes of the terminal in, bytes of the board out
    gate.turn(now_ms)              time passes; gate.passed and gate.exited count, gate.log tells

Pure: no clock, no wire. A walk is a row of looks: so many ms each, which beams are covered. How a
board does it (times, filters) is a model; the frames are those of terminals.md 5.
"""

from firmware.neighbours import tpw
from firmware.neighbours.beams import ENTRY, EXIT, SAFETY

CLOSED_BIT, FIRE_BIT = 8, 16  # of the sensor byte, behind the beams
ARMS_MS = 300  # they move for so long
PATIENCE_MS = 8000  # nobody waits longer before closed arms
ADMIT_MS = 4500  # so long the arms stay open for one who was let in by himself: below passage_s
STEP_MS = 150
THROUGH = (ENTRY, ENTRY | SAFETY, SAFETY, SAFETY | EXIT, EXIT, 0)
BACK = (EXIT, EXIT | SAFETY, SAFETY, SAFETY | ENTRY, ENTRY, 0)
# kind of walk -> (ms of each look, beams of each look, counts as: "" nobody through)
WALKS = {
    "normal": (STEP_MS, THROUGH, "passed"),
    "slow": (5 * STEP_MS, THROUGH, "passed"),
    "stand": (STEP_MS, THROUGH[:3] + (SAFETY,) * 60 + THROUGH[3:], "passed"),
    "tailgate": (
        STEP_MS,
        (ENTRY, ENTRY | SAFETY, SAFETY, SAFETY | ENTRY, EXIT | ENTRY, ENTRY, SAFETY, EXIT, 0),
        "two",
    ),
    "turn_back": (STEP_MS, (ENTRY, ENTRY | SAFETY, ENTRY, 0), ""),
    "reverse": (STEP_MS, (EXIT, EXIT, 0), ""),
    "exit": (STEP_MS, BACK, "exited"),
    "push": (STEP_MS, (ENTRY, ENTRY, ENTRY, 0), ""),
}
NEEDS_ARMS = ("normal", "slow", "stand", "tailgate", "turn_back")


class VirtualGate:
    """One lane. `mute`: the board says nothing; `fire`: its fire input is active."""

    def __init__(self, address=None):
        self.reader = tpw.FrameReader(address)
        self.address = address
        self.now_ms = 0
        self.arms_open = False
        self.moved_ms = -ARMS_MS
        self.free = self.fire = self.mute = False
        self.waiting = []  # kinds of walks, first come first
        self.walking = None  # (kind, began_ms)
        self.came_ms = 0  # since when the first one waits
        self.admitted, self.admitted_ms = 0, 0  # people let in one by one; since when
        self.passed = self.exited = 0
        self.log = []  # (now_ms, word)

    def walk(self, kind):
        """Somebody comes: a word of WALKS."""
        if not self.waiting and not self.walking:
            self.came_ms = self.now_ms
        self.waiting.append(kind)

    def is_open(self):
        """True when somebody may walk in."""
        return (self.arms_open or self.free or self.fire) and self.settled()

    def settled(self):
        """True when the arms do not move."""
        return self.now_ms - self.moved_ms >= ARMS_MS

    def is_busy(self):
        """True while anything moves, or somebody is there."""
        return bool(self.walking or self.waiting or self.arms_open) or not self.settled()

    def beams(self):
        """Beams that are covered now."""
        if self.walking is None:
            return 0
        kind, began_ms = self.walking
        look_ms, looks, _ = WALKS[kind]
        place = (self.now_ms - began_ms) // look_ms
        return looks[min(place, len(looks) - 1)]

    def sensors(self):
        """The byte that a board tells."""
        shut = not self.arms_open and not self.free and not self.fire and self.settled()
        return self.beams() | (CLOSED_BIT if shut else 0) | (FIRE_BIT if self.fire else 0)

    def turn(self, now_ms):
        """Time passes: people walk, wait, give up."""
        self.now_ms = now_ms
        if self.walking:
            kind, began_ms = self.walking
            look_ms, looks, counts = WALKS[kind]
            if now_ms - began_ms >= look_ms * (len(looks) - 1):
                self.walking = None
                self.came_ms = now_ms
                self._through(counts)
        if self.waiting and not self.walking:
            kind = self.waiting[0]
            if kind not in NEEDS_ARMS or self.is_open():
                self.admitted_ms = now_ms
                self.walking = (self.waiting.pop(0), now_ms)
                self._note("walks " + kind)
            elif now_ms - self.came_ms >= PATIENCE_MS:
                self.waiting.pop(0)
                self.came_ms = now_ms
                self._note("gives up")
        idle = self.admitted and not self.walking
        if idle and now_ms - self.admitted_ms >= ADMIT_MS:
            self.admitted = 0
            self.move(False)

    def feed(self, data, now_ms):
        """What the board answers to the bytes of a terminal."""
        self.turn(now_ms)
        answers = [self._answer(*one) for one in self.reader.feed(data)]
        return b"" if self.mute else b"".join(answers)

    def admit(self):
        """Of gates that let people in one by one: the arms close behind each by themselves."""
        self.admitted += 1
        self.admitted_ms = self.now_ms
        self.move(True)

    def _answer(self, kind, data):
        if kind == 0x21:
            return self._said(kind, b"%06d" % self.passed)
        if kind == 0x22:
            return self._said(kind, b"%06d" % self.exited)
        if kind == 0x81:
            return self._said(kind, bytes((self.sensors(),)))
        known = {
            (0x41, b"2"): lambda: self.move(True),
            (0x41, b"1"): lambda: self.move(False),
            (0x14, b"0"): lambda: self.let_go(False),
            (0x14, b"1"): lambda: self.let_go(True),
            (0x14, b"2"): lambda: self.let_go(False),
            (0x24, b"0"): lambda: self.move(True),
            (tpw.CONNECT, b""): lambda: None,
        }.get((kind, data))
        if known is None:
            return self._said(tpw.FAILED)
        known()
        return self._said(tpw.DONE)

    def _said(self, kind, data=b""):
        return tpw.frame(kind, data, self.address)

    def move(self, opened):
        """The arms are told to open or to close."""
        if opened != self.arms_open:
            self.arms_open = opened
            self.moved_ms = self.now_ms
            self._note("opens" if opened else "closes")

    def let_go(self, free):
        """Free both ways, or under control."""
        if free != self.free:
            self.free = free
            self.moved_ms = self.now_ms
            self._note("free" if free else "controlled")

    def _through(self, counts):
        if counts in ("passed", "two"):
            self.passed += 1 + (counts == "two")
            if self.admitted:
                self.admitted -= 1
                self.move(bool(self.admitted))
        elif counts == "exited":
            self.exited += 1
        self._note(counts or "nobody through")

    def _note(self, word):
        self.log.append((self.now_ms, word))
