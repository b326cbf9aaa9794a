# SPDX-License-Identifier: Apache-2.0
"""SPI, I2C and single pins on Linux for CPython: spidev, smbus2 and gpiod (`pip install
"faretap[buses]"`); loaded only where settings name such a bus or a pin. Not yet run on hardware.

The lines are handed the libraries' objects, so that tests can hand in others. Their contract
stands in firmware/reader/framed.py, spi.py and i2c.py.
"""

import contextlib
import errno
import importlib
import time
from datetime import timedelta

from firmware.errors import FormatError, LinkLost
from firmware.hal.wiring import I2C_ADDRESS, read_bus, read_pins

SPI_WORD = 4096  # bytes that spidev takes in one transfer, unless the kernel was told otherwise
NOBODY = (errno.ENXIO, errno.EREMOTEIO, errno.EIO, errno.ETIMEDOUT)  # address not taken, by driver


def open_bus(kind, where):
    """The line of an "spi" or "i2c" bus; LinkLost when it is not there, FormatError for a text or
    a library that is missing.
    """
    number, device, wired = read_bus(kind, where)
    name = "%s:%s" % (kind, where)
    library = needed({"spi": "spidev", "i2c": "smbus2"}[kind], name)
    pins = open_pins(wired, name)
    try:
        if kind == "spi":
            spi = library.SpiDev()
            spi.open(number, device or 0)
            return SpiLine(spi, pins, wired, name)
        if wired["hz"] is not None:
            raise FormatError("%s: the system sets the speed of its I2C buses, not hz" % name)
        return I2cLine(library.SMBus(number), library.i2c_msg, pins, wired, name)
    except OSError as error:
        pins.close()
        raise LinkLost("%s: %s" % (name, error)) from error
    except FormatError:
        pins.close()
        raise


def open_reset(text, name):
    """Pins of a serial line, "reset=24": the reset pin alone."""
    return open_pins(dict(read_pins(text, name, ("reset", "chip"))), name)


def needed(library, name, extra="buses"):
    """Import a library of an extra; FormatError that says how to get it."""
    try:
        found = importlib.import_module(library)
    except ImportError as error:
        raise FormatError(
            '%s: needs the Python library %s: pip install "faretap[%s]"'
            % (name, library.partition(".")[0], extra)
        ) from error
    if library != "gpiod" or hasattr(found, "request_lines"):
        return found
    from firmware.hal.gpiod_one_cpython import Two  # where libgpiod 1 is there

    return Two(found)


def open_pins(wired, name):
    """Pins of a text; gpiod is needed only when there are any."""
    if all(wired.get(pin) is None for pin in ("irq", "reset", "cs")):
        return Pins(None, None, wired)
    gpiod = needed("gpiod", name)
    line = gpiod.line
    low = line.Edge.FALLING
    roles = {
        "irq": gpiod.LineSettings(direction=line.Direction.INPUT, edge_detection=low),
        "reset": gpiod.LineSettings(
            direction=line.Direction.OUTPUT, output_value=line.Value.ACTIVE
        ),
        "cs": gpiod.LineSettings(direction=line.Direction.OUTPUT, output_value=line.Value.ACTIVE),
    }
    config = {wired[pin]: role for pin, role in roles.items() if wired.get(pin) is not None}
    try:
        request = gpiod.request_lines(
            "/dev/gpiochip%d" % wired.get("chip", 0), config=config, consumer="faretap"
        )
    except (OSError, ValueError) as error:
        raise LinkLost("%s: pins: %s" % (name, error)) from error
    return Pins(request, line.Value, wired)


class Pins:
    """`irq` and `reset` as the lines have them, each None where it is not wired."""

    def __init__(self, request, value, wired):
        self._request = request
        self._value = value
        self._wired = wired
        self.irq = self._await_low if wired.get("irq") is not None else None
        self.reset = self._set_reset if wired.get("reset") is not None else None

    def put(self, pin, level):
        """Set the level of an output by its name."""
        value = self._value.ACTIVE if level else self._value.INACTIVE
        self._request.set_value(self._wired[pin], value)

    def close(self):
        """Give the pins back."""
        if self._request:
            self._request.release()

    def _set_reset(self, level):
        self.put("reset", level)

    def _await_low(self, timeout_ms):
        """True as soon as the pin is low, False after `timeout_ms`: edges, not looks (PD-32)."""
        end_ns = time.monotonic_ns() + timeout_ms * 1000000
        pin = self._wired["irq"]
        while self._request.get_value(pin) != self._value.INACTIVE:
            left_us = (end_ns - time.monotonic_ns()) // 1000
            if left_us <= 0 or not self._request.wait_edge_events(timedelta(microseconds=left_us)):
                return self._request.get_value(pin) == self._value.INACTIVE
            self._request.read_edge_events()
        return True


class BusLine:
    """What both lines share."""

    def __init__(self, bus, pins, name):
        self._bus = bus
        self._pins = pins
        self.name = name
        self.irq = pins.irq
        self.reset = pins.reset

    def pause_us(self, duration_us):
        """Let time pass."""
        if duration_us > 0:
            time.sleep(duration_us / 1000000)

    def close(self):
        """Give bus and pins back."""
        with contextlib.suppress(OSError):
            self._bus.close()
        self._pins.close()


class SpiLine(BusLine):
    """An spidev.SpiDev; with `cs=` the chip select is a pin of its own and can be held."""

    lsb_first = False  # the Raspberry Pi's controller has no such mode

    def __init__(self, spi, pins, wired, name):
        super().__init__(spi, pins, name)
        self.hz = spi.max_speed_hz = wired["hz"]
        spi.mode = 0
        self.held = wired["cs"] is not None
        if self.held:
            spi.no_cs = True

    def select(self):
        """Chip select low, where it is ours."""
        if self.held:
            self._pins.put("cs", 0)

    def release(self):
        """Chip select high, where it is ours."""
        if self.held:
            self._pins.put("cs", 1)

    def transfer(self, data):
        """Clock `data` out and as many bytes in."""
        try:
            return bytes(self._bus.xfer2(list(data[:SPI_WORD])))
        except OSError as error:
            raise LinkLost("%s: %s" % (self.name, error)) from error


class I2cLine(BusLine):
    """An smbus2.SMBus; `message` makes its transactions (smbus2.i2c_msg)."""

    def __init__(self, bus, message, pins, wired, name):
        super().__init__(bus, pins, name)
        self._message = message
        self.free_us = wired["free_us"]

    def write(self, data):
        """One transaction; False when nobody took the address."""
        return self._transact(self._message.write(I2C_ADDRESS, list(data))) is not None

    def read(self, count):
        """`count` bytes in one transaction, None when nobody took the address."""
        return self._transact(self._message.read(I2C_ADDRESS, count))

    def _transact(self, message):
        try:
            self._bus.i2c_rdwr(message)
        except OSError as error:
            if error.errno in NOBODY:
                return None
            raise LinkLost("%s: %s" % (self.name, error)) from error
        return bytes(list(message))
