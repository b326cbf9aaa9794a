# SPDX-License-Identifier: Apache-2.0
"""Masks the card numbers in the frames of a trace or a capture (QT-033; formats/card_digits.py).

An answer that comes in parts (MI, chained I-blocks) is masked when it is whole: its frames are
held back so long, HELD_MOST entries at most. A number that was seen is masked wherever it stands
later. Certificates are left alone: an RSA 9F46 holds the number for whoever has the CA key.
"""

from firmware.formats.card_digits import hidden, swaps_in
from host_tools.frames import MORE, body_of, framed
from host_tools.trace import Frame, Note

HELD_MOST = 600  # an answer of 4096 bytes in blocks of 13, with commands and ACKs
SWAPS_MOST = 64  # card numbers remembered, the newest
EXCHANGE, THROUGH = b"\xd5\x41", b"\xd5\x43"
CHAINING = 0x10


class Masker:
    """take(entry) -> entries that are ready, masked; rest() -> those still held back."""

    def __init__(self):
        self.swaps = []
        self.held = []
        self.parts = []  # (index into held, where in the body its part of the answer begins)

    def take(self, entry: Frame | Note) -> list[Frame | Note]:
        """Entries in the order they were taken."""
        self.held.append(entry)
        part = _part_of(entry) if isinstance(entry, Frame) else None
        if part:
            begin, more = part
            self.parts.append((len(self.held) - 1, begin))
            if more and len(self.held) < HELD_MOST:
                return []
        elif self.parts and len(self.held) < HELD_MOST and not _begins(entry):
            return []
        return self.rest()

    def rest(self) -> list[Frame | Note]:
        """What is held back, masked as far as it is known."""
        bodies = {index: body_of(self.held[index].octets) for index, _ in self.parts}
        answer = b"".join(bodies[index][begin:] for index, begin in self.parts)
        known = [one for one in swaps_in(answer)[0] if one not in self.swaps]
        self.swaps = (self.swaps + known)[-SWAPS_MOST:]
        answer = hidden(answer, self.swaps)
        for index, begin in self.parts:
            body = bodies[index]
            count = len(body) - begin
            self.held[index] = _with_body(self.held[index], body[:begin] + answer[:count])
            answer = answer[count:]
        ready = [self._masked(one) for one in self.held]
        self.held, self.parts = [], []
        return ready

    def _masked(self, entry):
        """Numbers seen before, in whatever frame."""
        body = body_of(entry.octets) if self.swaps and isinstance(entry, Frame) else b""
        shown = body[:2] + hidden(body[2:], self.swaps)
        return entry if shown == body else _with_body(entry, shown)


def _part_of(entry: Frame) -> tuple[int, int] | None:
    """(where a card's data begin in the body, whether more follows) of an answer with some."""
    body = body_of(entry.octets) if entry.way == "<" else b""
    if body[:2] == EXCHANGE and len(body) > 3:
        return 3, body[2] & MORE
    if body[:2] == THROUGH and len(body) > 4 and body[3] & 0xE2 == 0x02:
        begin = 4 + bool(body[3] & 0x08) + bool(body[3] & 0x04)  # CID and NAD follow the PCB
        return begin, body[3] & CHAINING
    return None


def _begins(entry: Frame | Note) -> bool:
    """Whether a frame begins something else, so that what is held back will not go on."""
    body = body_of(entry.octets) if isinstance(entry, Frame) and entry.way == ">" else b""
    if body[:2] == b"\xd4\x40":
        return len(body) > 3
    if body[:2] == b"\xd4\x42":
        return body[2:3] == b"" or body[2] & 0xC0 == 0
    return bool(body) and body[1] not in (0x06, 0x08, 0x32)  # engine B sets a time limit between


def _with_body(entry: Frame, body: bytes) -> Frame:
    return entry._replace(octets=framed(body))
