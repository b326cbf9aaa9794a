# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""What all MicroPython ports share: memory, sockets, text. Contract in hal/__init__.py."""

import gc
import os
import sys

from firmware.errors import FormatError, LinkLost

# Garbage cuts the heap into pieces too small for a pending entry long before it is full (measured
# on 240 KB: 46 KB free, and not 1 KB in one piece). So it is collected before that: while modules
# load, after an eighth of what is free, for after each 4 KB would be half of the time of a start
# from a slot; then whenever half of what was free is used up. A fixed 8 KB needs as much heap and
# half as much again of processor time a tap, twice as much with SM2. Where much is free more may
# be used up, so that a tap ends before (30 ms a collection on a Pico).
LOAD_BYTES = 4096  # at the least
LOAD_PART = 8
LEFT_BYTES = 48 * 1024
ROOMY_BYTES = 112 * 1024  # free, where a tap may ask for as much without a collection
gc.threshold(max(LOAD_BYTES, gc.mem_free() // LOAD_PART))

_free = 0  # behind the last collect()


def collect():
    """Collect garbage now, while nothing is due: a tap should find room without it.

    The bound counts what is given back by hand too, a quarter of it all: where much is free a tap
    may ask for so many bytes up to its sweep().
    """
    global _free
    gc.collect()
    _free = gc.mem_free()
    roomy = _free >= ROOMY_BYTES
    gc.threshold(_free if roomy else max(_free // 2, _free - LEFT_BYTES))


def sweep():
    """Collect garbage while a card is at work; asking what is free takes a Pico 9 ms more.

    Where much is free the rest of a tap takes what there is: the next collect() sets a bound.
    """
    gc.collect()
    if _free >= ROOMY_BYTES:
        gc.threshold(-1)


def on_stop(stop):
    """Nobody asks a board to end; it is switched off."""


def heap():
    """Bytes of the Python heap: in use, size."""
    used = gc.mem_alloc()
    return (used, used + gc.mem_free())


def unload(names):
    """Drop modules that nobody needs any more, with their code."""
    for name in names:
        module = sys.modules.pop(name, None)
        package, _, own = name.rpartition(".")
        if module and package in sys.modules:
            delattr(sys.modules[package], own)
    gc.collect()


def random_bytes(count):
    """Bytes of the system's random source."""
    return os.urandom(count)


def connect(host, port, timeout_ms):
    """Connect to a TCP server; LinkLost when it refuses, cannot be found or takes too long."""
    try:
        import socket  # a board without network has none

        from firmware.hal.polled import SocketStream  # for a network alone
    except ImportError:
        raise LinkLost("this board has no network")
    name = "%s:%d" % (host, port)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_ms / 1000)
        sock.connect(socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][-1])
    except OSError as error:
        sock.close()
        raise LinkLost("%s: %s" % (name, error))
    return SocketStream(sock, name)


def open_tls(trust, name, identity=None):
    """Who is trusted in TLS; FormatError, OSError for what is not in the files."""
    from firmware.hal import tls_mpy  # where settings ask for it

    return tls_mpy.Tls(trust, name, identity)


def read_text(path):
    """The text of file `path`; OSError that names it, FormatError when it is not UTF-8."""
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        raise OSError(error.errno, path)
    except UnicodeError as error:
        raise FormatError("%s: %s" % (path, error))


def rename(old, new):
    """Let file `old` take the place of `new`: littlefs and Linux do it in one step."""
    os.rename(old, new)


def write_line(text):
    """Print one line; MicroPython does not buffer."""
    print(text)
