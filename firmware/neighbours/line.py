# SPDX-License-Identifier: Apache-2.0
"""Neighbour: the one driver between a serial line and a protocol without I/O.

Meter, gate, announcer, console: each is a protocol object with

    feed(data, now_ms)      list of events in what came; bad bytes are events too, never an error
    outgoing(now_ms)        bytes to send now, b"" for none; timers run here

`now_ms` is a plain int that only grows. A line that is lost is opened again once a second, and the
protocol is told nothing but silence: it must know by its own timers that nobody answers.
"""

from firmware.errors import LinkLost

REOPEN_MS = 1000
MOST_BYTES = 512  # taken in one turn, as a UART's buffer on a board


class Neighbour:
    """opener() -> byte stream (hal), LinkLost where there is none."""

    def __init__(self, opener, protocol, clock):
        self.opener = opener
        self.protocol = protocol
        self.clock = clock
        self.line = None
        self.fault = ""  # why there is no line, "" while there is one
        self.now_ms = 0
        self.ticks = clock.ticks_ms()
        self.closed_ms = -REOPEN_MS

    def turn(self):
        """Events since the last turn; never waits."""
        ticks = self.clock.ticks_ms()
        self.now_ms += max(0, self.clock.ticks_diff(ticks, self.ticks))
        self.ticks = ticks
        if self.line is None and not self._open():
            return self.protocol.feed(b"", self.now_ms)
        try:
            events = self.protocol.feed(self.line.read(MOST_BYTES, 0), self.now_ms)
            self.flush()
        except LinkLost as gone:
            self._lost(gone)
            return self.protocol.feed(b"", self.now_ms)
        return events

    def check(self):
        """Why there is no line, "" where there is one: a self-test asks before the first turn."""
        if self.line is None:
            self._open()
        return self.fault

    def flush(self):
        """Send at once what the protocol has to say."""
        try:
            data = self.protocol.outgoing(self.now_ms) if self.line else b""
            if data:
                self.line.write(data)
        except LinkLost as gone:
            self._lost(gone)

    def close(self):
        """Give the line back."""
        if self.line:
            self.line.close()
        self.line = None

    def _open(self):
        if self.now_ms - self.closed_ms < REOPEN_MS:
            return False
        try:
            self.line = self.opener()
        except (LinkLost, OSError) as gone:
            self._lost(gone)
            return False
        self.fault = ""
        return True

    def _lost(self, gone):
        self.close()
        self.closed_ms = self.now_ms
        self.fault = str(gone)
