# SPDX-License-Identifier: Apache-2.0
"""How a virtual meter puts things on the wire: JT/T 905, or the framing before it (sim/meter.py).

One class a framing: it makes frames of what the meter says, and reads what the terminal says as
(word, done, rest): word of the request that is answered, or `query` with the frame as rest.
"""

from firmware.neighbours import jtt905, meter_bf

WORDS = {
    jtt905.OPEN: "sign_in",
    jtt905.OPENED: "opened",
    jtt905.CLOSE: "sign_out",
    jtt905.CLOSED: "shift",
    jtt905.HIRED: "hired",
    jtt905.TRIP_END: "trip",
    jtt905.TRIP_AGAIN: "trip_again",
}


def _trip_values(meter, amount_jiao):
    on = meter.hired_since
    minutes = meter.waiting_minutes
    return {
        "plate": meter.plate,
        "driver": meter.driver,
        "on": on.strftime("%y%m%d%H%M"),
        "off": meter.clock.strftime("%H%M"),
        "distance_hm": f"{meter.distance_hm:06d}",
        "empty_hm": f"{meter.empty_hm:04d}",
        "waiting": f"{minutes // 60:02d}{minutes % 60:02d}",
        "amount_jiao": f"{amount_jiao:06d}",
        "trip": meter.trip_number,
        "pay_type": jtt905.CASH,
    }


def _frame(command, data=b""):
    return jtt905.encode(command, data, kind=jtt905.METER)


class Jtt905Line:
    """terminals.md 4; the layouts that it leaves open are those of neighbours/jtt905.py."""

    beat_every_ms = 5000
    closes = "shift"  # the request whose answer ends a shift
    no_means_again = False

    def __init__(self):
        self.reader = jtt905.FrameReader()

    def sign_in(self, meter):
        return _frame(jtt905.OPEN)

    def opened(self):
        return _frame(jtt905.OPENED)

    def sign_out(self, meter):
        return _frame(jtt905.CLOSE)

    def shift(self, meter):
        trips, jiao, card_trips, card_jiao = meter.totals()
        values = {
            "driver": meter.driver,
            "plate": meter.plate,
            "on": meter.began.strftime("%Y%m%d%H%M"),
            "off": meter.clock.strftime("%Y%m%d%H%M"),
            "trips": f"{trips:04d}",
            "amount_jiao": f"{jiao:06d}",
            "card_trips": f"{card_trips:04d}",
            "card_jiao": f"{card_jiao:06d}",
        }
        return _frame(jtt905.CLOSED, jtt905.pack(jtt905.SHIFT, values))

    def hired(self, meter):
        return _frame(jtt905.HIRED, bytes.fromhex(meter.clock.strftime("%Y%m%d%H%M%S")))

    def trip_body(self, meter, amount_jiao):
        return jtt905.pack(jtt905.TRIP, _trip_values(meter, amount_jiao))

    def trip(self, body):
        return _frame(jtt905.TRIP_END, body)

    def trip_again(self, body):
        return _frame(jtt905.TRIP_AGAIN, body)

    def heartbeat(self, meter):
        state = (1 if meter.hired_since else 0) | (2 if meter.signed_in else 0)
        values = {"state": state, "driver": meter.driver}
        return _frame(jtt905.HEARTBEAT, jtt905.pack(jtt905.HEARTBEAT_UP, values))

    def answer(self, meter, frame):
        """Answer to a query; queries that would write are passed over, as by a sealed meter."""
        if frame.command != jtt905.STATUS:
            return b""
        values = {"device_id": bytes(range(1, 6)), "plate": meter.plate, "driver": meter.driver}
        values["trips"] = meter.trip_number - 1
        return _frame(jtt905.STATUS, jtt905.pack(jtt905.STATUS_REPLY, values))

    def answers_to(self, word):
        """Requests that an answer of this word may be for."""
        return (word,)

    def read(self, data, now_ms):
        """[(word, done, rest)]"""
        found = []
        for frame in self.reader.feed(data, now_ms):
            if frame.kind != jtt905.ISU or frame.command == jtt905.HEARTBEAT:
                continue
            word = WORDS.get(frame.command)
            if word is None:
                found.append(("query", True, frame))
            elif word in ("sign_in", "sign_out"):
                found.append((word, frame.data[-1:] == jtt905.DONE, b""))
            else:
                found.append((word, frame.data[:1] == jtt905.DONE, frame.data[1:]))
        return found


class OlderLine:
    """BF 02 .. BF 03: an answer is BF 06 or BF 15 and says not to what."""

    beat_every_ms = 0
    closes = "sign_out"
    no_means_again = True

    def __init__(self):
        self.rest = b""

    def sign_in(self, meter):
        return meter_bf.encode(meter_bf.SIGN_IN)

    def opened(self):
        return b""

    def sign_out(self, meter):
        return meter_bf.encode(meter_bf.SIGN_OUT)

    def shift(self, meter):
        return b""

    def hired(self, meter):
        return meter_bf.encode(meter_bf.HIRED)

    def trip_body(self, meter, amount_jiao):
        return jtt905.pack(meter_bf.BODY, _trip_values(meter, amount_jiao))

    def trip(self, body):
        return meter_bf.encode(meter_bf.TRIP, body)

    trip_again = trip

    def heartbeat(self, meter):
        return b""

    def answer(self, meter, frame):
        return b""

    def answers_to(self, word):
        """Any request: the answer names none."""
        return ("sign_in", "sign_out", "hired", "trip", "trip_again")

    def read(self, data, now_ms):
        """[(word, done, rest)]; one answer a request, whatever stands between."""
        self.rest = (self.rest + data)[-64:]
        found = []
        while True:
            places = [(self.rest.find(one), one) for one in (meter_bf.ACK, meter_bf.NAK)]
            places = [(at, one) for at, one in places if at >= 0]
            if not places:
                return found
            at, one = min(places)
            self.rest = self.rest[at + 2 :]
            found.append(("answer", one == meter_bf.ACK, b""))


LINES: dict[str, type[Jtt905Line] | type[OlderLine]] = {"jtt905": Jtt905Line, "bf": OlderLine}
