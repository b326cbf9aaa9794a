# SPDX-License-Identifier: Apache-2.0
"""The on-board unit's side of JT/T 905: a taximeter as a neighbour (line.py, meter.py).

The unit answers and hardly asks: a command of the meter becomes an event, and its answer leaves
when the device says so. E8 has none until trip and payment are stored: the meter sends it again
(TD-053). Of its own the unit sends two queries when the meter is heard of again, status and
tariff. It never writes tariff or clock (TD-051).

Options behind `meter_kind: jtt905`, each what the sources leave open, with the value that can do
least harm:

| option | default | meaning |
|---|---|---|
| heartbeat_ms | 5000 | how often the meter is heard of; silent after more than three of them |
| result | body | answer to a paid trip: 90, pay type, card data; plain: 90 alone |
| times_bytes | 2 | length of the times limit in our answer to E9 |
| time_limit | none | YYYYMMDDhh sent to the meter, but never while it is hired (TD-057) |
| times_limit | 0 | trips the meter may still make, likewise |
"""

from firmware.errors import FormatError
from firmware.neighbours import jtt905, meter

OPTIONS = {
    "heartbeat_ms": "5000",
    "result": "body",
    "times_bytes": "2",
    "time_limit": "0000000000",
    "times_limit": "0",
}
SILENT_BEATS = 3
FLAGS = (("limited", 0x03), ("trips full", 0x04), ("shifts full", 0x08))


def make(text):
    """Isu of `meter_kind: TEXT`; FormatError for options that make no sense."""
    options = meter.options_of(text, OPTIONS)
    for name in ("heartbeat_ms", "times_bytes", "time_limit", "times_limit"):
        if not jtt905.is_digits(options[name]):
            raise FormatError("`meter_kind`: `%s=%s` is no number" % (name, options[name]))
    wide = int(options["times_bytes"])
    fits = len(options["time_limit"]) == 10 and len(options["times_limit"]) <= 2 * wide
    beats = 100 <= int(options["heartbeat_ms"]) <= 60000
    if wide not in (1, 2) or not fits or not beats or options["result"] not in ("body", "plain"):
        raise FormatError("`meter_kind: %s` cannot be: see the options of jtt905" % text)
    return Isu(options)


def trip_of(data):
    """meter.Trip of an E8 body; FormatError when it is none."""
    if len(data) < jtt905.TRIP_BYTES:
        raise FormatError("a trip of %d bytes" % len(data))
    body = bytes(data[: jtt905.TRIP_BYTES])
    values = jtt905.unpack(jtt905.TRIP, body)
    # 0.1 yuan on the meter is 10 fen on the card (terminals.md 4)
    fen = 10 * int(values["amount_jiao"])
    return meter.Trip(values["trip"], body[41:46], fen, meter.BY_JTT905, body)


def totals_of(data):
    """meter.Totals of an E4 body, None when it has another layout."""
    try:
        values = jtt905.unpack(jtt905.SHIFT, data)
    except FormatError:
        return None
    amount_fen, card_fen = 10 * int(values["amount_jiao"]), 10 * int(values["card_jiao"])
    return meter.Totals(int(values["trips"]), amount_fen, int(values["card_trips"]), card_fen)


