# SPDX-License-Identifier: Apache-2.0
"""CPython on Linux: Raspberry Pi and PC. Contract in hal/__init__.py.

pyserial opens and configures the port; bytes then go through its file descriptor with poll,
because setting pyserial's time-out on each read would reconfigure the port each time (PD-15).
"""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import termios
import time

import serial

from firmware.errors import FormatError, LinkLost
from firmware.hal.blob import open_blob
from firmware.hal.console import open_console
from firmware.hal.fileflash import open_file_flash
from firmware.hal.parts import write_part
from firmware.hal.polled import PolledStream, SocketStream
from firmware.hal.systemd import watchdog
from firmware.hal.ticks import sleep_ms, ticks_diff, ticks_ms, ticks_us

__all__ = (
    "open_blob",
    "open_console",
    "sleep_ms",
    "ticks_diff",
    "ticks_ms",
    "ticks_us",
    "watchdog",
)


def local_now():
    """Local time as (year, month, day, hour, minute, second)."""
    return time.localtime()[:6]


def time_utc_s():
    """Seconds since 1970-01-01 UTC."""
    return int(time.time())


def unload(names):
    """Nothing here: a PC has room, and others may hold what is in the modules."""


def random_bytes(count):
    """Bytes of the system's random source."""
    return os.urandom(count)


class SerialStream(PolledStream):
    """A serial port opened by pyserial, without its read and write."""

    def __init__(self, port, pins=None):
        super().__init__(port.fd, port.port)
        self._pins = pins
        if pins:
            self.reset = pins.reset
        self._port = port
        self._fd = port.fd

    def speed(self, baud):
        """Let written bytes leave, then change the speed; False when the port has none such."""
        if self._line is None:
            raise self._lost("closed")
        before = self._port.baudrate
        try:
            self._port.flush()
            self._port.baudrate = baud
        except ValueError:
            self._port.baudrate = before
            return False
        except (OSError, termios.error) as error:
            raise self._lost(error) from error
        return True

    def _take(self, count):
        return os.read(self._fd, count)

    def _put(self, data):
        return os.write(self._fd, data)

    def _shut(self):
        with contextlib.suppress(OSError):  # the adapter may be gone already
            self._port.close()
        if self._pins:
            self._pins.close()


def open_serial(where, baud, ring=0):
    """Open the port at path `where`, 8N1, alone; LinkLost when it is not there or in use.

    ring: for boards; a system keeps more by itself.

    Behind the path may stand the reset pin of what is at its other end: ",reset=24".
    """
    path, comma, wired = where.partition(",")
    pins = None
    if comma:
        from firmware.hal import pins_cpython  # where settings name a pin

        pins = pins_cpython.open_reset(wired, where)
    try:
        return SerialStream(serial.Serial(path, baud, timeout=0, exclusive=True), pins)
    except (OSError, ValueError, termios.error) as error:
        if pins:
            pins.close()
        wrong = LinkLost if isinstance(error, (OSError, termios.error)) else FormatError
        raise wrong("%s: %s" % (where, error)) from error


def open_bus(kind, where):
    """Open an SPI or I2C bus; FormatError for a text or a library, LinkLost when it is absent."""
    from firmware.hal import pins_cpython  # where settings name such a bus

    return pins_cpython.open_bus(kind, where)


def open_output(where):
    """An output pin: gpiod's, or a simulator's; FormatError for a text or a library, LinkLost."""
    return _pins_of(where).open_output(where, open_serial)


def open_input(where):
    """An input pin, likewise."""
    return _pins_of(where).open_input(where, open_serial)


def _pins_of(where):
    if where.startswith("pty:"):
        from firmware.hal import pins_pty  # where settings name a simulated pin

        return pins_pty
    from firmware.hal import pins_gpiod  # where settings name a pin

    return pins_gpiod


def open_library(name, where):
    """The object of another PN532 driver on the port at `where`; see libraries.py."""
    from firmware.hal import libraries  # for units whose settings name one

    return libraries.open_library(name, where)


def open_ciphers():
    """Block ciphers and unseal() (ciphers_cpython.py); FormatError without their library."""
    from firmware.hal import ciphers_cpython  # where settings name a software module

    return ciphers_cpython


def open_pcsc(where):
    """A card in a contact reader (pcsc_cpython.py); FormatError without pyscard."""
    from firmware.hal import pcsc_cpython  # where settings name such a module

    return pcsc_cpython.open_pcsc(where)


def connect(host, port, timeout_ms):
    """Connect to a TCP server; LinkLost when it refuses, cannot be found or takes too long."""
    name = "%s:%d" % (host, port)
    try:
        sock = socket.create_connection((host, port), timeout_ms / 1000)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, UnicodeError) as error:
        raise LinkLost("%s: %s" % (name, error)) from error
    return SocketStream(sock, name)


def open_tls(trust, name, identity=None):
    """Who is trusted in TLS; FormatError, OSError for what is not in the files."""
    from firmware.hal import tls_cpython  # where settings ask for it

    return tls_cpython.Tls(trust, name, identity)


def open_display(where):
    """A display by its wiring text; FormatError for a text or a library, LinkLost."""
    from firmware.hal import display_cpython  # where settings name one

    return display_cpython.open_display(where)


# What is read again and the size of the file are on the disk when it returns; when it was changed
# need not be. macOS has none.
SYNC = getattr(os, "fdatasync", os.fsync)


def open_flash(path, block_count, block_size=4096):
    """The block device in file `path`, locked against a second terminal while it is open.

    FormatError when the file has another size or is in use.
    """
    return open_file_flash(path, block_count, block_size, _make_durable, _keep_folder, _lock)


def _lock(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_durable(file):
    file.flush()
    SYNC(file.fileno())  # MP-1


def _keep_folder(path):
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(folder)  # MP-3
    finally:
        os.close(folder)


def read_text(path):
    """The text of file `path`; OSError that names it, FormatError when it is not UTF-8."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except UnicodeError as error:
        raise FormatError("%s: %s" % (path, error)) from error


def rename(old, new):
    """Let file `old` take the place of `new`."""
    os.replace(old, new)
    _keep_folder(new)


def make_folder(path):
    """A folder, if it is not there."""
    os.makedirs(path, exist_ok=True)
    _keep_folder(path)


def board_word():
    """What releases call a Raspberry Pi or PC."""
    return "linux"


def write_at(path, at, data):
    """Bytes of a file from place `at` on, durable; a new file has its name on the disk too."""
    write_part(path, at, data, _make_durable)
    if not at:
        _keep_folder(path)


def reset_cause():
    """Nobody tells a program on a PC."""
    return 0


def hold_watchdog():
    """Nothing here: who stops the program by hand stops its service."""


def leave(status):
    """End; status 4 asks for a new start, any other is the service manager's."""
    if status == 4:
        restart()
    sys.exit(status)


def restart():
    """The same program in the same process, from its beginning."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable] + sys.orig_argv[1:])


def write_line(text):
    """Print one line at once."""
    print(text, flush=True)


def on_stop(stop):
    """Call stop() at SIGTERM, what a service manager sends, and at Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())


def heap():
    """Not known on this interpreter."""
    return (None, None)


def collect():
    """This interpreter counts references; there is nothing to do."""


sweep = collect
