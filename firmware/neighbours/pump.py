# SPDX-License-Identifier: Apache-2.0
"""A fuel or gas pump on a serial line: what it says and is told, and one dialect of it.

China has no public text of how pumps speak; the states are those that forecourt controllers have
in common. The frames are OUR OWN, a seam: another dialect is another class with the calls of
PumpLink (docs/fuel.md). 9600 8N1; we ask, the pump answers each question with a STATUS.

| offset | size | meaning |
|---|---|---|
| 0 | 1 | F5 |
| 1 | 1 | n, bytes of the body, 0..64 |
| 2 | 1 | number of the question, 1..255; an answer bears that of its question |
| 3 | 1 | kind: 1 ASK, 2 LIMIT, 3 RELEASE, 4 STOP, 5 CLEAR; 81 STATUS |
| 4 | n | LIMIT: order (4), fen (4); RELEASE: order; CLEAR: sale; STATUS: as of STATUS below |
| 4 + n | 4 | CRC-32 of all before |

`order` is our number of what was frozen; the pump keeps it with its limit and says it with the
sale, over a power cut too, so a sale always finds its card. A pump pours only behind a RELEASE of
the order whose LIMIT it has answered, and closes its valve at that limit by itself. A sale stands
in STATUS until its CLEAR. Pure (neighbours/line.py).
"""

import binascii
from collections import namedtuple

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import U8, U32

MARK, MOST_BODY, AROUND = 0xF5, 64, 8
ASK, LIMIT, RELEASE, STOP, CLEAR, TOLD = 1, 2, 3, 4, 5, 0x81
# lifted: the nozzle is out and waits; filling: until it hangs again; filled: a sale waits
IDLE, LIFTED, RELEASED, FILLING, FILLED, FAULT = 0, 1, 2, 3, 4, 5
POURS = (RELEASED, FILLING, FILLED)  # of whoever was released
LITRES, KILOGRAMS = 0, 1
STATUS = (
    ("state", U8),
    ("unit", U8),
    ("order", U32),  # 0: none
    ("limit_fen", U32),
    ("sale", U32),  # number of the pump's sale, 0 before the first
    ("amount_fen", U32),
    ("quantity", U32),  # ml or g
    ("price_fen", U32),  # a litre or a kilogram
    ("total_fen", U32),  # of all sales, modulo 2 ** 32
    ("total_quantity", U32),
)
Status = namedtuple(
    "Status",
    (
        "state", "unit", "order", "limit_fen", "sale", "amount_fen", "quantity", "price_fen",
        "total_fen", "total_quantity",
    ),
)  # fmt: skip

ASK_MS, AGAIN_MS, SILENT_MS, GIVE_UP_MS = 500, 250, 3000, 5000
MOST_HELD = 512


def frame(number, kind, body=b""):
    """Bytes of a frame."""
    data = bytes((MARK, len(body), number, kind)) + body
    return data + checksum(data)


def checksum(data):
    """CRC-32, 4 bytes."""
    return (binascii.crc32(data) & 0xFFFFFFFF).to_bytes(4, "big")


def status_of(body):
    """Status of a STATUS' body. FormatError for states, units or sums that cannot be."""
    values = fields.unpack(STATUS, body)
    found = Status(*[values[name] for name, _ in STATUS])
    if found.state > FAULT or found.unit > KILOGRAMS:
        raise FormatError("pump: state %d, unit %d" % (found.state, found.unit))
    if found.state == FILLED and not found.sale:
        raise FormatError("pump: a sale without a number")
    # to the fen what quantity and price make, rounded either way
    if abs(found.amount_fen * 1000 - found.quantity * found.price_fen) >= 1000:
        raise FormatError("pump: %d fen for %d" % (found.amount_fen, found.quantity))
    return found


def status_body(status):
    """Bytes of a Status."""
    return fields.pack(STATUS, {name: status[place] for place, (name, _) in enumerate(STATUS)})


