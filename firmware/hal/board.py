# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""MicroPython on a board: RP2040/RP2350 (rp2) and ESP32-S3. Contract in hal/__init__.py. Not yet
run on hardware.

The board's clock holds UTC and local time is China's, one zone without daylight saving (ZONE_S).
Flash: on rp2 the region is the last `block_count` blocks of the storage area, within the journal's
of firmware/boot/layout.py, and the file system has to end before it; on ESP32 it is the data
partition whose label is `path`. Programs and erases are durable when they return.
"""

import os
import sys
import time

import machine

from firmware.boot import layout
from firmware.errors import FormatError
from firmware.hal.blob import open_blob
from firmware.hal.console import open_console
from firmware.hal.mpy import (
    collect,
    connect,
    heap,
    on_stop,
    open_tls,
    random_bytes,
    read_text,
    rename,
    sweep,
    unload,
    write_line,
)
from firmware.hal.parts import write_part
from firmware.hal.polled import PolledStream
from firmware.hal.ticks import sleep_ms, ticks_diff, ticks_ms, ticks_us
from firmware.hal.watchdog_board import hold as hold_watchdog
from firmware.hal.watchdog_board import was_asked, watchdog
from firmware.hal.wiring import read_wiring, uart_settings

if sys.platform == "rp2":
    import rp2
else:
    from esp32 import Partition

__all__ = ("collect", "connect", "heap", "hold_watchdog", "on_stop", "open_blob", "open_console",
           "open_tls", "random_bytes", "read_text", "rename", "unload", "write_line", "sleep_ms",
           "sweep", "ticks_diff", "ticks_ms", "ticks_us", "watchdog")  # fmt: skip

# constants of `machine` that a port may have, and numbers of RESETS (formats/status.py)
CAUSES = (("PWRON_RESET", 1), ("SOFT_RESET", 2), ("HARD_RESET", 3), ("WDT_RESET", 4))
PROGRAM, WATCHDOG = 2, 4
ZONE_S = 8 * 3600
LEAVING_MS = 1000
XIP_AT = 0x10000000  # where an RP2 shows its flash to the processor
MOUNTED = "/release"
# the ports count from 1970 or from 2000 (micropython.md, 10)
EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0
PARTITIONS = {"files": "vfs"}  # label of a region's partition, where it is not the region's name


def write_at(path, at, data):
    """Bytes of a file from place `at` on; flush() is littlefs's sync (MP-1)."""
    write_part(path, at, data, _make_durable)


def _make_durable(file):
    file.flush()


def reset_cause():
    """Number of RESETS: why the board started, 0 where the port does not tell."""
    cause = machine.reset_cause()
    for name, number in CAUSES:
        if cause == getattr(machine, name, None):
            return PROGRAM if number == WATCHDOG and was_asked() else number
    return 0


def leave(status):
    """Nobody else starts a board: reset it, when what it said can have been read."""
    sleep_ms(LEAVING_MS)
    machine.reset()


def restart():
    """Reset the board; main.py begins anew."""
    machine.reset()


def local_now():
    """Local time as (year, month, day, hour, minute, second)."""
    return tuple(time.gmtime(time.time() + ZONE_S))[:6]


def time_utc_s():
    """Seconds since 1970-01-01 UTC."""
    return int(time.time()) + EPOCH_S


class SerialStream(PolledStream):
    """A machine.UART as a byte stream; its receive ring takes a whole answer (PD-29)."""

    def __init__(self, where, baud, ring):
        self._ring = ring
        number, pins = read_wiring(where)
        self._pins = [pin for pin in pins if pin[0] != "reset"]
        for name, pin in pins:
            if name == "reset":
                self.reset = machine.Pin(pin, machine.Pin.OUT, value=1).value
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
        settings = uart_settings(baud, self._ring)
        for name, number in self._pins:
            settings[name] = machine.Pin(number)
        return settings

    def _take(self, count):
        # for what is not there yet read() would wait 1 to 2 ms behind the last byte
        return self._uart.read(min(count, self._uart.any() or 1))

    def _put(self, data):
        return self._uart.write(data)

    def _shut(self):
        self._uart.deinit()


