# SPDX-License-Identifier: Apache-2.0
"""HealingReader: a Pn532 that is opened again, line and all, when nothing else helps (PD-34).

A chip that was reset is found by Pn532.recover(); an adapter that was unplugged needs its line
opened anew. Same calls as Pn532, so the terminal does not know the difference.
"""

from firmware.errors import LinkLost


class HealingReader:
    """open_stream() -> byte stream or LinkLost; make_chip(stream) -> Pn532, not opened yet."""

    def __init__(self, open_stream, make_chip):
        self.open_stream = open_stream
        self.make_chip = make_chip
        self.stream = None
        self.chip = None

    def open(self):
        """Open line and chip; LinkLost when there is none."""
        self.stream = self.open_stream()
        self.chip = self.make_chip(self.stream)
        self.chip.open()

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
        """True when the reader works again; False means out of order, to be tried again later."""
        if self.chip and self.chip.recover():
            return True
        self._close()
        try:
            self.open()
        except LinkLost:
            self._close()
            return False
        return True

    def _there(self):
        if self.chip is None:
            raise LinkLost("the reader's line is gone")
        return self.chip

    def _close(self):
        if self.stream:
            self.stream.close()
        self.stream = self.chip = None
