# SPDX-License-Identifier: Apache-2.0
"""Taximeters from before JT/T 905: `BF 02 cmd data XOR BF 03`, 2400 baud, as a neighbour.

The meter speaks, we answer BF 06 (done) or BF 15 (failed, say it again). There is no length and no
heartbeat: a frame ends at the first BF 03 whose check is right, and a trip has 60 bytes. That such
a meter is silent cannot be told from one that has nothing to say (TD-055).

What terminals.md leaves open, and what is taken here: the check goes over command and data
(`xor=stx`: from 02 on); the 60 bytes of a trip are those of E8 without its plate, in that order.
"""

from firmware.errors import FormatError
from firmware.neighbours import jtt905, meter

START, END, ACK, NAK = b"\xbf\x02", b"\xbf\x03", b"\xbf\x06", b"\xbf\x15"
HIRED, STOP, VACANT, TRIP, SIGN_IN, SIGN_OUT = 0x30, 0x32, 0x34, 0x36, 0x3A, 0x3C
TRIP_BYTES = 60
MOST_BYTES = 2 + 1 + 64 + 1 + 2
GAP_MS = 1000
BODY = jtt905.TRIP[jtt905.TRIP.find("licence") :]
OPTIONS = {"xor": "command"}


def make(text):
    """OlderMeter of `meter_kind: TEXT`."""
    options = meter.options_of(text, OPTIONS)
    if options["xor"] not in ("command", "stx"):
        raise FormatError("`meter_kind: %s`: `xor` is neither command nor stx" % text)
    return OlderMeter(options["xor"] == "stx")


def encode(command, data=b"", from_stx=False):
    """Bytes of a frame."""
    inner = bytes((command,)) + bytes(data)
    check = jtt905.xor_of(inner) ^ (START[1] if from_stx else 0)
    return START + inner + bytes((check,)) + END


def trip_of(data):
    """meter.Trip of a trip's data; FormatError when it is none."""
    if len(data) != TRIP_BYTES:
        raise FormatError("a trip of %d bytes" % len(data))
    values = jtt905.unpack(BODY, data)
    fen = 10 * int(values["amount_jiao"])
    return meter.Trip(values["trip"], bytes(data[35:40]), fen, meter.BY_BF, bytes(data))


class OlderMeter:
    """One meter on one line; events and answers as in meter.py."""

    beats = False
    silent = False
    driver = b""

    def __init__(self, from_stx=False):
        self.from_stx = from_stx
        self.buffer = b""
        self.latest_ms = 0
        self.queue = meter.Queue()
        self.asked = None
        self.done = []  # events that follow from a permission

    def feed(self, data, now_ms):
        """Events of meter.py."""
        events, self.done = self.done, []
        if self.buffer and now_ms - self.latest_ms >= GAP_MS:
            if self.buffer.startswith(START):
                self.queue.put(NAK)
            while self.buffer:  # its rest will not come: perhaps a whole one stands inside
                self.buffer = self.buffer[1:]
                self._scan(events)
        if data:
            self.latest_ms = now_ms
            self.buffer += bytes(data)
            self._scan(events)
        return events

    def _scan(self, events):
        size = 1
        while size:
            frame, size = self._next()
            self.buffer = self.buffer[size:]
            if frame:
                self._take(frame[0], frame[1:], events)

    def outgoing(self, now_ms):
        """Bytes to send."""
        return self.queue.take()

    def permit(self, what, ok):
        """Answer to "sign_in" or "sign_out"; there is no second frame: what may be is done."""
        self.queue.put(ACK if ok else NAK)
        if ok:
            self.done.append(("signed_in" if what == "sign_in" else "shift", None))

    def stored(self, what, ok):
        """This framing says it once: permit() was the answer."""

    def settle(self, trip, result, payment):
        """BF 06 for a trip that is over, paid or not, BF 15 for one to be sent again: there is no
        place for more.
        """
        if self.asked == trip.number:
            self.asked = None
            self.queue.put(NAK if result == meter.FAILED else ACK)

    def details(self, trip):
        """Dict by the names of jtt905.TRIP, without the plate."""
        return jtt905.unpack(BODY, trip.body)

    def _take(self, command, data, events):
        if command == TRIP:
            try:
                trip = trip_of(data)
            except FormatError:
                self.queue.put(NAK)
                events.append(("bad_trip", None))
                return
            self.asked = trip.number
            events.append(("trip", trip))
        elif command == STOP:
            self.queue.put(ACK)
            events.append(("told", "stopped"))
        elif command in WORDS:
            events.append((WORDS[command], None))
            if command not in (SIGN_IN, SIGN_OUT):
                self.queue.put(ACK)

    def _next(self):
        """(command and data, or None; bytes done with; 0: more have to come)."""
        buffer = self.buffer
        start = buffer.find(START)
        if start < 0:
            return None, len(buffer) - (1 if buffer.endswith(START[:1]) else 0)
        if start:
            return None, start
        end = buffer.find(END, 4)
        while 0 <= end <= MOST_BYTES:
            inner = buffer[2 : end - 1]
            check = jtt905.xor_of(inner) ^ (START[1] if self.from_stx else 0)
            whole = inner[:1] != bytes((TRIP,)) or len(inner) == 1 + TRIP_BYTES
            if check == buffer[end - 1] and whole:
                return inner, end + 2
            end = buffer.find(END, end + 1)
        if len(buffer) < MOST_BYTES and end < 0:
            return None, 0
        self.queue.put(NAK)
        return None, 1


WORDS = {
    HIRED: "hired",
    VACANT: "vacant",
    SIGN_IN: "sign_in",
    SIGN_OUT: "sign_out",
}