def open_serial(where, baud, ring=0):
    """Open a UART by its wiring text; FormatError when the text or the pins are wrong."""
    try:
        return SerialStream(where, baud, ring)
    except ValueError as error:
        raise FormatError("%s: %s" % (where, error))


def open_bus(kind, where):
    """Open an SPI or I2C bus by its wiring text; FormatError when text or pins are wrong."""
    from firmware.hal import pins_board  # where settings name such a bus

    return pins_board.open_bus(kind, where)


def open_output(where):
    """An output pin by its wiring text; FormatError when there is no such pin."""
    from firmware.hal import pins_board  # where settings name a pin

    return pins_board.open_output(where)


def open_input(where):
    """An input pin, likewise."""
    from firmware.hal import pins_board  # where settings name a pin

    return pins_board.open_input(where)


def open_display(where):
    """A display by its wiring text; FormatError for a text or a library, LinkLost."""
    from firmware.hal import display_board  # where settings name one

    return display_board.open_display(where)


def open_flash(path, block_count, block_size=4096):
    """The block device of the region; FormatError when the board has no such region."""
    flash = _rp2_flash(block_count, block_size) if sys.platform == "rp2" else _partition(path)
    if flash.ioctl(4, 0) < block_count or flash.ioctl(5, 0) != block_size:
        raise FormatError(
            "%s: %d blocks of %d bytes, not %d of %d"
            % (path, flash.ioctl(4, 0), flash.ioctl(5, 0), block_count, block_size)
        )
    return flash


def open_region(name):
    """The block device of a region of this board's row in firmware/boot/layout.py.

    FormatError: no such row or region, or the flash is divided in another way.
    """
    board = layout.row_of_machine(sys.implementation._machine)
    if board is None:
        raise FormatError("no row in boot/layout.py for " + sys.implementation._machine)
    first, count = layout.region(board, name)
    if sys.platform != "rp2":
        flash = _partition(PARTITIONS.get(name, name))
    else:
        _compare("the storage", rp2.Flash(), board[3])
        flash = rp2.Flash(start=first * layout.BLOCK_BYTES, len=count * layout.BLOCK_BYTES)
    _compare(name, flash, count)
    return flash


def has_slots():
    """Whether releases have regions of their own: boards of our own image."""
    board = layout.row_of_machine(sys.implementation._machine)
    return sys.platform == "rp2" and bool(board and layout.has(board, "slot_a"))


def mount_release(name, at, size):
    """Modules of the ROMFS image at byte `at` of a region come first from here on; they are
    executed where they lie. FormatError, OSError. Not run on hardware.
    """
    import uctypes  # boards with slots alone
    import vfs  # likewise

    board = layout.row_of_machine(sys.implementation._machine)
    first = layout.region(board, name)[0] * layout.BLOCK_BYTES
    image = uctypes.bytearray_at(XIP_AT + board[2] + first + at, size)
    rom = getattr(vfs, "VfsRom", None)  # switched on in our own images
    if rom is None:
        raise FormatError("this MicroPython knows no ROMFS")
    vfs.mount(rom(image), MOUNTED)
    sys.path.insert(0, MOUNTED)


def board_word():
    """Word of this board in firmware/boot/layout.py, "" where it has no row."""
    board = layout.row_of_machine(sys.implementation._machine)
    return board[0] if board else ""


def make_folder(path):
    """A folder, if it is not there."""
    try:
        os.mkdir(path)
    except OSError as wrong:
        if wrong.args[0] != 17:  # EEXIST
            raise


def _compare(name, flash, count):
    found = flash.ioctl(4, 0)
    if found != count:
        raise FormatError("%s has %s blocks, not %d" % (name, found, count))


def _rp2_flash(block_count, block_size):
    board = layout.row_of_machine(sys.implementation._machine)
    most = layout.region(board, "journal")[1] if board else block_count
    if block_count > most:
        raise FormatError("journal_blocks: this board has %d for it" % most)
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
