# SPDX-License-Identifier: Apache-2.0
"""The test stand with our PN532 driver and the virtual chip in place of a reader in memory, all on
one counted clock: what goes over the wire to the chip, and when.
"""

from collections import namedtuple

from firmware.reader.bus import Hsu
from firmware.reader.frame import ACK
from firmware.reader.pn532 import Pn532
from sim.chip import Chip
from sim.field import Field
from sim.timing import Timing
from tests.small_card import SmallCard
from tests.stand import HandClock, Stand

# code and data: of a command to the chip; at_us: when it was sent; done_us: when it was answered;
# answer: what came, behind TFI and code
Sent = namedtuple("Sent", ("code", "data", "at_us", "done_us", "answer"))
TAKE_A_LOOK, EXCHANGE, RF_CONFIGURATION = 0x4A, 0x40, 0x32


class ChipClock(HandClock):
    """The clock of the stand, moved by the wire: a read lets time pass."""

    def __init__(self):
        super().__init__()
        self.us = 0

    def ticks_ms(self):
        return self.us // 1000

    def ticks_us(self):
        return self.us

    def advance(self, seconds):
        self.us += int(seconds * 1_000_000)
        self.utc_s += int(seconds)


class Wire:
    """A byte stream to the chip; reading goes from one event of the chip to the next."""

    def __init__(self, chip, clock):
        self.chip = chip
        self.clock = clock
        self.baud = 115200
        self.held = b""

    def write(self, data):
        self.chip.feed(bytes(data), self.clock.us, self.baud)

    def read(self, count, timeout_ms):
        end_us = self.clock.us + timeout_ms * 1000
        while True:
            self.held += self.chip.due(self.clock.us)
            next_us = self.chip.next_us()
            if len(self.held) >= count or next_us is None or next_us > end_us:
                break
            self.clock.us = max(self.clock.us, next_us)
        if len(self.held) < count:
            self.clock.us = max(self.clock.us, end_us)
        taken, self.held = self.held[:count], self.held[count:]
        return taken

    def speed(self, baud):
        self.baud = baud
        return True


class PinnedWire(Wire):
    """A serial line with the reset pin beside it; `levels` is what was set, and when."""

    def __init__(self, chip, clock):
        super().__init__(chip, clock)
        self.levels = []

    def reset(self, level):
        self.levels.append((level, self.clock.us))
        if not level:
            self.chip.reset("dead")
        else:
            self.chip.reset("low_vbat")

    def close(self):
        """Hung up."""


def hsu(chip, clock):
    """The bus over HSU."""
    return Hsu(Wire(chip, clock), clock)


class RadioCard(SmallCard):
    """A SmallCard as the field has it: a kind, a time it takes."""

    def __init__(self, pan="6228000100000010", kind="A", busy_ms=0.0, **terms):
        super().__init__(pan, **terms)
        self.kind = kind
        self.busy_ms = busy_ms
        self.powered = 0
        if kind == "B":
            self.uid = self.uid[:4]

    def power_up(self):
        self.powered += 1
        super().power_up()


class ChipStand(Stand):
    """`sent`: the commands to the chip; `radio`: sim.field.Field to place cards in.

    make_bus(chip, clock) -> bus, another one than HSU; kbps: as of Pn532.
    """

    def __init__(self, extra="", timing=None, faults=None, own_card=None, make_bus=None, kbps=106):
        self.radio = Field()
        self.chip_clock = ChipClock()
        self.chip = Chip(self.radio, timing or Timing(), faults)
        self.sent = []
        bus = (make_bus or hsu)(self.chip, self.chip_clock)
        self.pn532 = Pn532(bus, self.chip_clock, trace=self._trace, own_card=own_card, kbps=kbps)
        self.pn532.open()
        super().__init__(extra)

    def restart(self):
        self.reader, self.clock = self.pn532, self.chip_clock
        super().restart()

    def _trace(self, direction, frame, at_us):
        if direction == ">" and frame[5:6] == b"\xd4":
            self.sent.append(Sent(frame[6], frame[7:-2], at_us, 0, b""))
        elif direction == ">" and frame[8:9] == b"\xd4":  # an extended frame
            self.sent.append(Sent(frame[9], frame[10:-2], at_us, 0, b""))
        elif direction == "<" and frame != ACK and self.sent:
            body = frame[8:-2] if frame[3:5] == b"\xff\xff" else frame[5:-2]
            self.sent[-1] = self.sent[-1]._replace(done_us=at_us, answer=body[2:])

    def turn(self, count=1):
        """Turns of the terminal; the tap events they gave."""
        self.events[:] = []
        for _ in range(count):
            self.terminal.turn()
        return [one for one in self.events if one["event"] == "tap"]

    def codes(self):
        """Codes of all commands so far."""
        return [one.code for one in self.sent]
