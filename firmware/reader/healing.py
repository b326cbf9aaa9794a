# SPDX-License-Identifier: Apache-2.0
"""HealingReader: a Pn532 that is opened again, line and all, when nothing else helps (PD-34).

A chip that was reset is found by Pn532.recover(); one that is stuck is reset by its pin, where one
is wired; an adapter that was unplugged needs its line opened anew. Same calls as Pn532, so the
terminal does not know the difference.
"""

from firmware.errors import LinkLost

RESET_LOW_MS = 2  # RSTPD_N; the data sheet wants 20 ns, a long wire more
RESET_HIGH_MS = 3  # the oscillator is up 2 ms later (UM0701-02, re-check)


class HealingReader:
    """open_stream() -> line or LinkLost; make_chip(line) -> Pn532, not opened yet; report(event)
    hears of a reset by the pin.
    """

    def __init__(self, open_stream, make_chip, report=None):
        self.open_stream = open_stream
        self.make_chip = make_chip
        self.report = report
        self.stream = None
        self.chip = None
        self.version = None  # of the chip that answered last

    def open(self):
        """Open line and chip; LinkLost when there is none."""
        self._open_line()
        try:
            self.chip.open()
        except LinkLost:
            if not self._reset():
                raise
            self.chip.open()
        self.version = self.chip.version

    def _open_line(self):
        self.stream = self.open_stream()
        self.chip = self.make_chip(self.stream)

    def find(self, timeout_ms):
        """Cards in the field, as Pn532.find()."""
        return self._there().find(timeout_ms)

    def power(self, on):
        """As Pn532.power()."""
        self._there().power(on)

    def reset_field(self):
        """As Pn532.reset_field()."""
        self._there().reset_field()

    def recover(self):
        """True when the reader works again; False means out of order, to be tried again later.

        First what the chip can hear, then its pin, then the line (PD-34).
        """
        if self.chip and (self.chip.recover() or (self._reset() and self.chip.recover())):
            return True
        self._close()
        try:
            self._open_line()
        except LinkLost:
            return False
        # known: one round from the speed of a reset up, so that a dead one is soon called dead
        self.chip.version = self.version
        if self.chip.recover():
            return True
        self._close()
        return False

    def _reset(self):
        """RSTPD_N low and high again: the chip forgets all and is in LowVbat; False without a pin.

        The field goes with it: to no card is this more than being taken away (PD-34).
        """
        if not self.stream.reset:
            return False
        try:
            self.stream.reset(0)
            self.chip.bus.rest(RESET_LOW_MS)
            self.stream.reset(1)
            self.chip.bus.rest(RESET_HIGH_MS)
        except (LinkLost, OSError):
            return False
        if self.report:
            self.report({"event": "reader", "text": "reset by its pin"})
        return True

    def _there(self):
        if self.chip is None:
            raise LinkLost("the reader's line is gone")
        return self.chip

    def _close(self):
        if self.stream:
            self.stream.close()
        self.stream = self.chip = None
