# SPDX-License-Identifier: Apache-2.0
"""What SPI and I2C have in common: the chip keeps one whole frame until the host fetches it
(pn532.md, 2). Loaded only where the settings name such a bus.

FramedBus gives what bus.py says, over a line of hal: Spi and I2c say how its state is asked for
(`_status`) and how a frame is fetched (`_fetch`). Of the line it needs pause_us(duration_us),
which lets time pass, and `irq`: None, or irq(timeout_ms) -> True as soon as the chip holds P70_IRQ
low, that is, when it has something to say; False after the time.
"""

from firmware.reader.bus import QUIET_MS

MOST_HELD = 2  # frames
POLL_US = 500  # between two looks at the chip's state


class FramedBus:
    """A bus without a speed to set; `line` and `clock` are of hal's contract."""

    speeds = ()
    baud = 0
    poll_us = POLL_US

    def __init__(self, line, clock):
        self._line = line
        self._clock = clock
        self._held = b""  # fetched and not handed over
        self._looked_us = clock.ticks_us()

    def wire_ms(self, count):
        """0: the bytes have left when write() returns."""
        return 0

    def read(self, count, timeout_ms):
        """`count` bytes as soon as they are there, fewer on time-out; 0 ms: what is there."""
        clock = self._clock
        begin_us = clock.ticks_us()
        while len(self._held) < count:
            left_us = timeout_ms * 1000 - clock.ticks_diff(clock.ticks_us(), begin_us)
            frame = self._fetch() if self._is_ready(max(left_us, 0)) else b""
            if not frame and left_us <= 0:  # a pin that says ready for ever is no frame (PD-10)
                break
            self._held += frame
        taken, self._held = self._held[:count], self._held[count:]
        return taken

    def rest(self, duration_ms):
        """Let `duration_ms` pass; what was fetched before is thrown away."""
        self._line.pause_us(duration_ms * 1000)
        self._held = b""

    def drain(self):
        """Throw away what the chip has to say: what it held, and what it was just about to."""
        for _ in range(MOST_HELD):
            if not self._is_ready(max(QUIET_MS * 1000, self.poll_us)):
                break
            self._fetch()
        self._held = b""

    def _is_ready(self, left_us):
        """Wait for the pin, or for the time of the next look at the state; at most `left_us`.

        One look each `poll_us` at the most, none with a pin (PD-32).
        """
        if self._line.irq:
            return self._line.irq((left_us + 999) // 1000)
        early_us = self._early_us()
        if early_us > left_us:
            self._line.pause_us(left_us)
            return False
        self._line.pause_us(early_us)
        self._looked_us = self._clock.ticks_us()
        return self._status()

    def _early_us(self):
        """How long the chip is still to be left alone."""
        since_us = self._clock.ticks_diff(self._clock.ticks_us(), self._looked_us)
        return self.poll_us - since_us if 0 <= since_us < self.poll_us else 0
