# SPDX-License-Identifier: Apache-2.0
"""Neighbour: the docks of a bike station on one serial line. Own format, in frames of framing.py.

| body | from | meaning |
|---|---|---|
| `?` | terminal | how are they all? Each second; also says that somebody is there |
| `O` dock u8, hire u32, try u8 | terminal | open the lock; the same three once only, however often |
| `S` dock u8 | terminal | who brought that bike has settled it: it may be hired |
| `D` dock u8, (state u8, bike u32, since u16) .. | docks | that dock and the next ones, 8 at most, and for how many seconds so; 65535: longer |
| `P` dock u8 | docks | somebody has pressed the button at it |

States: EMPTY; LOCKED: a bike that may be hired; RETURNED: one that was brought, nobody has tapped
yet; OPENING: the lock is open, the bike still there; FAULT: the lock does not move. The docks keep
them, so a terminal that was without power asks and knows. An order is said again until its dock
shows it, an OPEN for GIVE_UP_MS at most. All docks of the largest station are less than what is
read in one turn, so that nobody hears old news. Pure (neighbours/line.py).
"""  # noqa: E501 - a table of the documentation

from collections import namedtuple

from firmware.errors import FormatError
from firmware.neighbours import framing

EMPTY, LOCKED, RETURNED, OPENING, FAULT = range(5)
ASK, OPEN, SETTLE, DOCK, PRESSED = b"?OSDP"
MOST_DOCKS, AT_ONCE, ROW = 60, 8, 7
LONGEST_S = 65535
ASK_MS, AGAIN_MS, GIVE_UP_MS, SILENT_MS = 1000, 500, 3000, 3000
SHOWN_BY = {OPEN: (EMPTY, RETURNED, OPENING, FAULT), SETTLE: (EMPTY, LOCKED, OPENING, FAULT)}

# bike: its number, 0 where there is none; since_s: seconds in this state
Dock = namedtuple("Dock", ("state", "bike", "since_s"))


def pack_docks(first, found):
    """Body of a report; found: Dock of `first` and of those behind it, AT_ONCE at most."""
    body = bytes((DOCK, first))
    for one in found:
        since = min(LONGEST_S, one.since_s).to_bytes(2, "big")
        body += bytes((one.state,)) + one.bike.to_bytes(4, "big") + since
    return body


def docks_of(body):
    """[(number, Dock)] of a report. FormatError where it is none."""
    count, rest = divmod(len(body) - 2, ROW)
    if len(body) < 2 or body[0] != DOCK or rest or not 1 <= count <= AT_ONCE:
        raise FormatError("no report of docks")
    if not 1 <= body[1] <= MOST_DOCKS + 1 - count:
        raise FormatError("no dock %d" % body[1])
    found = []
    for number in range(body[1], body[1] + count):
        row = body[2 + ROW * (number - body[1]) :][:ROW]
        bike = int.from_bytes(row[1:5], "big")
        if row[0] > FAULT or (row[0] == EMPTY) != (bike == 0) and row[0] != FAULT:
            raise FormatError("dock %d: state %d with bike %d" % (number, row[0], bike))
        found.append((number, Dock(row[0], bike, int.from_bytes(row[5:], "big"))))
    return found


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
        self.orders = []  # [body, first turn with it, when it was said last], oldest first
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
            one[1] = now_ms if one[1] is None else one[1]
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
            self.orders.append([body, None, None])

    def _hear(self, body, events):
        if body[0] == PRESSED:
            events.append(("pressed", pressed_of(body)))
        else:
            for number, dock in docks_of(body):
                self.found[number] = dock
                self.orders = [one for one in self.orders if not _shown(one, number, dock)]
        self.heard_ms = self.now_ms


def _shown(order, number, dock):
    """True when a dock's report says that an order was carried out."""
    body, _, said_ms = order
    return said_ms is not None and body[1] == number and dock.state in SHOWN_BY[body[0]]
