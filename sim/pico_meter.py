# SPDX-License-Identifier: Apache-2.0
"""Where the time of a tap goes on an emulated Pico, seen from outside: from its wires.

A Meter stands between the UART of the board and the virtual PN532. It notes the time of each byte
on the line, and what the chip's model tells of radio and card. What is left of a tap when these
are taken off is the terminal's own: a tap begins with the look that found the card and ends when
the green lamp is lit.
"""

from typing import NamedTuple

from sim.timing import BITS_A_BYTE

LOOK = b"\xd4\x4a"  # InListPassiveTarget, PN532 7.3.5
ANSWER = b"\xd5\x41"  # of InDataExchange


class Split(NamedTuple):
    """Milliseconds of one tap. own: of the terminal; green: from the last byte of the last answer
    of the card to the lamp.
    """

    total: float
    line: float
    radio: float
    card: float
    own: float
    green: float


class Meter:
    """Peer of a Wire around a Chip."""

    def __init__(self, chip):
        self.chip = chip
        self.next_us = chip.next_us
        chip.watch = self._answered
        self.notes: list[tuple[float, str, float]] = []  # (us, what, us spent on it)
        self.sent = b""
        self.heard = b""

    def feed(self, data, now_us, baud):
        """What the board says; a look for a card begins a tap."""
        self.sent = (self.sent + data)[-64:]
        if LOOK in self.sent:
            self.notes.append((now_us, "look", 0))
            self.sent = b""
        self.notes.append((now_us, "line", line_us(data, baud)))
        self.chip.feed(data, now_us, baud)

    def due(self, now_us):
        data = self.chip.due(now_us)
        if data:
            self.notes.append((now_us, "line", line_us(data, self.chip.baud)))
            self.heard = (self.heard + data)[-400:]
            if ANSWER in self.heard:
                self.notes.append((now_us, "answer", 0))
        return data

    def _answered(self, _code, radio_us, card_us, _chip_us):
        self.heard = b""
        now_us = self.notes[-1][0]
        self.notes += [(now_us, "radio", radio_us), (now_us, "card", card_us)]

    def split(self, green_us):
        """Split of the tap that ended with the lamp at `green_us`."""
        seen = [note for note in self.notes if note[0] <= green_us]
        began = max(at for at, (_, what, _) in enumerate(seen) if what == "look")
        seen = seen[began:]
        spent = {
            name: sum(us for _, what, us in seen if what == name) / 1000
            for name in ("line", "radio", "card")
        }
        last_us = max(at for at, what, _ in seen if what == "answer")
        total = (green_us - seen[0][0]) / 1000
        return Split(
            total, **spent, own=total - sum(spent.values()), green=(green_us - last_us) / 1000
        )


def line_us(data, baud):
    return len(data) * BITS_A_BYTE * 1e6 / baud
