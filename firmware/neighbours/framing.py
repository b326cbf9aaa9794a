# SPDX-License-Identifier: Apache-2.0
"""Short frames of a vehicle's serial lines: announcer and second reader.

    A5 5A | LEN u8 | body, LEN bytes | SUM u8        LEN, body and SUM add up to 0 modulo 256

No byte is stuffed: A5 5A may stand in a body, and what tells a frame is length and sum together.
Where they do not fit, one byte is dropped and the next mark is looked for, so that a frame behind
a cut one is found as soon as it and what the cut one wanted are there. Held between two feeds is
less than one longest frame.
"""

from firmware.errors import FormatError

MARK = b"\xa5\x5a"
MOST_BODY = 64


def pack(body):
    """A frame; FormatError for a body that is too long."""
    if not 0 < len(body) <= MOST_BODY:
        raise FormatError("a body of %d bytes" % len(body))
    inner = bytes((len(body),)) + body
    return MARK + inner + bytes((-sum(inner) & 0xFF,))


class Frames:
    """Bodies out of a byte stream."""

    def __init__(self):
        self.held = bytearray()
        self.dropped = 0  # bytes that were part of no frame

    def feed(self, data):
        """List of the bodies that are whole."""
        self.held += data
        found = []
        while self.held:
            whole = self._whole()
            if whole is None:
                break
            if whole:
                found.append(bytes(self.held[3 : whole - 1]))
            self.dropped += not whole
            self.held[: whole or 1] = b""
        return found

    def _whole(self):
        """Length of the frame that stands here, 0 where none does, None while more is wanted."""
        held = self.held
        if held[:2] != MARK[: len(held)] or (len(held) > 2 and not 0 < held[2] <= MOST_BODY):
            return 0
        if len(held) < 3 or len(held) < held[2] + 4:
            return None
        length = held[2] + 4
        return length if sum(held[2:length]) & 0xFF == 0 else 0
