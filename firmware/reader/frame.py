# SPDX-License-Identifier: Apache-2.0
"""Frames of the PN532, pure: encode() and FrameReader. UM0701-02 6.2.1; pn532.md, 1 (PD-01, PD-02,
PD-03, PD-07).

    normal    00 00 FF LEN LCS TFI PD.. DCS 00            LEN = TFI and PD, 1..255
    extended  00 00 FF FF FF LENm LENl LCS TFI PD.. DCS 00  LEN up to 265
    ACK 00 00 FF 00 FF 00     NACK 00 00 FF FF 00 00     error: a normal frame whose one byte is 7F

LEN + LCS = 0 and TFI + PD + DCS = 0, mod 256. The reader looks for 00 FF, checks LCS as soon as it
is there and looks on at the very next byte when it is wrong, so noise never makes it wait for
bytes that will not come. A preamble of any length and a missing postamble make no difference. A
frame whose LCS is right and whose DCS is wrong is passed over as a whole: a card's data may
contain bytes that look like a frame. Where an ACK is waited for (`inside`), it is looked into:
half an old answer must not swallow the ACK behind it.
"""

from firmware.errors import FormatError

ACK = b"\x00\x00\xff\x00\xff\x00"
NACK = b"\x00\x00\xff\xff\x00\x00"
ERROR = b"\x00\x00\xff\x01\xff\x7f\x81\x00"

START = b"\x00\xff"
SHORTEST = 4  # start code and two bytes: an ACK without its zeros
LONGEST_NORMAL = 255
LONGEST = 265  # TFI, code, Tg or status, 262 data bytes
LONGEST_ON_WIRE = 281  # ACK and the longest extended frame


def encode(payload):
    """Return the frame of `payload`, TFI and PD; FormatError for 0 or over 265 bytes (PD-01)."""
    count = len(payload)
    if not 0 < count <= LONGEST:
        raise FormatError("a frame carries 1..265 bytes, not %d" % count)
    if count <= LONGEST_NORMAL:
        head = bytes((0, 0, 0xFF, count, -count & 0xFF))
    else:
        high, low = count >> 8, count & 0xFF
        head = bytes((0, 0, 0xFF, 0xFF, 0xFF, high, low, -(high + low) & 0xFF))
    return head + payload + bytes((-sum(payload) & 0xFF, 0))


class FrameReader:
    """Cuts a byte stream into events, however it arrives; keeps one unfinished frame (PD-35).

    An event is a pair: ("ack", b""), ("nack", b""), ("error", b"") syntax error, ("damaged", b"")
    wrong DCS,
    ("frame", payload) with TFI and PD; the caller checks the TFI.
    """

    def __init__(self):
        self._held = b""  # a whole start code and what follows, or one 00, or nothing
        self._missing = SHORTEST
        self.inside = False  # until the next ACK, look on inside a damaged frame

    def reset(self):
        """Forget an unfinished frame."""
        self._held = b""
        self._missing = SHORTEST

    def abandon(self):
        """Give up the unfinished frame after a gap; return the events found behind its start."""
        held = self._held[1:]
        self.reset()
        return self.feed(held)

    def missing(self):
        """Bytes needed at least for the next event: reading so many never waits in vain."""
        return self._missing

    def started(self):
        """Whether a start code has been seen whose frame is unfinished."""
        return len(self._held) >= 2

    def feed(self, data):
        """Take the next bytes, in pieces of any size (PD-03); return the events they complete."""
        held = self._held + data
        events = []
        at = 0  # what lies before is done with
        while True:
            start = held.find(START, at)  # behind whatever bytes (PD-02)
            if start < 0:
                at = max(at, len(held) - 1 if held[-1:] == b"\x00" else len(held))
                self._missing = SHORTEST - (len(held) - at)
                break
            event, at, missing = _frame_at(held, start)
            if missing:
                self._missing = missing
                break
            if event:
                events.append(event)
                if event[0] == "damaged" and self.inside:
                    at = start + 1
                elif event[0] == "ack":
                    self.inside = False
        self._held = held[at:]
        return events


def _frame_at(held, start):
    """Read the frame whose start code is at `start`.

    Returns (event or None, where to look on, bytes missing). With bytes missing the place is
    `start`; without an event and none missing it is not a frame, and the place is the next byte.
    """
    head = start + 2
    if len(held) < head + 2:
        return None, start, head + 2 - len(held)
    first, second = held[head], held[head + 1]
    body = head + 2
    count = first
    if first == 0xFF and second == 0xFF:  # extended (PD-04): 255 as a normal length has LCS 01
        body = head + 5
        if len(held) < body:
            return None, start, body - len(held)
        count = held[head + 2] << 8 | held[head + 3]
        wrong = (held[head + 2] + held[head + 3] + held[head + 4]) & 0xFF
    elif first == 0 and second == 0xFF:
        return ("ack", b""), body, 0
    elif first == 0xFF and second == 0:
        return ("nack", b""), body, 0
    else:
        wrong = (first + second) & 0xFF
    if wrong or not 0 < count <= LONGEST:  # LEN 0 with LCS 0 adds up and is no frame
        return None, start + 1, 0
    end = body + count + 1
    if len(held) < end:
        return None, start, end - len(held)
    return _checked(held[body : end - 1], held[end - 1]), end, 0


def _checked(payload, dcs):
    if (sum(payload) + dcs) & 0xFF:
        return ("damaged", b"")
    if payload == b"\x7f":
        return ("error", b"")
    return ("frame", payload)
