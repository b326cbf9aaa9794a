# SPDX-License-Identifier: Apache-2.0
"""Where the time of a tap goes on an emulated Pico, seen from outside: from its wires.

A Meter stands between the UART of the board and the virtual PN532. It notes the time of each byte
on the line, and what the chip's model tells of radio and card. What is left of a tap when these
are taken off is the terminal's own: a tap begins with the look that found the card and ends when
the green lamp is lit.

Own is the time in which nobody works but the terminal's processor: from the last byte of an answer
to the first of the next command. What it computes while the card works, or while bytes are on the
line, does not count; what of that lasts longer than the card does.
"""

from typing import NamedTuple

from sim.timing import BITS_A_BYTE

LOOK = b"\xd4\x4a"  # InListPassiveTarget, PN532 7.3.5
ANSWER = b"\xd5\x41"  # of InDataExchange
ASK = b"\xd4\x40"  # InDataExchange; then the number of the card, and the APDU
STEPS = {0xA4: "select", 0xA8: "gpo", 0xB2: "read"}


class Split(NamedTuple):
    """Milliseconds of one tap. own: of the terminal; green: from the last byte of the last answer
    of the card to the lamp; gaps: {step: own before its commands}, "last": before the last record.
    """

    total: float
    line: float
    radio: float
    card: float
    own: float
    green: float
    gaps: dict


class Meter:
    """Peer of a Wire around a Chip."""

    def __init__(self, chip):
        self.chip = chip
        self.next_us = chip.next_us
        chip.watch = self._answered
        self.notes: list[tuple[float, str, float]] = []  # (us, what, us spent on it)
        self.asked: list[
            tuple[float, float, bytearray]
        ] = []  # (us of the answer before, us, frame)
        self.last_us = 0.0  # when the chip has said its last byte so far
        self.sent = b""
        self.heard = b""

    def feed(self, data, now_us, baud):
        """What the board says; a look for a card begins a tap."""
        self.sent = (self.sent + data)[-64:]
        if LOOK in self.sent:
            self.notes.append((now_us, "look", 0))
            self.sent = b""
        self.notes.append((now_us, "line", line_us(data, baud)))
        if not self.asked or self.asked[-1][0] != self.last_us:
            self.asked.append((self.last_us, now_us, bytearray()))
        self.asked[-1][2].extend(data)
        self.chip.feed(data, now_us, baud)

    def due(self, now_us):
        data = self.chip.due(now_us)
        if data:
            self.last_us = now_us
            self.notes.append((now_us, "line", line_us(data, self.chip.baud)))
            self.heard = (self.heard + data)[-400:]
            if ANSWER in self.heard:
                self.notes.append((now_us, "answer", 0))
        return data

    def _answered(self, _code, radio_us, card_us, _chip_us):
        self.heard = b""
        now_us = self.notes[-1][0]
        self.notes += [(now_us, "radio", radio_us), (now_us, "card", card_us)]

    def own_spans(self, green_us):
        """[(from_us, to_us)] of the tap that ended with the lamp at `green_us`: nobody works but
        the terminal, or whom it waits for beside the chip.
        """
        seen = self._seen(green_us)
        asked = [one[:2] for one in self.asked if seen[0][0] < one[1] <= green_us]
        return [*asked, (max(at for at, what, _ in seen if what == "answer"), green_us)]

    def _seen(self, green_us):
        """Notes of that tap."""
        seen = [note for note in self.notes if note[0] <= green_us]
        return seen[max(at for at, (_, what, _) in enumerate(seen) if what == "look") :]

    def split(self, green_us):
        """Split of the tap that ended with the lamp at `green_us`."""
        seen = self._seen(green_us)
        spent = {
            name: sum(us for _, what, us in seen if what == name) / 1000
            for name in ("line", "radio", "card")
        }
        last_us = max(at for at, what, _ in seen if what == "answer")
        total = (green_us - seen[0][0]) / 1000
        return Split(
            total,
            **spent,
            own=total - sum(spent.values()),
            green=(green_us - last_us) / 1000,
            gaps=self._gaps(seen[0][0], green_us),
        )

    def _gaps(self, from_us, to_us):
        """{step: ms}."""
        found: dict[str, float] = {}
        asked = [one for one in self.asked if from_us < one[1] <= to_us]
        for number, (before_us, at_us, frame) in enumerate(asked, 1):
            at = frame.find(ASK)
            step = STEPS.get(frame[at + 4], "other") if 0 <= at < len(frame) - 4 else "other"
            step = "last" if number == len(asked) else step
            found[step] = found.get(step, 0) + (at_us - before_us) / 1000
        return found


def line_us(data, baud):
    return len(data) * BITS_A_BYTE * 1e6 / baud