class Isu:
    """One meter on one line."""

    beats = True

    def __init__(self, options):
        self.reader = jtt905.FrameReader()
        self.queue = meter.Queue()
        self.patience_ms = SILENT_BEATS * int(options["heartbeat_ms"])
        self.result = options["result"]
        wide = int(options["times_bytes"])
        self.down = jtt905.HEARTBEAT_DOWN % wide
        times = options["times_limit"]
        self.times_limit = "0" * (2 * wide - len(times)) + times
        self.time_limit = options["time_limit"]
        self.no_times = "0" * (2 * wide)
        self.licence, self.driver, self.plate = bytes(16), b"0" * 19, b" " * 6
        self.silent = True  # until it was heard
        self.heard_ms = 0
        self.hired = False  # as the last heartbeat said
        self.asked = None  # (trip number, command) of the E8 or F2 that has no answer

    def feed(self, data, now_ms):
        """Events of meter.py."""
        events: list = []
        bad = self.reader.bad
        for frame in self.reader.feed(data, now_ms):
            if frame.kind != jtt905.METER:
                continue  # another device of the bus
            self._heard(now_ms, events)
            take = TAKES.get(frame.command)
            if take:
                take(self, frame, events)
        if self.reader.bad != bad:
            events.append(("told", "bytes that are no frame"))
        if not self.silent and now_ms - self.heard_ms > self.patience_ms:
            self.silent = True  # TD-055
            self.queue.take()  # an answer names no trip: a late one might be taken for the next
            self.asked = None
            events.append(("silent", None))
        return events

    def outgoing(self, now_ms):
        """Bytes to send."""
        return self.queue.take()

    def _heard(self, now_ms, events):
        self.heard_ms = now_ms
        if self.silent:
            self.silent = False
            events.append(("heard", None))
            self._say(jtt905.STATUS)
            self._say(jtt905.TARIFF)

    def _say(self, command, data=b""):
        self.queue.put(jtt905.encode(command, data))

    # --- answers

    def permit(self, what, ok):
        """Answer to "sign_in" or "sign_out": the whole body, done or failed at its end."""
        values = {
            "licence": self.licence,
            "driver": self.driver,
            "plate": self.plate,
            "swiped": "0" * 12,
            "isu_state": 0,
            "time_limit": self.time_limit,
            "times_limit": "0" * (4 - len(self.times_limit)) + self.times_limit,
            "result": 0x90 if ok else 0xFF,
        }
        command = jtt905.OPEN if what == "sign_in" else jtt905.CLOSE
        self._say(command, jtt905.pack(jtt905.ADMISSION, values))

    def stored(self, what, ok):
        """Answer to "signed_in" or "shift"."""
        command = jtt905.OPENED if what == "signed_in" else jtt905.CLOSED
        self._say(command, jtt905.DONE if ok else jtt905.FAILED)

    def settle(self, trip, result, payment):
        """Answer to the trip asked about last, with its payment if that was by card (TD-053).

        The answer names no trip, so nothing is said about one that was not asked about: the meter
        asks again.
        """
        if not self.asked or self.asked[0] != trip.number:
            return
        command, self.asked = self.asked[1], None
        tail, ok = b"", result == meter.SETTLED
        if ok and payment and payment.pay_type != jtt905.CASH and self.result == "body":
            tail = bytes((payment.pay_type,)) + payment.card
        self._say(command, jtt905.DONE + tail if ok else jtt905.FAILED)

    def details(self, trip):
        """Dict of the table TRIP."""
        return jtt905.unpack(jtt905.TRIP, trip.body)

    # --- what the meter says

    def _sign_in(self, frame, events):
        events.append(("sign_in", None))

    def _signed_in(self, frame, events):
        events.append(("signed_in", None))

    def _sign_out(self, frame, events):
        events.append(("sign_out", None))

    def _shift(self, frame, events):
        events.append(("shift", totals_of(frame.data)))

    def _shift_again(self, frame, events):
        self._say(frame.command, jtt905.DONE)
        events.append(("told", "a shift that was closed before, %s" % (totals_of(frame.data),)))

    def _hired(self, frame, events):
        self._say(frame.command, jtt905.DONE)
        events.append(("hired", None))

    def _trip(self, frame, events):
        try:
            trip = trip_of(frame.data)
        except FormatError:
            self._say(frame.command, jtt905.FAILED)  # TD-053
            events.append(("bad_trip", None))
            return
        self.plate = trip.body[:6]
        self.asked = (trip.number, frame.command)
        events.append(("trip_again" if frame.command == jtt905.TRIP_AGAIN else "trip", trip))

    def _beat(self, frame, events):
        try:
            values = jtt905.unpack(jtt905.HEARTBEAT_UP, frame.data)
        except FormatError:
            events.append(("told", "a heartbeat of %d bytes" % len(frame.data)))
            return
        self.licence, self.driver = values["licence"], values["driver"]
        bits = values["state"]
        state = [bool(bits & 1 << place) for place in range(4)]
        if state[0] != self.hired:
            # a meter may call itself hired until the flag is up: only a change is a new trip
            self.hired = state[0]
            events.append(("hired" if self.hired else "vacant", None))
        events.append(("state", meter.State(*state)))
        # TD-057: a limit that falls due on the way must not stop the meter under the rider
        free = not state[0]
        answer = {
            "isu_state": 0,
            "time_limit": self.time_limit if free else "0" * 10,
            "times_limit": self.times_limit if free else self.no_times,
        }
        self._say(jtt905.HEARTBEAT, jtt905.pack(self.down, answer))

    def _status(self, frame, events):
        try:
            values = jtt905.unpack(jtt905.STATUS_REPLY, frame.data)
        except FormatError:
            return
        flags = [word for word, bit in FLAGS if values["state"] & bit]
        text = "%s, trip %d" % (", ".join(flags) or "ok", values["trips"])
        events.append(("told", "meter %s: %s" % (values["device_id"].hex(), text)))

    def _tariff(self, frame, events):
        events.append(("told", "tariff %s" % bytes(frame.data).hex()))


TAKES = {
    jtt905.STATUS: Isu._status,
    jtt905.TARIFF: Isu._tariff,
    jtt905.OPEN: Isu._sign_in,
    jtt905.OPENED: Isu._signed_in,
    jtt905.CLOSE: Isu._sign_out,
    jtt905.CLOSED: Isu._shift,
    jtt905.HIRED: Isu._hired,
    jtt905.TRIP_END: Isu._trip,
    jtt905.HEARTBEAT: Isu._beat,
    jtt905.SHIFT_AGAIN: Isu._shift_again,
    jtt905.TRIP_AGAIN: Isu._trip,
}
