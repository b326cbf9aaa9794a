# SPDX-License-Identifier: Apache-2.0
"""A gate board on a serial line as gate.py wants it, and a fire loop on a pin beside it.

Boards that do not tell of fire still have to open for it: the loop of relay_gate.py's `fire`.
"""

from firmware.errors import LinkLost


class SerialGate:
    """neighbour: line.Neighbour over a board; fire_pin: of a closed loop, or None."""

    def __init__(self, neighbour, fire_pin=None):
        self.neighbour = neighbour
        self.board = neighbour.protocol
        self.fire_pin = fire_pin
        self.one_by_one = self.board.one_by_one
        self.burning = False

    def turn(self):
        """Events since the last turn."""
        events = list(self.neighbour.turn())
        burning = self._loop_open()
        if burning != self.burning:
            self.burning = burning
            events.append("fire" if burning else "fire_over")
        return events

    def order(self, word, persons):
        """Send at once."""
        self.board.order(word, persons)
        self.neighbour.flush()

    def fire(self):
        """By the loop or by the board."""
        return self._loop_open() or self.board.fire()

    @property
    def passages(self):
        """People as the board has counted them."""
        return self.board.passages

    def close(self):
        """Give line and pin back."""
        self.neighbour.close()
        if self.fire_pin:
            self.fire_pin.close()

    def _loop_open(self):
        if self.fire_pin is None:
            return False
        try:
            return not self.fire_pin.get()
        except LinkLost:
            return True