class Frames:
    """(number, kind, body) out of a byte stream; less than MOST_HELD bytes are held."""

    def __init__(self):
        self.held = b""

    def feed(self, data):
        """List of the frames that are whole; what is none is passed over byte by byte."""
        self.held = (self.held + bytes(data))[-MOST_HELD:]
        found = []
        while self.held:
            size = self._size()
            if size is None:
                break
            if size:
                found.append((self.held[2], self.held[3], self.held[4 : size - 4]))
            self.held = self.held[size or 1 :]
        return found

    def _size(self):
        """Bytes of the frame that stands here, 0 where none does, None while more is wanted."""
        held = self.held
        if held[0] != MARK or (len(held) > 1 and held[1] > MOST_BODY):
            return 0
        size = AROUND + held[1] if len(held) > 1 else MOST_HELD
        if len(held) < size:
            return None
        return size if checksum(held[: size - 4]) == held[size - 4 : size] else 0


class PumpLink:
    """Our end. Events: ("silent", None), ("heard", None), ("status", Status) for each that is
    another than the one before, ("not_released", order) where the pump has not done it in time.

    `status`: Status heard last, None before; old where `silent`.
    """

    def __init__(self):
        self.frames = Frames()
        self.status = None
        self.silent = True
        self.number = 0  # of the question asked last
        self.heard_ms = None
        self.asked_ms = None
        self.now_ms = 0
        self.wish = None  # (order, fen, when) of who may fill
        self.settled = 0  # sale to be cleared, 0: none
        self.stops = 0  # STOPs still to be said

    @property
    def starting(self):
        """True while the pump has not had the time to answer since we were switched on."""
        return self.status is None and self.now_ms <= SILENT_MS

    def release(self, order, limit_fen):
        """The nozzle that is out now may pour, up to `limit_fen`; forgotten when the pump does not
        do it in GIVE_UP_MS, or is silent: who stands there later is somebody else.
        """
        self.wish = (order, limit_fen, self.now_ms)

    def stop(self):
        """Close the valve; what is released and has not poured is released no more."""
        self.wish, self.stops = None, 3

    def clear(self, sale):
        """This sale is written down: the pump may forget it."""
        self.settled = sale

    def feed(self, data, now_ms):
        """Events in what came; bytes that are none say nothing."""
        self.now_ms, events = now_ms, []
        for number, kind, body in self.frames.feed(data):
            if kind == TOLD and number == self.number:
                self._told(body, events)
        quiet = self.heard_ms is None or now_ms - self.heard_ms > SILENT_MS
        if quiet and not self.silent:
            self.silent = True
            events.append(("silent", None))
        if self.wish and (self.silent or now_ms - self.wish[2] > GIVE_UP_MS):
            events.append(("not_released", self.wish[0]))
            self.stop()  # the answer may be what was lost
        return events

    def _told(self, body, events):
        try:
            status = status_of(body)
        except FormatError:
            return  # as if nobody had spoken
        self.heard_ms = self.now_ms
        if self.silent:
            self.silent = False
            events.append(("heard", None))
        if status != self.status:
            self.status = status
            events.append(("status", status))
        if self.wish and status.order == self.wish[0] and status.state in POURS:
            self.wish = None
        if self.settled and (status.state != FILLED or status.sale != self.settled):
            self.settled = 0

    def outgoing(self, now_ms):
        """Bytes to say now: one question, none while an answer may still come."""
        self.now_ms = now_ms
        kind, body = self._due()
        every_ms = ASK_MS if kind == ASK else AGAIN_MS
        if self.asked_ms is not None and now_ms - self.asked_ms < every_ms:
            return b""
        self.asked_ms = now_ms
        self.number = self.number % 255 + 1
        if kind == STOP:
            self.stops -= 1
        return frame(self.number, kind, body)

    def _due(self):
        """(kind, body) of the question that is next."""
        told = self.status
        if self.silent or told is None:
            return ASK, b""
        if self.stops:
            return STOP, b""
        if self.settled:
            return CLEAR, self.settled.to_bytes(4, "big")
        if not self.wish or told.state != LIFTED:
            return ASK, b""
        order, limit_fen, _ = self.wish
        words = order.to_bytes(4, "big")
        if (told.order, told.limit_fen) != (order, limit_fen):
            return LIMIT, words + limit_fen.to_bytes(4, "big")
        return RELEASE, words
