# SPDX-License-Identifier: Apache-2.0
"""The PN532 on I2C (UM0701-02 6.2.4; pn532.md, 2): address 24, at most 400 kHz. Loaded only where
the settings name it.

Each read begins with the state, bit 0 = ready, and with the first byte of the frame: what was not
read of a frame is only to be had again by NACK. So a frame is read in one piece when its length is
known, and a long one twice: its head, NACK, then all of it.

A line of hal: write(data) -> False when nobody took the address; read(count) -> bytes, None then;
`free_us`, how long the bus has to be free between two transactions.
"""

from firmware.reader.bus import OSCILLATOR_MS
from firmware.reader.frame import ACK, LONGEST_ON_WIRE, NACK, FrameReader
from firmware.reader.framed import POLL_US, FramedBus

READY = 0x01
HEAD = 24  # bytes of a frame read before its length is known: answers without data fit
ASLEEP_LIMIT_MS = 10  # how long an address that nobody takes is tried: five times the oscillator's
RETRY_US = 1000
TRANSACTIONS = 8  # of one exchange, a few looks at the state among them
REPEAT_US = 20000  # an answer that exists already, asked for again


class I2c(FramedBus):
    """The bus over one I2C line."""

    def __init__(self, line, clock):
        FramedBus.__init__(self, line, clock)
        self.poll_us = max(POLL_US, line.free_us)
        self._frames = FrameReader()
        self._ack_due = False

    def wire_ms(self, count):
        """What an exchange takes on the bus alone, written, looked at and read."""
        return (TRANSACTIONS * self._line.free_us + 999) // 1000

    def wake(self):
        """The address alone wakes the chip (PD-14); the byte behind it is the start of nothing."""
        self._put(b"\x00")
        self.rest(OSCILLATOR_MS)

    def write(self, data):
        """One transaction; it replaces whatever the chip had to say (PD-17)."""
        self._held = b""
        self._ack_due = len(data) > len(ACK)
        self._put(data)

    def _put(self, data):
        """Write; an address that nobody takes, as while asleep, is tried again within a limit.

        Behind the limit the chip has not heard it and will not answer: the caller's own time-outs
        say so (PD-33).
        """
        clock = self._clock
        begin = clock.ticks_ms()
        while True:
            self._line.pause_us(self._unfree_us())
            taken = self._line.write(data)
            self._looked_us = clock.ticks_us()
            if taken or clock.ticks_diff(clock.ticks_ms(), begin) >= ASLEEP_LIMIT_MS:
                return
            self._line.pause_us(RETRY_US)

    def _get(self, count):
        """State and `count` bytes; the bus was free as long as it has to be (PD-33)."""
        self._line.pause_us(self._unfree_us())
        got = self._line.read(1 + count)
        self._looked_us = self._clock.ticks_us()
        return got

    def _unfree_us(self):
        since_us = self._clock.ticks_diff(self._clock.ticks_us(), self._looked_us)
        free_us = self._line.free_us
        return free_us - since_us if 0 <= since_us < free_us else 0

    def _status(self):
        state = self._get(0)
        return state is not None and state[0] & READY

    def _fetch(self):
        """The chip's frame; b"" when it was not ready after all."""
        head = self._get(len(ACK) if self._ack_due else HEAD)
        self._ack_due = False
        if not head or not head[0] & READY:
            return b""
        frame = head[1:]
        self._frames.reset()
        if self._frames.feed(frame) or len(frame) < HEAD or not self._frames.started():
            return frame
        missing = self._frames.missing() + 1  # and its postamble
        self._put(NACK)
        if not self._is_ready(REPEAT_US):
            return frame
        whole = self._get(min(len(frame) + missing, LONGEST_ON_WIRE))
        return whole[1:] if whole and whole[0] & READY else frame
