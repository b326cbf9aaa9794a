# SPDX-License-Identifier: Apache-2.0
"""The driver over each face of the virtual chip, on a counted clock: the same session everywhere.

BUSES: name -> make(chip, clock) -> bus. A bus over SPI or I2C has its face as `face`.
"""

from functools import partial

from firmware.reader.i2c import I2c
from firmware.reader.pn532 import Pn532
from firmware.reader.spi import Spi
from sim.chip import Chip
from sim.chip_bus import I2cFace, SpiFace
from sim.timing import Timing
from tests.host.chip_stand import ChipClock, hsu


def spi(chip, clock, **pins):
    """Our SPI bus; pins: of SpiFace."""
    face = SpiFace(chip, clock, **pins)
    bus = Spi(face, clock)
    bus.face = face
    return bus


def i2c(chip, clock, **pins):
    """Our I2C bus; pins: of I2cFace."""
    face = I2cFace(chip, clock, **pins)
    bus = I2c(face, clock)
    bus.face = face
    return bus


BUSES = {
    "hsu": hsu,
    "spi": spi,
    "spi, the system's chip select": partial(spi, held=False),
    "spi, 5 MHz, LSB first by the peripheral": partial(spi, hz=5_000_000, lsb_first=True),
    "spi, IRQ": partial(spi, irq=True),
    "spi, IRQ, the system's chip select": partial(spi, irq=True, held=False),
    "i2c": i2c,
    "i2c, 100 kHz, stretching": partial(i2c, hz=100_000, stretches=True),
    "i2c, IRQ": partial(i2c, irq=True),
    "i2c, 5 ms between transactions": partial(i2c, free_us=5000),
}


class Host:
    """A driver over a bus to a chip: `chip`, `bus`, `pn532`, `clock`."""

    def __init__(self, make_bus, field, faults=None, timing=None, power="low_vbat", **settings):
        self.clock = ChipClock()
        self.chip = Chip(field, timing or Timing(), faults, power)
        self.bus = make_bus(self.chip, self.clock)
        self.pn532 = Pn532(self.bus, self.clock, **settings)

    def opened(self):
        """Opened, the field on, faults of the chip from the next command on."""
        self.pn532.open()
        self.pn532.power(True)
        self.chip.exchanges, self.chip.per_code = 0, {}
        return self
