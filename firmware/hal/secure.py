# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""TLS connections as byte streams that never wait unless told to; both interpreters.

Connecting, the handshake and sending go on in read() and write(), as far as they go by
themselves, so that an idle turn waits for no network. A subclass says how a socket is wrapped
(`_wrap(sock)`), how bytes are taken (`_take(count)`: None when there are none, b"" = hung up) and
put (`_put(data)` -> how many were taken, 0 for none); both raise LinkLost with a reason. The
contract is in hal/__init__.py.

What the handshake computes is done in one piece by the library: that much an idle turn can take.
"""

import select

from firmware.errors import FormatError, LinkLost
from firmware.hal.ticks import ticks_diff, ticks_ms

OPENING_MS = 9000  # from connect to the first byte through; the uploader waits 10 s for an answer
PIECE = 512  # bytes offered at a time: mbedtls wants the same ones again until it took them
BEGIN, END = "-----BEGIN %s-----", "-----END %s-----"
EXPIRED = "its certificate has expired, or this clock is wrong"
NOT_YET = "its certificate is not valid yet, or this clock is wrong"
STRANGER = "its certificate is signed by no CA of `link_ca`"
NOT_ITS_NAME = "its certificate is not for the name %s"


def pem_blocks(text, kind, name):
    """The blocks of a kind ("CERTIFICATE") as base64 texts; FormatError when there is none."""
    found = []
    for part in text.split(BEGIN % kind)[1:]:
        inside, end, _ = part.partition(END % kind)
        if not end:
            raise FormatError("%s: a %s without its end" % (name, kind))
        found.append(inside)
    if not found:
        raise FormatError("%s: no %s in it; a text with `%s`" % (name, kind, BEGIN % kind))
    return found


class SecureStream:
    """A byte stream over `sock`, which is being connected without waiting."""

    reset = None

    def __init__(self, sock, name, server_name):
        self.name = name
        self.server_name = server_name
        self._sock = sock
        self._secure = None  # once connected
        self._through = False  # a byte went through: the peer is who it should be
        self._closed = False
        self._out = b""
        self._piece = b""
        self._began = ticks_ms()
        self._input, self._output = select.poll(), select.poll()
        self._input.register(sock, select.POLLIN)
        self._output.register(sock, select.POLLOUT)

    def speed(self, baud):
        """A socket has no speed to change."""
        return False

    def write(self, data):
        """Take all of `data`; what cannot leave at once leaves in later calls."""
        self._out += data
        self._go_on()

    def read(self, count, timeout_ms):
        """`count` bytes as soon as they are there, fewer on time-out; 0 ms: what is there."""
        got = b""
        start = ticks_ms()
        while True:
            ready = self._go_on()
            chunk = self._take(count - len(got)) if ready else None
            if chunk == b"":
                raise self.lost("hung up" if self._through else "hung up in the TLS handshake")
            if chunk:
                self._through = True
                got += chunk
            left = timeout_ms - ticks_diff(ticks_ms(), start)
            if len(got) >= count or left <= 0:
                return got
            if not chunk:
                waiting = self._input if ready and not self._piece else self._output
                waiting.poll(min(left, 20))

    def close(self):
        """Close the line; every later call raises LinkLost, another close does nothing."""
        self._closed = True
        self._out = self._piece = b""
        for one in (self._secure, self._sock):
            try:
                if one is not None:
                    one.close()
            except OSError:
                pass
        self._secure = None

    def lost(self, why):
        """The LinkLost of this line."""
        return LinkLost("%s: %s" % (self.name, why))

    def _go_on(self):
        """One step of connecting or sending; True once the socket is connected."""
        if self._closed:
            raise self.lost("closed")
        if not self._through and ticks_diff(ticks_ms(), self._began) > OPENING_MS:
            raise self.lost("no TLS connection in %d ms" % OPENING_MS)
        if self._secure is None:
            if not self._output.poll(0):
                return False
            self._secure = self._wrap(self._sock)
        while True:
            if not self._piece:
                self._piece, self._out = self._out[:PIECE], self._out[PIECE:]
            taken = self._put(self._piece) if self._piece else 0
            if not taken:
                return True
            self._through = True
            self._piece = self._piece[taken:]
