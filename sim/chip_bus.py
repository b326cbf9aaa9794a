# SPDX-License-Identifier: Apache-2.0
"""The virtual PN532 behind its SPI or I2C pins, in the process of its host (PS-29).

    line = SpiFace(Chip(field), clock)       # what firmware/reader/spi.py wants of a line
    line = I2cFace(Chip(field), clock)       # likewise i2c.py

The chip is the one of sim/chip.py; what differs is how bytes come in and out. It keeps whole
frames until the host fetches them, P70_IRQ is low meanwhile, and a transaction lasts as long as
its bits. `clock` has `us`, microseconds, which a transaction and pause_us() move on. What a
careful host never does is noted in `faults`: reading before the chip is ready, two transactions
without the bus-free time, another clock than the chip can follow. Written without a look into the
driver's buses, so that a mistake of one end shows at the other.
"""

import copy

from firmware.errors import LinkLost
from sim.chip_line import ACK
from sim.timing import whole_us

OSCILLATOR_US = 2000
WAKE_BY_SPI, WAKE_BY_I2C = 0x20, 0x80  # PowerDown, bits 5 and 7
SPI_TOP_HZ, I2C_TOP_HZ = 5_000_000, 400_000
WRITE, STATE, READ = 0x01, 0x02, 0x03


class Pages:
    """In place of Wire: whole frames, each from its time on; pieces of one answer are joined."""

    def __init__(self):
        self.pages: list[list] = []  # [due_us, bytes]
        self.free_us = 0.0

    def put(self, at_us: float, data: bytes, byte_us: float) -> float:
        """Lay a frame, or the next piece of one, into the chip's buffer."""
        if data:
            begins = data[:1] == b"\x00" and data.lstrip(b"\x00")[:1] == b"\xff"
            if begins or not self.pages or self.pages[-1][1] == ACK:
                self.pages.append([at_us, data])
            else:
                self.pages[-1] = [at_us, self.pages[-1][1] + data]
            self.free_us = at_us
        return at_us

    def cut(self, at_us: float) -> None:
        """Another command, or an abort: what was not fetched never will be."""
        self.pages.clear()
        self.free_us = min(self.free_us, at_us)

    def take(self, now_us: float) -> bytes:
        """The next frame, when its time has come."""
        if self.pages and self.pages[0][0] <= now_us + 1e-6:
            return self.pages.pop(0)[1]
        return b""

    def next_us(self, grain_us: float = 0.0) -> float | None:
        """When there is one."""
        return self.pages[0][0] if self.pages else None


class Face:
    """What both buses share (PS-29). `irq`, `reset`: None, or as the lines of hal have them."""

    def __init__(self, chip, clock, wake_source, irq, reset):
        chip.timing = copy.copy(chip.timing)
        chip.timing.link = False  # the bits of this bus take their time here
        chip.wire_kind, chip.wire = Pages, Pages()
        chip.wake_source = wake_source
        self.chip = chip
        self.clock = clock
        self.irq = self._await_irq if irq else None
        self.reset = self._set_reset if reset else None
        self.faults: list[str] = []
        self.transactions: list[tuple] = []  # (kind, begin_us, end_us, bytes)
        self.resets = 0
        self._in_reset = False
        self._up_us: int | None = None
        self._page = b""

    def pause_us(self, duration_us: int) -> None:
        self.clock.us += max(0, duration_us)

    def close(self) -> None:
        """A bus has no line to hang up."""

    def _clock_bits(self, bits: int, hz: int) -> None:
        self.clock.us += whole_us(bits * 1_000_000 / hz)

    def _is_asleep(self) -> bool:
        return self.chip.power in ("asleep", "low_vbat") and self.chip.waking > 0

    def _hears(self) -> bool:
        """Whether the chip takes the transaction that begins; one that comes asleep wakes it."""
        if self._in_reset:
            return False
        if self._ready():
            return True  # to PowerDown there is an answer, and it is fetched before
        if self.chip.power == "dead":
            return False
        if self._is_asleep():
            if self._up_us is None:
                self._up_us = self.clock.us + OSCILLATOR_US
            if self.clock.us < self._up_us:
                return False
            self.chip.rouse()
        self._up_us = None
        return True

    def _ready(self) -> bool:
        if not self._page and not self._in_reset:
            self._page = self.chip.due(self.clock.us)
        return bool(self._page)

    def _take(self, data: bytes) -> None:
        """A frame from the host; it replaces whatever the chip had to say."""
        self._page = b""
        self.chip.feed(data, self.clock.us, self.chip.baud)

    def _await_irq(self, timeout_ms: int) -> bool:
        end_us = self.clock.us + timeout_ms * 1000
        while not self._ready():
            next_us = self.chip.next_us()
            if next_us is None or next_us > end_us:
                self.clock.us = end_us
                return False
            self.clock.us = max(self.clock.us, next_us)
        return True

    def _set_reset(self, level: int) -> None:
        """RSTPD_N: low holds the chip in reset, high lets it begin anew, in LowVbat."""
        if not level:
            self.resets += 1
            self.chip.reset()
            self._page, self._up_us = b"", None
        self._in_reset = not level


