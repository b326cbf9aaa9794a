# SPDX-License-Identifier: Apache-2.0
"""The other end of the line for reader tests: a byte stream in memory, and its clock.

Line(answer): `answer(data, baud)` gets each write and returns [(delay_ms, bytes), ..], what
arrives how long after the piece before it. Script is one such: expected writes in their
order. Chip is another: a PN532 just large enough for wake-up, speeds and canned answers.
"""

from firmware.reader.bus import HSU_SPEEDS, Hsu
from firmware.reader.frame import ACK, FrameReader, encode
from firmware.reader.pn532 import Pn532


class Clock:
    """Stands still unless somebody waits; begins just before its counters wrap."""

    WRAP = 1 << 30

    def __init__(self):
        self.now_us = (self.WRAP - 50) * 1000

    def ticks_ms(self):
        return self.now_us // 1000 % self.WRAP

    def ticks_us(self):
        return self.now_us % self.WRAP

    def ticks_diff(self, later, earlier):
        return (later - earlier + self.WRAP // 2) % self.WRAP - self.WRAP // 2

    def pass_ms(self, duration_ms):
        self.now_us += duration_ms * 1000


class Line:
    """The byte stream of hal's contract. `writes` and `speeds` are what the driver did."""

    def __init__(self, answer, baud=115200, refused=()):
        self.clock = Clock()
        self.writes = []
        self.speeds = []
        self.baud = baud
        self._answer = answer
        self._refused = refused
        self._coming = []  # (due_us, bytes)

    def write(self, data):
        self.writes.append(bytes(data))
        due_us = self.clock.now_us
        for delay_ms, piece in self._answer(bytes(data), self.baud):
            due_us += int(delay_ms * 1000)
            if piece:
                self._coming.append((due_us, piece))

    def read(self, count, timeout_ms):
        assert count > 0
        end_us = self.clock.now_us + timeout_ms * 1000
        got = b""
        while len(got) < count and self._coming and self._coming[0][0] <= end_us:
            due_us, piece = self._coming.pop(0)
            self.clock.now_us = max(self.clock.now_us, due_us)
            wanted = count - len(got)
            got += piece[:wanted]
            if piece[wanted:]:
                self._coming.insert(0, (due_us, piece[wanted:]))
        if len(got) < count:
            self.clock.now_us = end_us
        return got

    def speed(self, baud):
        if baud in self._refused:
            return False
        self.speeds.append(baud)
        self.baud = baud
        return True


class Script:
    """Expected writes in their order: pairs (bytes, what arrives then)."""

    def __init__(self, *steps):
        self.steps = list(steps)

    def __call__(self, data, baud):
        assert self.steps, "not in the script: " + data.hex()
        expected, reply = self.steps.pop(0)
        assert data == expected, data.hex() + " is not " + expected.hex()
        return reply


def call(command, answer, card_ms=0):
    """A step: a command (hex behind D4) and its ACK and answer (hex behind D5)."""
    return to_chip(command), [(1, ACK), (card_ms, from_chip(answer))]


def to_chip(text):
    return encode(b"\xd4" + bytes.fromhex(text))


def from_chip(text):
    return encode(b"\xd5" + bytes.fromhex(text))


def chip_on(*steps):
    """(Pn532, its Line, the Script) with the steps to come; not opened."""
    script = Script(*steps)
    line = Line(script)
    return Pn532(Hsu(line, line.clock), line.clock), line, script


class Chip:
    """Enough of a chip for open() and recover(): speeds, LowVbat, canned answers by code."""

    ANSWERS = (
        (0x02, b"\x32\x01\x06\x07"),
        (0x12, b""),
        (0x32, b""),
        (0x4A, b"\x00"),
        (0x44, b"\x00"),
    )

    def __init__(self, baud=115200, awake=False, refused=(), garbled=(), kept=()):
        self.baud = baud
        self.awake = awake
        self.refused = refused  # codes that get the error frame
        self.garbled = garbled  # codes at which the host reads noise
        self.kept = kept  # codes that are granted and not carried out
        self.codes = []  # commands heard
        self._woken = awake
        self._granted = None
        self._frames = FrameReader()

    def __call__(self, data, baud):
        if baud != self.baud:
            return []
        if data[:2] == b"\x55\x55":
            self._woken = True
        reply = []
        for event, payload in self._frames.feed(data):
            if event == "ack" and self._granted is not None:
                if self._granted not in self.kept:
                    self.baud = HSU_SPEEDS[self._granted][1]
                self._granted = None
            if event == "frame" and self._woken:
                reply += self._command(payload[1], payload[2:])
        if (baud // 100) in [HSU_SPEEDS[code][1] // 100 for code in self.garbled]:
            return [(delay_ms, bytes([one ^ 0x5A for one in piece])) for delay_ms, piece in reply]
        return reply

    def power_cycle(self):
        self.__init__(115200, False, self.refused, self.garbled, self.kept)

    def _command(self, code, data):
        if code == 0x14:
            self.awake = True
        if not self.awake:
            return []
        self.codes.append(code)
        self._granted = None
        answer = dict(self.ANSWERS).get(code, b"")
        if code == 0x00:
            answer = data
        if code == 0x10:
            if data[0] in self.refused:
                return [(1, ACK), (0, encode(b"\x7f"))]
            self._granted = data[0]
        return [(1, ACK), (0, encode(bytes((0xD5, code + 1)) + answer))]
