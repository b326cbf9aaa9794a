# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""SPI, I2C and single pins of a board by machine; loaded only where settings name such a bus. Not
yet run on hardware.

The lines are handed machine's objects. Their contract stands in firmware/reader/framed.py, spi.py
and i2c.py.
"""

import time

import machine

from firmware.errors import FormatError
from firmware.hal.ticks import ticks_diff, ticks_ms
from firmware.hal.wiring import I2C_ADDRESS, read_bus, read_pin

LOOK_US = 50  # between two looks at the pin
I2C_HZ = 400000


def open_bus(kind, where):
    """The line of an "spi" or "i2c" bus; FormatError when text, bus or pins are wrong."""
    number, device, wired = read_bus(kind, where)
    if device is not None:
        raise FormatError("%s: a board's SPI has no devices, but cs=PIN" % where)
    if kind == "spi" and wired["cs"] is None:
        raise FormatError("%s: cs= is missing" % where)
    try:
        if kind == "spi":
            spi = machine.SPI(number, **_settings("baudrate", wired["hz"], wired))
            return SpiLine(spi, wired)
        i2c = machine.I2C(number, **_settings("freq", wired["hz"] or I2C_HZ, wired))
        return I2cLine(i2c, wired)
    except (OSError, ValueError) as error:
        raise FormatError("%s: %s" % (where, error))


def open_output(where):
    """An output pin at rest; FormatError."""
    return SinglePin(where, machine.Pin.OUT)


def open_input(where):
    """An input pin, pulled to the level that is not active; FormatError."""
    return SinglePin(where, machine.Pin.IN)


class SinglePin:
    """A machine.Pin with set(), get() and close(); contract in hal/__init__.py."""

    def __init__(self, where, direction):
        number, chip, self._low = read_pin(where)
        if chip:
            raise FormatError("%s: a board has one bank of pins, no chip=" % where)
        self._is_output = direction == machine.Pin.OUT
        try:
            if self._is_output:
                self._pin = machine.Pin(number, direction, value=self._low)
            else:
                pull = machine.Pin.PULL_UP if self._low else machine.Pin.PULL_DOWN
                self._pin = machine.Pin(number, direction, pull)
        except (OSError, ValueError) as error:
            raise FormatError("%s: %s" % (where, error))

    def set(self, level):
        """Make the output active (1) or let it rest (0)."""
        self._pin.value(self._low ^ (1 if level else 0))

    def get(self):
        """1 while the input is active."""
        return self._low ^ self._pin.value()

    def close(self):
        """Leave an output at rest."""
        if self._is_output:
            self.set(0)


def _settings(speed, hz, wired):
    """Keywords of machine.SPI or machine.I2C: its speed, and the pins that are named."""
    settings = {speed: hz}
    for name in ("sck", "mosi", "miso", "scl", "sda"):
        if wired.get(name) is not None:
            settings[name] = machine.Pin(wired[name])
    return settings


class BusLine:
    """What both lines share: `irq` and `reset`, each None where it is not wired."""

    def __init__(self, bus, wired):
        self._bus = bus
        self.irq = self.reset = None
        if wired["irq"] is not None:
            self._irq = machine.Pin(wired["irq"], machine.Pin.IN, machine.Pin.PULL_UP)
            self.irq = self._await_low
        if wired["reset"] is not None:
            self.reset = machine.Pin(wired["reset"], machine.Pin.OUT, value=1).value

    def pause_us(self, duration_us):
        """Let time pass."""
        if duration_us > 0:
            time.sleep_us(duration_us)

    def close(self):
        """Switch the bus off, where it can be."""
        if hasattr(self._bus, "deinit"):
            self._bus.deinit()

    def _await_low(self, timeout_ms):
        """True as soon as the pin is low, False after `timeout_ms`."""
        begin = ticks_ms()
        while self._irq.value():
            if ticks_diff(ticks_ms(), begin) >= timeout_ms:
                return False
            time.sleep_us(LOOK_US)
        return True


class SpiLine(BusLine):
    """A machine.SPI and a pin for chip select; the peripherals of RP2 and ESP32 begin with the
    most significant bit.
    """

    lsb_first = False
    held = True

    def __init__(self, spi, wired):
        BusLine.__init__(self, spi, wired)
        self.hz = wired["hz"]
        self._select = machine.Pin(wired["cs"], machine.Pin.OUT, value=1)

    def select(self):
        """Chip select low."""
        self._select.value(0)

    def release(self):
        """Chip select high."""
        self._select.value(1)

    def transfer(self, data):
        """Clock `data` out and as many bytes in."""
        both = bytearray(data)
        self._bus.write_readinto(both, both)
        return bytes(both)


class I2cLine(BusLine):
    """A machine.I2C."""

    def __init__(self, i2c, wired):
        BusLine.__init__(self, i2c, wired)
        self.free_us = wired["free_us"]

    def write(self, data):
        """One transaction; False when nobody took the address."""
        try:
            self._bus.writeto(I2C_ADDRESS, data)
        except OSError:  # EIO, ENODEV or ETIMEDOUT, by the port
            return False
        return True

    def read(self, count):
        """`count` bytes in one transaction, None when nobody took the address."""
        try:
            return self._bus.readfrom(I2C_ADDRESS, count)
        except OSError:
            return None
