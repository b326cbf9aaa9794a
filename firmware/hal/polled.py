# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""Byte streams over anything select.poll can wait for: a tty, a TCP socket, a board's UART; both
interpreters.

A subclass says how bytes are taken (`_take(count)`, never blocks after poll said yes; b"" or None
= hung up) and put
(`_put(data)` -> how many the system took), and how the line is shut (`_shut()`). The contract is
in hal/__init__.py. Reading costs one poll and one read a call where the bytes are there already
(PD-15).
"""

import select

from firmware.errors import LinkLost
from firmware.hal.ticks import ticks_diff, ticks_ms

EAGAIN = 11  # Linux, and MicroPython's own number on boards
WRITE_LIMIT_MS = 1000  # a line that takes no byte for so long is gone


class PolledStream:
    """A byte stream over `line`, which select.poll accepts; `name` is for error texts."""

    reset = None

    def __init__(self, line, name):
        self.name = name
        self._line = line
        self._input = select.poll()
        self._input.register(line, select.POLLIN)

    def read(self, count, timeout_ms):
        """`count` bytes as soon as they are there, fewer on time-out; 0 ms: what is there."""
        if self._line is None:
            raise self._lost("closed")
        got = b""
        start = ticks_ms()
        wait = timeout_ms
        try:
            while self._input.poll(wait):
                chunk = self._take(count - len(got))
                if not chunk:
                    raise self._lost("hung up")
                got = got + chunk if got else chunk
                if len(got) >= count or timeout_ms == 0:
                    break
                wait = max(timeout_ms - ticks_diff(ticks_ms(), start), 0)
        except OSError as error:
            raise self._lost(error)
        return got

    def write(self, data):
        """Hand `data` over in one call; go on only with what the system did not take."""
        if self._line is None:
            raise self._lost("closed")
        sent = self._put_some(data)
        while sent < len(data):
            self._wait_for_room()
            sent += self._put_some(data[sent:])

    def close(self):
        """Close the line; every later call raises LinkLost, another close does nothing."""
        if self._line is not None:
            self._line = None
            self._shut()

    def _put_some(self, data):
        try:
            return self._put(data) or 0
        except OSError as error:
            if error.errno == EAGAIN:
                return 0
            raise self._lost(error)

    def _wait_for_room(self):
        output = select.poll()
        output.register(self._line, select.POLLOUT)
        if not output.poll(WRITE_LIMIT_MS):
            raise self._lost("takes no bytes")

    def _lost(self, why):
        return LinkLost("%s: %s" % (self.name, why))


class SocketStream(PolledStream):
    """A connected TCP socket as a byte stream."""

    def __init__(self, sock, name):
        super().__init__(sock, name)
        self._sock = sock
        sock.setblocking(False)

    def speed(self, baud):
        """A socket has no speed to change."""
        return False

    def _take(self, count):
        return self._sock.recv(count)

    def _put(self, data):
        return self._sock.send(data)

    def _shut(self):
        self._sock.close()
