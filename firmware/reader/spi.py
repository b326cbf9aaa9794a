# SPDX-License-Identifier: Apache-2.0
"""The PN532 on SPI (UM0701-02 6.2.5; pn532.md, 2): mode 0, least significant bit first, at most 5
MHz. Loaded only where the settings name it.

    01 frame    write       02 .. -> state, bit 0 = ready       03 .. -> frame

A line of hal: transfer(data) -> as many bytes, both ways at once; select() and release() hold the
chip select where `held` says so, elsewhere each transfer is a transaction of its own; `hz`;
`lsb_first`: the peripheral turns the bits round by itself, as few do.
"""

from firmware.reader.bus import OSCILLATOR_MS
from firmware.reader.frame import ACK, LONGEST_ON_WIRE, FrameReader
from firmware.reader.framed import FramedBus

DATA_WRITE, STATUS_READ, DATA_READ = b"\x01", b"\x02", b"\x03"
READY = 0x01
BITS = ((7, 0), (6, 1), (5, 2), (4, 3), (3, 4), (2, 5), (1, 6), (0, 7))
TURNED = bytes([sum([(byte >> a & 1) << b for a, b in BITS]) for byte in range(256)])


def turned(data):
    """The same bytes, the bits of each in the opposite order, from a table (PD-32)."""
    out = bytearray(data)
    for at in range(len(out)):
        out[at] = TURNED[out[at]]
    return bytes(out)


class Spi(FramedBus):
    """The bus over one SPI line."""

    def __init__(self, line, clock):
        FramedBus.__init__(self, line, clock)
        self._frames = FrameReader()
        self._ack_due = False

    def wake(self):
        """Chip select low for 2 ms, then as long until the oscillator is up (PD-14, PD-32).

        Where it cannot be held, a state is read that lasts as long: harmless to a chip awake.
        """
        self._line.select()
        if self._line.held:
            self._line.pause_us(OSCILLATOR_MS * 1000)
        else:
            self._transfer(STATUS_READ + bytes(self._line.hz * OSCILLATOR_MS // 8000))
        self._line.release()
        self._looked_us = self._clock.ticks_us()
        self.rest(OSCILLATOR_MS)

    def write(self, data):
        """One transaction; it replaces whatever the chip had to say (PD-17)."""
        self._held = b""
        self._ack_due = len(data) > len(ACK)
        self._line.select()
        self._transfer(DATA_WRITE + data)
        self._line.release()

    def _status(self):
        self._line.select()
        state = self._transfer(STATUS_READ + b"\x00")[1]
        self._line.release()
        return state & READY

    def _fetch(self):
        """The chip's frame in one transaction: as long as it is where the chip select is held.

        Elsewhere as long as it may be, but an ACK, which is what comes first behind a command.
        """
        self._line.select()
        count = len(ACK) if self._ack_due or self._line.held else LONGEST_ON_WIRE
        frame = self._transfer(DATA_READ + bytes(count))[1:]
        if self._line.held:
            self._frames.reset()
            events = self._frames.feed(frame)
            while not events and len(frame) < LONGEST_ON_WIRE:
                missing = self._frames.missing() + (1 if self._frames.started() else 0)
                rest = self._transfer(bytes(missing))  # with its postamble
                events = self._frames.feed(rest)
                frame += rest
        self._line.release()
        self._ack_due = False
        return frame

    def _transfer(self, data):
        if self._line.lsb_first:
            return self._line.transfer(data)
        return turned(self._line.transfer(turned(data)))
