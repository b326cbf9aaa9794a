# SPDX-License-Identifier: Apache-2.0
"""spidev, smbus2 and gpiod as far as firmware/hal/pins_cpython.py uses them, over the faces of the
virtual chip: their names and calls were held against spidev 3.8, smbus2 0.6.1 and gpiod 2.5.
"""

import errno
from types import SimpleNamespace

ACTIVE, INACTIVE = "active", "inactive"


class SpiDev:
    """spidev.SpiDev; `face` is set by the test before it is opened."""

    face = None

    def __init__(self):
        self.max_speed_hz = 0
        self.mode = None
        self.no_cs = False
        self.opened = None
        self.closed = False

    def open(self, bus, device):
        if bus > 1:
            raise FileNotFoundError(errno.ENOENT, "/dev/spidev%d.%d" % (bus, device))
        self.opened = (bus, device)

    def xfer2(self, values):
        assert self.mode == 0 and self.max_speed_hz > 0 and len(values) <= 4096
        return list(self.face.transfer(bytes(values)))

    def close(self):
        self.closed = True


class Message(list):
    """smbus2.i2c_msg: its bytes, where they go, and whether they are read."""

    def __init__(self, address, values, is_read):
        super().__init__(values)
        self.address = address
        self.is_read = is_read

    @classmethod
    def write(cls, address, values):
        return cls(address, values, False)

    @classmethod
    def read(cls, address, count):
        return cls(address, [0] * count, True)


class SMBus:
    """smbus2.SMBus."""

    face = None

    def __init__(self, bus):
        if bus > 1:
            raise FileNotFoundError(errno.ENOENT, "/dev/i2c-%d" % bus)

    def i2c_rdwr(self, message):
        assert message.address == 0x24
        if message.is_read:
            got = self.face.read(len(message))
            if got is None:
                raise OSError(errno.EREMOTEIO, "nobody")
            message[:] = list(got)
        elif not self.face.write(bytes(message)):
            raise OSError(errno.EREMOTEIO, "nobody")

    def close(self):
        """Nothing is open."""


class Request:
    """gpiod.LineRequest over the pins of a face: `roles` by number."""

    def __init__(self, face, config):
        self.face = face
        self.config = config
        self.released = False
        self.waits = 0

    def set_value(self, pin, value):
        role = self.config[pin]
        level = value == ACTIVE
        if role["is"] == "cs":
            self.face.release() if level else self.face.select()
        else:
            self.face.reset(int(level))

    def get_value(self, pin):
        return INACTIVE if self.face.irq(0) else ACTIVE

    def wait_edge_events(self, timeout):
        self.waits += 1
        return self.face.irq(int(timeout.total_seconds() * 1000))

    def read_edge_events(self):
        return ["falling"]

    def release(self):
        self.released = True


def gpiod_of(face, requests):
    """The module; requests it gave are added to the list."""

    def request_lines(path, config, consumer):
        assert path == "/dev/gpiochip0" and consumer == "faretap"
        for pin, settings in config.items():
            settings["is"] = {25: "irq", 24: "reset", 8: "cs"}[pin]
        requests.append(Request(face, config))
        return requests[-1]

    line = SimpleNamespace(
        Direction=SimpleNamespace(INPUT="in", OUTPUT="out"),
        Edge=SimpleNamespace(FALLING="falling"),
        Value=SimpleNamespace(ACTIVE=ACTIVE, INACTIVE=INACTIVE),
    )
    return SimpleNamespace(line=line, LineSettings=dict, request_lines=request_lines)
