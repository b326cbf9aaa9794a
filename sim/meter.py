# SPDX-License-Identifier: Apache-2.0
"""A virtual taximeter: what a driver does with it, and its side of the line; no I/O, no clock.

    meter = Meter("jtt905", start=datetime(2026, 11, 22, 8, 0))
    meter.do("in"); meter.do("hire"); meter.do("drive 5.2"); meter.do("stop")
    meter.feed(data, now_ms) -> events; meter.outgoing(now_ms) -> bytes

It says one thing at a time and says it again until it is answered, as meters do; heartbeats go on
beside that. Its day is simulated: `drive` and `wait` move its clock at once. The tariff is its
own: 10 yuan for 3 km, then 1 yuan for each begun half kilometre, 0.5 yuan for each minute of
waiting.

Events are pairs (word, value): signed_in, signed_out: True or False; paid, refused: Ended; again:
the request that is to be said once more; heard: an answer nobody waits for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from firmware.errors import FormatError
from firmware.neighbours import jtt905
from sim.meter_lines import LINES, Jtt905Line, OlderLine

FLAG_JIAO, FLAG_HM, STEP_JIAO, STEP_HM, MINUTE_JIAO = 100, 30, 10, 5, 5
KM_MINUTES = 2  # a kilometre of driving
REPEAT_MS = 2000
FAULTS = ("xor", "cut", "doubled", "noise")


class MeterBusy(FormatError):
    """A command at the wrong moment: said to whoever gave it."""


@dataclass
class Ended:
    """A trip that has ended. paid_by: pay type of the answer, None until there is one."""

    number: int
    amount_jiao: int
    body: bytes
    paid_by: int | None = None
    refused: bool = False
    card: bytes = b""


def fare_jiao(distance_hm, waiting_minutes):
    """What this meter asks for."""
    steps = -(-max(0, distance_hm - FLAG_HM) // STEP_HM)
    return FLAG_JIAO + STEP_JIAO * steps + MINUTE_JIAO * waiting_minutes


class Meter:
    """kind: a key of meter_lines.LINES; start: its clock; first: number of its first trip."""

    def __init__(self, kind="jtt905", start=datetime(2026, 11, 22, 8, 0), first=1, plate="AA3333"):
        self.line: Jtt905Line | OlderLine = LINES[kind]()
        self.clock = start
        self.plate = plate.encode("ascii")
        self.driver = b"TEST00000000000001\0"
        self.trip_number = first
        self.signed_in = False
        self.hired_since = None
        self.distance_hm = self.waiting_minutes = self.empty_hm = 0
        self.requests = []  # (word, frame, what belongs to it), the first one on its way
        self.sent_ms = None  # when the first one was said last; None: not yet
        self.beat_ms = None
        self.unanswered = b""  # answers to what the terminal asked
        self.trips = []  # Ended, of this shift
        self.silent = False
        self.faults = []  # of FAULTS, for the next things said
        self.began = start

    # --- what the driver does

    def do(self, text):
        """One command of a script. MeterBusy at the wrong moment, FormatError for what is none."""
        word, _, rest = text.strip().partition(" ")
        take = getattr(self, "_do_" + word, None)
        if take is None:
            raise FormatError(f"`{text}` is no command of the meter")
        take(rest.strip())

    def _do_in(self, _):
        if self.signed_in:
            raise MeterBusy("a driver is signed in")
        self._ask("sign_in", self.line.sign_in(self))

    def _do_out(self, _):
        if not self.signed_in or self.hired_since:
            raise MeterBusy(
                "nobody is signed in" if not self.signed_in else "a rider is in the car"
            )
        self._ask("sign_out", self.line.sign_out(self))

    def _do_hire(self, _):
        if not self.signed_in or self.hired_since:
            raise MeterBusy("not signed in" if not self.signed_in else "hired already")
        self.hired_since = self.clock
        self.distance_hm = self.waiting_minutes = 0
        self._ask("hired", self.line.hired(self))

    def _do_drive(self, rest):
        try:
            hectometres = round(float(rest or "1") * 10)
        except ValueError:
            raise FormatError(f"`drive {rest}`: kilometres wanted") from None
        if not 0 < hectometres <= 9999:
            raise FormatError(f"`drive {rest}`: 0.1 to 999.9 km")
        self.clock += timedelta(minutes=KM_MINUTES * hectometres / 10)
        if self.hired_since:
            self.distance_hm += hectometres
        else:
            self.empty_hm = (self.empty_hm + hectometres) % 10000

    def _do_wait(self, rest):
        if not (rest or "1").isascii() or not (rest or "1").isdigit() or len(rest) > 3:
            raise FormatError(f"`wait {rest}`: minutes wanted")
        minutes = int(rest or "1")
        self.clock += timedelta(minutes=minutes)
        if self.hired_since:
            self.waiting_minutes += minutes

    def _do_stop(self, _):
        if not self.hired_since:
            raise MeterBusy("nobody is in the car")
        amount = fare_jiao(self.distance_hm, self.waiting_minutes)
        body = self.line.trip_body(self, amount)
        trip = Ended(self.trip_number, amount, body)
        self.trips.append(trip)
        self.trip_number += 1
        self.hired_since, self.empty_hm = None, 0
        self._ask("trip", self.line.trip(body), trip)

    def _do_resend(self, _):
        """The last trip once more, as one that was not delivered when it ended."""
        if not self.trips:
            raise MeterBusy("there was no trip")
        self._ask("trip_again", self.line.trip_again(self.trips[-1].body), self.trips[-1])

    def _do_fault(self, rest):
        if rest not in FAULTS:
            raise FormatError(f"`fault {rest}` is none of {', '.join(FAULTS)}")
        self.faults.append(rest)

    def _do_silent(self, rest):
        if rest not in ("on", "off"):
            raise FormatError("`silent on` or `silent off`")
        self.silent = rest == "on"

    # --- the line

    def feed(self, data, now_ms):
        """Events of what the terminal has said."""
        if self.silent:
            return []  # unplugged: it hears nothing either
        events = []
        for word, ok, rest in self.line.read(data, now_ms):
            self._heard(word, ok, rest, events)
        return events

    def _heard(self, word, ok, rest, events):
        if word == "query":
            self.unanswered += self.line.answer(self, rest)
            return
        if not self.requests or self.requests[0][0] not in self.line.answers_to(word):
            events.append(("heard", word))
            return
        self.sent_ms = None
        if not ok and self.line.no_means_again:
            events.append(("again", self.requests[0][0]))
            return
        asked, _, trip = self.requests.pop(0)
        if asked in ("trip", "trip_again"):
            trip.refused, trip.card = not ok, rest[1:]
            trip.paid_by = (rest[0] if rest else jtt905.CASH) if ok else None
            events.append(("paid" if ok else "refused", trip))
        elif asked == "sign_in" and ok:
            self._shift_begins(events)
        elif asked == "sign_out" and ok:
            self._ask_next("shift", self.line.shift(self))
        if asked in ("sign_in", "sign_out") and not ok:
            events.append(("signed_in" if asked == "sign_in" else "signed_out", False))
        if asked == self.line.closes and ok:
            self.signed_in = False
            events.append(("signed_out", True))

    def _shift_begins(self, events):
        self.signed_in, self.began, self.trips = True, self.clock, []
        opened = self.line.opened()
        if opened:
            self._ask_next("opened", opened)
        events.append(("signed_in", True))

    def outgoing(self, now_ms):
        """Bytes to say now: answers, the heartbeat that is due, the request that waits."""
        data, self.unanswered = self.unanswered, b""
        if self.line.beat_every_ms and (
            self.beat_ms is None or now_ms - self.beat_ms >= self.line.beat_every_ms
        ):
            self.beat_ms = now_ms
            data += self._spoiled(self.line.heartbeat(self))
        if self.requests and (self.sent_ms is None or now_ms - self.sent_ms >= REPEAT_MS):
            self.sent_ms = now_ms
            data += self._spoiled(self.requests[0][1])
        return b"" if self.silent else data

    def _spoiled(self, frame):
        """A frame with the next fault of the list."""
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "xor":
            return frame[:-3] + bytes((frame[-3] ^ 0x40,)) + frame[-2:]
        if fault == "cut":
            return frame[: len(frame) // 2]
        if fault == "doubled":
            return frame + frame
        return b"\x55\xaa\x00\x55\xbf\x02" + frame if fault == "noise" else frame

    def _ask(self, word, frame, about=None):
        if frame:
            self.requests.append((word, frame, about))

    def _ask_next(self, word, frame):
        if frame:
            self.requests.insert(0, (word, frame, None))

    # --- what it counted

    def totals(self):
        """(trips, jiao, card trips, card jiao) of the shift, as it knows them."""
        cards = [one for one in self.trips if one.paid_by not in (None, jtt905.CASH)]
        return (
            len(self.trips),
            sum(one.amount_jiao for one in self.trips),
            len(cards),
            sum(one.amount_jiao for one in cards),
        )
