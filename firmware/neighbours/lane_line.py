# SPDX-License-Identifier: Apache-2.0
"""The line between a lane and the one with the store: entries and payments one way, what became
of them the other way.

| offset | size | meaning |
|---|---|---|
| 0 | 1 | 02 |
| 1 | 1 | n, bytes of the body, 0..64 |
| 2 | 1 | kind: 1 PUT, 2 ANSWER, 3 BEAT, 4 ASK, 5 ROW |
| 3 | n | PUT: the entry; ANSWER: verdict (1), CRC-32 of the entry it is about; BEAT: none |
| | | ASK: key (8), number of the pay station (1); ROW: the key, and the row of the store |
| 3 + n | 4 | CRC-32 of all before |

A PUT is said again every half second until its answer comes or GIVE_UP_MS are over; whoever takes
it makes no second entry of it. An answer names its entry by checksum, so that a late one, or one
from before a restart, is never taken for another's.
An ASK is said once: who has no ROW taps again. Both ends say BEAT each second; who hears nothing
for SILENT_MS says so. Own format; pure (neighbours/line.py).
"""

import binascii

STX = 0x02
MOST_BODY = 64
FRAME = 7  # bytes around a body
PUT, ANSWER, BEAT, ASK, ROW = 1, 2, 3, 4, 5
VERDICTS = ("stored", "inside", "full", "lost", "gone")
BEAT_MS, AGAIN_MS, GIVE_UP_MS, SILENT_MS = 1000, 500, 3000, 3000
MOST_HELD = 512
MOST_OPEN = 8


class LaneLine:
    """One end. Events: ("put", body), ("verdict", body, word), ("ask", body), ("row", body)."""

    def __init__(self):
        self.held = b""
        self.said = b""
        self.open = []  # [body, when it was given, when it was said last], oldest first
        self.heard_ms = None
        self.beat_ms = None
        self.now_ms = 0

    @property
    def silent(self):
        """True while nothing has come for SILENT_MS."""
        return self.heard_ms is None or self.now_ms - self.heard_ms > SILENT_MS

    def put(self, body):
        """Send an entry; False where too many are open."""
        if len(self.open) >= MOST_OPEN:
            return False
        self.open.append([body, self.now_ms, None])
        return True

    def answer(self, body, verdict):
        """Say what became of an entry."""
        self._say(ANSWER, bytes((VERDICTS.index(verdict),)) + checksum(body))

    def ask(self, body):
        """Ask what the store has of a card: key and number of who asks."""
        self._say(ASK, body)

    def row(self, body):
        """Say what the store has: key and row, the key alone where there is none."""
        self._say(ROW, body)

    def _say(self, kind, body):
        if len(self.said) < MOST_HELD:
            self.said += frame(kind, body)

    def feed(self, data, now_ms):
        """Events in what came, and of entries that nobody has answered for too long."""
        self.now_ms = now_ms
        self.held = (self.held + data)[-MOST_HELD:]
        events = []
        while self._take(events):
            pass
        while self.open and now_ms - self.open[0][1] > GIVE_UP_MS:
            events.append(("verdict", self.open.pop(0)[0], "lost"))
        return events

    def outgoing(self, now_ms):
        """Bytes to send now."""
        self.now_ms = now_ms
        data, self.said = self.said, b""
        for one in self.open:
            if one[2] is None or now_ms - one[2] >= AGAIN_MS:
                one[2] = now_ms
                data += frame(PUT, one[0])
        if self.beat_ms is None or now_ms - self.beat_ms >= BEAT_MS:
            self.beat_ms = now_ms
            data += frame(BEAT, b"")
        return data

    def _take(self, events):
        """Take one frame, or one byte that begins none; False where more is wanted."""
        if len(self.held) < FRAME:
            return False
        count = self.held[1]
        if self.held[0] != STX or count > MOST_BODY:
            self.held = self.held[1:]
            return True
        if len(self.held) < FRAME + count:
            return False
        whole = self.held[: FRAME + count]
        if checksum(whole[:-4]) != whole[-4:]:
            self.held = self.held[1:]
            return True
        self.held = self.held[FRAME + count :]
        self.heard_ms = self.now_ms
        self._hear(whole[2], whole[3:-4], events)
        return True

    def _hear(self, kind, body, events):
        if kind == PUT:
            events.append(("put", body))
        elif kind in (ASK, ROW):
            events.append(("ask" if kind == ASK else "row", body))
        elif kind == ANSWER and len(body) == 5 and body[0] < len(VERDICTS):
            for one in self.open:
                if checksum(one[0]) == body[1:]:
                    self.open.remove(one)
                    events.append(("verdict", one[0], VERDICTS[body[0]]))
                    break


def frame(kind, body):
    """Bytes of a frame."""
    data = bytes((STX, len(body), kind)) + body
    return data + checksum(data)


def checksum(data):
    """CRC-32, 4 bytes."""
    return (binascii.crc32(data) & 0xFFFFFFFF).to_bytes(4, "big")
