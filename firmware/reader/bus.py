# SPDX-License-Identifier: Apache-2.0
"""Buses to the PN532: bytes there and back, no knowledge of commands (PD-31). pn532.md, 2.

A bus gives: `speeds`, a table of (code of SetSerialBaudRate, baud), empty where there is no speed
to set; wake(); write(data) in one call (PD-17); read(count, timeout_ms); speed(baud) -> False when
the host has no such speed; wire_ms(count), how long so many bytes take; rest(duration_ms) and
drain(), which throw away what arrives. HSU is a byte stream, 8N1; the streams come from hal.
"""

WAKE = b"\x55\x55" + bytes(14)  # any bytes will do; these are what libnfc sends
OSCILLATOR_MS = 2  # until the chip hears commands (UM0701-02, re-check)
QUIET_MS = 3  # a gap after which nothing more belongs to an aborted answer
DRAIN_LIMIT_MS = 15

HSU_SPEEDS = (
    (0, 9600),
    (1, 19200),
    (2, 38400),
    (3, 57600),
    (4, 115200),
    (5, 230400),
    (6, 460800),
    (7, 921600),
    (8, 1288000),
)


class Hsu:
    """The serial interface over a byte stream (PD-31); `baud`: the speed it was opened with."""

    speeds = HSU_SPEEDS

    def __init__(self, stream, clock, baud=115200):
        self._stream = stream
        self._clock = clock
        self.baud = baud
        self.write = stream.write
        self.read = stream.read

    def wake(self):
        """Wake a sleeping chip; harmless to one that is awake (PD-14)."""
        self._stream.write(WAKE)
        self.rest(OSCILLATOR_MS + self.wire_ms(len(WAKE)))

    def speed(self, baud):
        """Change the host's speed; False when it has none such."""
        if self._stream.speed(baud) is False:
            return False
        self.baud = baud
        return True

    def wire_ms(self, count):
        """Milliseconds that `count` bytes take on the line, rounded up: 10 bits a byte."""
        return (count * 10000 + self.baud - 1) // self.baud

    def rest(self, duration_ms):
        """Let `duration_ms` pass, throwing away what arrives."""
        self._discard(duration_ms, duration_ms)

    def drain(self):
        """Throw away what arrives until the line is quiet."""
        self._discard(QUIET_MS, DRAIN_LIMIT_MS)

    def _discard(self, quiet_ms, limit_ms):
        start = self._clock.ticks_ms()
        quiet = start
        while True:
            now = self._clock.ticks_ms()
            left = limit_ms - self._clock.ticks_diff(now, start)
            silent = quiet_ms - self._clock.ticks_diff(now, quiet)
            if left <= 0 or silent <= 0:
                return
            if self._stream.read(64, min(left, silent)) and quiet_ms < limit_ms:
                quiet = self._clock.ticks_ms()
