# SPDX-License-Identifier: Apache-2.0
"""Neighbour: the docks of a bike station on one serial line. Own format, in frames of framing.py.

| body | from | meaning |
|---|---|---|
| `?` | terminal | how are they all? Each second; also says that somebody is there |
| `O` dock u8, hire u32, try u8 | terminal | open the lock; the same three once only, however often |
| `S` dock u8 | terminal | who brought that bike has settled it: it may be hired |
| `D` dock u8, state u8, bike u32, since u16 | docks | a dock, and for how many seconds so; 65535: longer |
| `P` dock u8 | docks | somebody has pressed the button at it |

States: EMPTY; LOCKED: a bike that may be hired; RETURNED: one that was brought, nobody has tapped
yet; OPENING: the lock is open, the bike still there; FAULT: the lock does not move. The docks keep
them, so a terminal that was without power asks and knows. An order is said again until its dock
shows it, an OPEN for GIVE_UP_MS at most. Pure (neighbours/line.py).
"""  # noqa: E501 - a table of the documentation

from collections import namedtuple

from firmware.errors import FormatError
from firmware.neighbours import framing

EMPTY, LOCKED, RETURNED, OPENING, FAULT = range(5)
ASK, OPEN, SETTLE, DOCK, PRESSED = b"?OSDP"
MOST_DOCKS = 60
LONGEST_S = 65535
ASK_MS, AGAIN_MS, GIVE_UP_MS, SILENT_MS = 1000, 500, 3000, 3000
SHOWN_BY = {OPEN: (EMPTY, RETURNED, OPENING, FAULT), SETTLE: (EMPTY, LOCKED, OPENING, FAULT)}

# bike: its number, 0 where there is none; since_s: seconds in this state
Dock = namedtuple("Dock", ("state", "bike", "since_s"))


def pack_dock(number, dock):
    """Body of a report."""
    rest = dock.bike.to_bytes(4, "big") + min(LONGEST_S, dock.since_s).to_bytes(2, "big")
    return bytes((DOCK, number, dock.state)) + rest


def dock_of(body):
    """(number, Dock) of a report. FormatError where it is none."""
    if len(body) != 9 or body[0] != DOCK or not 1 <= body[1] <= MOST_DOCKS or body[2] > FAULT:
        raise FormatError("no report of a dock")
    bike = int.from_bytes(body[3:7], "big")
    if (body[2] == EMPTY) != (bike == 0) and body[2] != FAULT:
        raise FormatError("dock %d: state %d with bike %d" % (body[1], body[2], bike))
    return body[1], Dock(body[2], bike, int.from_bytes(body[7:9], "big"))


def pressed_of(body):
    """Number of the dock whose button was pressed. FormatError."""
    if len(body) != 2 or body[0] != PRESSED or not 1 <= body[1] <= MOST_DOCKS:
        raise FormatError("no button of a dock")
    return body[1]


def order_of(body):
    """(kind, dock, hire, try) of an order, 0 for what it does not name. FormatError."""
    if body == bytes((ASK,)):
        return ASK, 0, 0, 0
    if len(body) == 2 and body[0] == SETTLE:
        return SETTLE, body[1], 0, 0
    if len(body) == 7 and body[0] == OPEN:
        return OPEN, body[1], int.from_bytes(body[2:6], "big"), body[6]
    raise FormatError("no order")


class Docks:
    """The terminal's end. Events: ("pressed", dock), ("deaf", dock, hire), ("bad", why).

    `found`: {number: Dock} as they said last.
    """

    def __init__(self):
        self.frames = framing.Frames()
        self.found = {}
        self.orders = []  # [body, when it was given, when it was said last], oldest first
        self.heard_ms = self.asked_ms = None
        self.now_ms = 0

    @property
    def silent(self):
        """True while nothing has come for SILENT_MS."""
        return self.heard_ms is None or self.now_ms - self.heard_ms > SILENT_MS

    def open(self, dock, hire, tries):
        """Let the bike of a hire go."""
        self._order(bytes((OPEN, dock)) + hire.to_bytes(4, "big") + bytes((tries & 0xFF,)))

    def settle(self, dock):
        """The bike in it may be hired again."""
        self._order(bytes((SETTLE, dock)))

    def feed(self, data, now_ms):
        """Events in what came."""
        self.now_ms = now_ms
        events = []
        for body in self.frames.feed(data):
            try:
                self._hear(body, events)
            except FormatError as wrong:
                events.append(("bad", str(wrong)))
        for one in tuple(self.orders):
            if one[0][0] == OPEN and now_ms - one[1] > GIVE_UP_MS:
                self.orders.remove(one)
                events.append(("deaf",) + order_of(one[0])[1:3])
        return events

    def outgoing(self, now_ms):
        """Bytes to send now."""
        self.now_ms = now_ms
        data = b""
        for one in self.orders:
            if one[2] is None or now_ms - one[2] >= AGAIN_MS:
                one[2] = now_ms
                data += framing.pack(one[0])
        if self.asked_ms is None or now_ms - self.asked_ms >= ASK_MS:
            self.asked_ms = now_ms
            data += framing.pack(bytes((ASK,)))
        return data

    def _order(self, body):
        if body not in [one[0] for one in self.orders]:
            self.orders.append([body, self.now_ms, None])

    def _hear(self, body, events):
        if body[0] == PRESSED:
            events.append(("pressed", pressed_of(body)))
        else:
            number, dock = dock_of(body)
            self.found[number] = dock
            kept = []
            for one in self.orders:
                same, said = one[0][1] == number, one[2] is not None
                if not (same and said and dock.state in SHOWN_BY[one[0][0]]):
                    kept.append(one)
            self.orders = kept
        self.heard_ms = self.now_ms
