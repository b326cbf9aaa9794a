# SPDX-License-Identifier: Apache-2.0
"""The stop announcer of a bus: where it is, said at each stop and again every few seconds.

Announcers have no common protocol; each maker prints his own. This one has what they share: a
mark, a length, a sum (framing.py), and a body of

    kind u8 | line u16 | direction u8 | stop u16        big-endian

    kind       01 arrives at the stop, 02 has left it, 03 still as said before
    direction  1 out, 2 back;  stop  counted from 1 in the order of the line when going out

Another maker's box is another file with the same events. Nothing is sent to it.
"""

from collections import namedtuple

from firmware.neighbours import framing

BAUD = 9600
ARRIVES, LEFT, STAYS = 1, 2, 3
SILENT_MS = 20000  # without a good frame: nobody knows where the bus is
BODY_BYTES = 6

# left: True once the bus has left the stop
Announced = namedtuple("Announced", ("line", "direction", "stop", "left"))


def pack(kind, line, direction, stop):
    """A frame of an announcer: for the simulated one and for tests."""
    numbers = line.to_bytes(2, "big") + bytes((direction,)) + stop.to_bytes(2, "big")
    return framing.pack(bytes((kind,)) + numbers)


class Announcer:
    """What the announcer says; `place` is the last Announced, None while it is silent."""

    def __init__(self):
        self.frames = framing.Frames()
        self.place = None
        self.heard_ms = 0
        self.refused = 0  # frames whose numbers cannot be

    def feed(self, data, now_ms):
        """[Announced or None]: each change of place; None once when it has fallen silent."""
        events = []
        for body in self.frames.feed(data):
            place = _place(body)
            if place is None:
                self.refused += 1
                continue
            self.heard_ms = now_ms
            if body[0] == STAYS and self.place and self.place[:3] == place[:3]:
                continue
            if place != self.place:
                self.place = place
                events.append(place)
        if self.place and now_ms - self.heard_ms >= SILENT_MS:
            self.place = None
            events.append(None)
        return events

    def outgoing(self, now_ms):
        """Nothing: an announcer is listened to."""
        return b""


def _place(body):
    """Announced of a body, None for one that says nothing that can be."""
    if len(body) != BODY_BYTES or body[0] not in (ARRIVES, LEFT, STAYS):
        return None
    line, direction = int.from_bytes(body[1:3], "big"), body[3]
    stop = int.from_bytes(body[4:6], "big")
    if not line or direction not in (1, 2) or not stop:
        return None
    return Announced(line, direction, stop, body[0] == LEFT)
