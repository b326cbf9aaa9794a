# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""MicroPython's unix port: tests, and PCs without CPython. Contract in hal/__init__.py.

A serial line is a file in raw mode with VMIN = VTIME = 0: this port's read(n) goes on until n
bytes or an empty read, so only an empty read that does not wait gives back what is there. Linux
numbers (the port exports no names for them). Durable is file.flush(), which is fsync here
(micropython.md, 13).
"""

import os
import sys
import termios
import time

from firmware.errors import FormatError, LinkLost
from firmware.hal.blob import open_blob
from firmware.hal.console import open_console
from firmware.hal.fileflash import open_file_flash
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
from firmware.hal.watchdog import watchdog

__all__ = ("collect", "connect", "heap", "on_stop", "open_blob", "open_console", "open_tls",
           "random_bytes", "read_text", "rename", "sweep", "unload", "write_line", "sleep_ms",
           "ticks_diff", "ticks_ms", "ticks_us", "watchdog")  # fmt: skip

CFLAG, ISPEED, OSPEED, CC = 2, 4, 5, 6  # places in tcgetattr's list
VTIME, VMIN = 5, 6  # places in its list of characters
CLOCAL_CREAD_CS8 = 0x08B0
TCSADRAIN = 1
UNNAMED_SPEEDS = ((19200, 14), (38400, 15))


def make_folder(path):
    """A folder, if it is not there."""
    try:
        os.mkdir(path)
    except OSError as wrong:
        if wrong.errno != 17:  # EEXIST
            raise


def board_word():
    """Releases are for boards and for CPython: none is for this."""
    return "unix"


def write_at(path, at, data):
    """Bytes of a file from place `at` on, durable."""
    write_part(path, at, data, _make_durable)


def reset_cause():
    """Nobody tells a program on a PC."""
    return 0


def hold_watchdog():
    """Nothing here: nobody watches."""


def leave(status):
    """End: whoever started this program starts it again."""
    sys.exit(status)


def restart():
    """This port cannot begin itself anew: whoever started it does, told by the status."""
    sys.exit(4)


def local_now():
    """Local time as (year, month, day, hour, minute, second)."""
    return tuple(time.localtime())[:6]


def time_utc_s():
    """Seconds since 1970-01-01 UTC."""
    return int(time.time())


class SerialStream(PolledStream):
    """A tty or pty as a byte stream."""

    def __init__(self, path, baud):
        self._file = open(path, "r+b", 0)  # noqa: SIM115
        termios.setraw(self._file.fileno())
        super().__init__(self._file, path)
        if not self.speed(baud):
            self.close()
            raise FormatError("%s: no speed %d" % (path, baud))

    def speed(self, baud):
        """Let written bytes leave, then change the speed; False when the port has none such."""
        if self._line is None:
            raise self._lost("closed")
        code = getattr(termios, "B%d" % baud, None)
        for unnamed, number in UNNAMED_SPEEDS:
            if unnamed == baud:
                code = number
        if code is None:
            return False
        try:
            mode = termios.tcgetattr(self._file.fileno())
            mode[CFLAG] |= CLOCAL_CREAD_CS8
            mode[ISPEED] = mode[OSPEED] = code
            mode[CC][VTIME] = mode[CC][VMIN] = 0
            termios.tcsetattr(self._file.fileno(), TCSADRAIN, mode)
        except OSError as error:
            raise self._lost(error)
        return True

    def _take(self, count):
        return self._file.read(count)

    def _put(self, data):
        return self._file.write(data)

    def _shut(self):
        self._file.close()


def open_serial(where, baud, ring=0):
    """Open the port at path `where`, 8N1; LinkLost when it is not there. ring: for boards."""
    try:
        return SerialStream(where, baud)
    except OSError as error:
        raise LinkLost("%s: %s" % (where, error))


def open_bus(kind, where):
    """This port reaches no pins."""
    raise FormatError("%s:%s: this port of MicroPython has no such bus" % (kind, where))


def open_output(where):
    """An output pin of a simulator: this port reaches no others. FormatError, LinkLost."""
    from firmware.hal import pins_pty  # where settings name a pin

    return pins_pty.open_output(where, open_serial)


def open_input(where):
    """An input pin of a simulator, likewise."""
    from firmware.hal import pins_pty  # where settings name a pin

    return pins_pty.open_input(where, open_serial)


def open_display(where):
    """This port reaches no displays."""
    raise FormatError("display %s: this port of MicroPython has no such bus" % where)


def open_flash(path, block_count, block_size=4096):
    """The block device in file `path`; FormatError when the file has another size.

    This port has no flock: nothing keeps a second process from the same file.
    """
    return open_file_flash(path, block_count, block_size, _make_durable, _keep_folder)


def _make_durable(file):
    file.flush()  # MP-1: fsync on this port


def _keep_folder(path):
    pass  # no call for it on this port (MP-3 is CPython's)