class SpiFace(Face):
    """Mode 0, the least significant bit first. `held`: the host has the chip select in its hand;
    `lsb_first`: its peripheral turns the bits round, else it sends bytes as they are to be turned.
    """

    def __init__(
        self, chip, clock, hz=1_000_000, held=True, lsb_first=False, irq=False, reset=False
    ):
        super().__init__(chip, clock, WAKE_BY_SPI, irq, reset)
        self.hz = hz
        self.held = held
        self.lsb_first = lsb_first
        self._selected_us: int | None = None
        self._heard = False
        self._got = b""
        if hz > SPI_TOP_HZ:
            self.faults.append("%d Hz" % hz)

    def select(self) -> None:
        if self.held:
            self._begin()

    def release(self) -> None:
        if self.held:
            self._end()

    def transfer(self, data: bytes) -> bytes:
        """Both ways at once, in the order of bits of the host's peripheral."""
        if not self.held:
            self._begin()
        if self._selected_us is None:
            raise LinkLost("SPI: nobody selected the chip")
        self._clock_bits(8 * len(data), self.hz)
        answer = bytes(self._byte(self._turned(one)) for one in data)
        if not self.held:
            self._end()
        return bytes(self._turned(one) for one in answer)

    def _turned(self, one: int) -> int:
        return one if self.lsb_first else int(format(one, "08b")[::-1], 2)

    def _begin(self) -> None:
        self._selected_us = self.clock.us
        self._heard = self._hears()
        self._got = b""

    def _byte(self, one: int) -> int:
        """What goes out while a byte comes in: nothing of meaning beside the first one."""
        self._got += bytes((one,))
        at = len(self._got) - 2  # of the bytes behind the operation
        if not self._heard or at < 0 or self._got[0] == WRITE:
            return 0
        ready = self._ready()
        if self._got[0] == STATE:
            return 0x01 if ready else 0x00
        if not ready and at == 0:
            self.faults.append("read when not ready")
        return self._page[at] if at < len(self._page) else 0

    def _end(self) -> None:
        operation, data = self._got[:1], self._got[1:]
        self.transactions.append((operation.hex(), self._selected_us, self.clock.us, data))
        self._selected_us = None
        if not self._heard:
            return
        if operation == bytes((WRITE,)):
            self._take(data)
        elif operation == bytes((READ,)):
            self._page = b""  # read to its end or not: there is no second half


class I2cFace(Face):
    """Address 24. `stretches`: woken by its address, the chip holds the clock until it is up; else
    it leaves the address untaken. `free_us`: what it wants between two transactions.
    """

    def __init__(
        self, chip, clock, hz=400_000, free_us=1300, stretches=False, irq=False, reset=False
    ):
        super().__init__(chip, clock, WAKE_BY_I2C, irq, reset)
        self.hz = hz
        self.free_us = free_us
        self.stretches = stretches
        self._ended_us = clock.us - free_us
        if hz > I2C_TOP_HZ:
            self.faults.append("%d Hz" % hz)

    def write(self, data: bytes) -> bool:
        if not self._address("write", data):
            return False
        self._clock_bits(9 * len(data), self.hz)
        self._take(data)
        self._end()
        return True

    def read(self, count: int) -> bytes | None:
        """State, and the frame from its first byte on."""
        if not self._address("read", b""):
            return None
        self._clock_bits(9 * count, self.hz)
        answer = b"\x00"
        if self._ready():
            answer = b"\x01" + self._page
            if count > 1:
                self._page = b""  # the rest is to be had by NACK alone
        elif count > 1:
            self.faults.append("read when not ready")
        self._end()
        return (answer + bytes(count))[:count]

    def _address(self, kind: str, data: bytes) -> bool:
        begin_us = self.clock.us
        if begin_us - self._ended_us < self.free_us:
            self.faults.append("bus free for %d us" % (begin_us - self._ended_us))
        heard = self._hears()
        self._clock_bits(9, self.hz)
        if not heard and self.stretches and self._up_us is not None:
            self.clock.us = max(self.clock.us, self._up_us)
            heard = self._hears()
        self.transactions.append((kind if heard else "nobody", begin_us, self.clock.us, data))
        if not heard:
            self._end()
        return heard

    def _end(self) -> None:
        self._ended_us = self.clock.us
