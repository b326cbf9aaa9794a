# SPDX-License-Identifier: Apache-2.0
"""The other end of SPI and I2C for reader tests, byte by byte: lines in memory, as Line for HSU.

SpiPins(answer) and I2cPins(answer) take what Line takes, `answer(data, baud)` -> [(delay_ms,
frame), ..], and give one whole frame after the other. `log` is what was on the bus: (kind,
begin_us, end_us, bytes). Assertions stand where a chip would be misled.
"""

from tests.reader.scripted import Clock

US_A_BYTE = 8
OSCILLATOR_US = 2000


def turned(data):
    """The bits of each byte in the opposite order, one by one."""
    out = []
    for byte in data:
        other = 0
        for bit in range(8):
            other |= (byte >> bit & 1) << 7 - bit
        out.append(other)
    return bytes(out)


class Pins:
    """A chip behind pins: `asleep` until something wakes it; `irq` when it is given."""

    def __init__(self, answer, asleep=True, irq=False):
        self.clock = Clock()
        self.irq = self.await_low if irq else None
        self.asleep = asleep
        self.log = []
        self._answer = answer
        self._frames = []  # (due_us, bytes)
        self._up_us = None

    def pause_us(self, duration_us):
        assert duration_us >= 0
        self.clock.now_us += duration_us

    def await_low(self, timeout_ms):
        end_us = self.clock.now_us + timeout_ms * 1000
        at_us = self._frames[0][0] if self._frames else end_us + 1
        self.clock.now_us = max(self.clock.now_us, min(at_us, end_us))
        return at_us <= end_us

    def is_ready(self):
        return bool(self._frames) and self._frames[0][0] <= self.clock.now_us

    def hears(self):
        """Whether the oscillator is up; the first who asks wakes it."""
        if self.asleep:
            if self._up_us is None:
                self._up_us = self.clock.now_us + OSCILLATOR_US
            if self.clock.now_us < self._up_us:
                return False
            self.asleep = False
        return True

    def take(self, data):
        """A frame from the host: what was not fetched is gone."""
        self._frames = []
        due_us = self.clock.now_us
        for delay_ms, piece in self._answer(bytes(data), 115200):
            due_us += int(delay_ms * 1000)
            if piece:
                self._frames.append((due_us, piece))


class SpiPins(Pins):
    """Mode 0, least significant bit first: what comes in is turned round before it is read."""

    hz = 1000000

    def __init__(self, answer, held=True, lsb_first=False, **rest):
        Pins.__init__(self, answer, **rest)
        self.held = held
        self.lsb_first = lsb_first
        self._heard = False
        self._begin_us = None
        self._got = b""

    def select(self):
        if self.held:
            self._begin()

    def release(self):
        if self.held:
            self._end()

    def transfer(self, data):
        if not self.held:
            self._begin()
        assert self._begin_us is not None, "not selected"
        data = data if self.lsb_first else turned(data)
        self.clock.now_us += US_A_BYTE * len(data)
        out = bytes([self._byte(one) for one in data])
        if not self.held:
            self._end()
        return out if self.lsb_first else turned(out)

    def _begin(self):
        self._begin_us = self.clock.now_us
        self._heard = self.hears()
        self._got = b""

    def _byte(self, one):
        at = len(self._got) - 1
        self._got += bytes((one,))
        if not self._heard or at < 0 or self._got[0] == 1:
            return 0xAA
        if self._got[0] == 2:
            return 0xAA | self.is_ready() if self.is_ready() else 0xAA
        assert self._got[0] == 3 and self.is_ready(), "read too early, or no operation"
        frame = self._frames[0][1]
        return frame[at] if at < len(frame) else 0

    def _end(self):
        kind = self._got[:1].hex() if self._heard else "nobody"
        self.log.append((kind, self._begin_us, self.clock.now_us, self._got[1:]))
        self._begin_us = None
        if self._heard and self._got[:1] == b"\x01":
            self.take(self._got[1:])
        elif self._heard and self._got[:1] == b"\x03":
            self._frames.pop(0)


class I2cPins(Pins):
    """Address taken when awake; each read begins at the state and at the frame's first byte."""

    def __init__(self, answer, free_us=1300, **rest):
        Pins.__init__(self, answer, **rest)
        self.free_us = free_us

    def write(self, data):
        if not self._address("write", data):
            return False
        self.take(data)
        return True

    def read(self, count):
        if not self._address("read", bytes(count)):
            return None
        out = b"\x00"
        if self.is_ready():
            out = b"\x01" + self._frames[0][1]
            if count > 1:
                self._frames.pop(0)
        return (out + bytes(count))[:count]

    def _address(self, kind, data):
        begin_us = self.clock.now_us
        if self.log:
            assert begin_us - self.log[-1][2] >= self.free_us, "the bus was not free"
        heard = self.hears()
        self.clock.now_us += US_A_BYTE * (1 + len(data) if heard else 1)
        self.log.append((kind if heard else "nobody", begin_us, self.clock.now_us, data))
        return heard
