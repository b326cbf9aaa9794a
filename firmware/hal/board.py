# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""MicroPython on a board: RP2040/RP2350 (rp2) and ESP32-S3. Contract in hal/__init__.py. Not yet
run on hardware.

The board's clock holds UTC and local time is China's, one zone without daylight saving (ZONE_S).
Flash: on rp2 the region is the last `block_count` blocks of the storage area, and the file system
has to end before it; on ESP32 it is the data partition whose label is `path`. Programs and erases
are durable when they return.
"""

import gc
import os
import socket
import sys
import time

import machine
import micropython

from firmware.errors import FormatError, LinkLost
from firmware.hal.polled import PolledStream, SocketStream
from firmware.hal.ticks import ticks_diff, ticks_ms, ticks_us
from firmware.hal.wiring import read_wiring, uart_settings

# Garbage cuts the heap into pieces too small for a pending entry long before it is full (measured
# on 240 KB: 46 KB free, and not 1 KB in one piece). So it is collected after so many bytes, more
# often while modules load. Safe first: what it costs on a board has to be measured there.
LOAD_BYTES, TAP_BYTES = 4096, 8192
gc.threshold(LOAD_BYTES)

if sys.platform == "rp2":
    import rp2
else:
    from esp32 import Partition

__all__ = ("ticks_diff", "ticks_ms", "ticks_us")

ZONE_S = 8 * 3600
# the ports count from 1970 or from 2000 (micropython.md, 10)
EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0


def local_now():
    """Local time as (year, month, day, hour, minute, second)."""
    return tuple(time.gmtime(time.time() + ZONE_S))[:6]


def time_utc_s():
    """Seconds since 1970-01-01 UTC."""
    return int(time.time()) + EPOCH_S


def random_bytes(count):
    """Bytes of the board's random source."""
    return os.urandom(count)


class SerialStream(PolledStream):
    """A machine.UART as a byte stream; its receive ring takes a whole answer (PD-29)."""

    def __init__(self, where, baud):
        number, pins = read_wiring(where)
        self._pins = pins
        self._uart = machine.UART(number, **self._settings(baud))
        super().__init__(self._uart, "UART " + where)

    def speed(self, baud):
        """Let written bytes leave, then change the speed; False when the UART has none such."""
        try:
            self._uart.flush()
            self._uart.init(**self._settings(baud))
        except (OSError, ValueError):
            return False
        return True

    def _settings(self, baud):
        settings = uart_settings(baud)
        for name, number in self._pins:
            settings[name] = machine.Pin(number)
        return settings

    def _take(self, count):
        return self._uart.read(count)

    def _put(self, data):
        return self._uart.write(data)

    def _shut(self):
        self._uart.deinit()


def open_serial(where, baud):
    """Open a UART by its wiring text; FormatError when the text or the pins are wrong."""
    try:
        return SerialStream(where, baud)
    except ValueError as error:
        raise FormatError("%s: %s" % (where, error))


def connect(host, port, timeout_ms):
    """Connect to a TCP server; LinkLost when it refuses, cannot be found or takes too long."""
    name = "%s:%d" % (host, port)
    sock = socket.socket()
    try:
        sock.settimeout(timeout_ms / 1000)
        sock.connect(socket.getaddrinfo(host, port)[0][-1])
    except OSError as error:
        sock.close()
        raise LinkLost("%s: %s" % (name, error))
    return SocketStream(sock, name)


def open_flash(path, block_count, block_size=4096):
    """The block device of the region; FormatError when the board has no such region."""
    flash = _rp2_flash(block_count, block_size) if sys.platform == "rp2" else _partition(path)
    if flash.ioctl(4, 0) < block_count or flash.ioctl(5, 0) != block_size:
        raise FormatError(
            "%s: %d blocks of %d bytes, not %d of %d"
            % (path, flash.ioctl(4, 0), flash.ioctl(5, 0), block_count, block_size)
        )
    return flash


def _rp2_flash(block_count, block_size):
    start = (rp2.Flash().ioctl(4, 0) - block_count) * block_size
    mounted = os.statvfs("/")
    if start < 0 or mounted[1] * mounted[2] > start:
        raise FormatError("the file system covers the last %d blocks of the flash" % block_count)
    return rp2.Flash(start=start, len=block_count * block_size)


def _partition(path):
    found = Partition.find(Partition.TYPE_DATA, label=path)
    if not found:
        raise FormatError("no flash partition " + path)
    return found[0]


def read_text(path):
    """The text of file `path`; OSError that names it, FormatError when it is not UTF-8."""
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        raise OSError(error.errno, path)
    except UnicodeError as error:
        raise FormatError("%s: %s" % (path, error))


def write_line(text):
    """Print one line; boards do not buffer."""
    print(text)


def heap():
    """Bytes of the Python heap: used now, used at the most where the build counts it, size."""
    peak = micropython.mem_peak() if hasattr(micropython, "mem_peak") else None
    return (gc.mem_alloc(), peak, gc.mem_alloc() + gc.mem_free())


def collect():
    """Collect garbage now, while nothing is due: a tap should find room without it."""
    gc.threshold(TAP_BYTES)
    gc.collect()
