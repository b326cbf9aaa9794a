# SPDX-License-Identifier: Apache-2.0
"""A taxi on the stage: the virtual meter of sim/meter.py, its driver with a console, and riders.

Settings that go with it: meter: serial:meter, console: serial:console; meter_kind chooses the
framing. The driver does one thing after another: whoever wants a ride meanwhile waits for it.
"""

from firmware.neighbours import jtt905
from sim.beside import Beside
from sim.meter import KM_MINUTES, Meter
from sim.taxi_balance import Shift, taxi_balance

LOOK_MS = 200  # how often the driver looks at the meter
SIGN_MS = 20000  # until a driver gives up signing in or out
SEARCH_MS = 2500  # the rider looks for his card
PRINT_MS = 1500  # from the result to the meter's answer
DECIDE_MS = 15000  # a driver presses again when a key has not helped
SETTLE_MS = 120000  # a torn trip is decided by its time, then by the driver
DRIVER = "TEST%014d"


def _paid(trip):
    way = "in cash" if trip.paid_by == jtt905.CASH else "by card"
    return f"trip {trip.number}: {trip.amount_jiao / 10:.2f} paid {way}"


SAYS = {  # event of sim/meter.py -> text of its value
    "signed_in": lambda ok: "driver signed in" if ok else "sign-in refused",
    "signed_out": lambda ok: "driver signed out" if ok else "sign-out refused",
    "paid": _paid,
    "refused": lambda trip: f"trip {trip.number}: {trip.amount_jiao / 10:.2f} not paid",
}


class StageMeter:
    """The meter at its end of the line. Its clock is that of the world, driving takes its time
    there, and what its line tells is kept: `told`, pairs (word, value) of sim/meter.py.
    """

    def __init__(self, meter, local, tell):
        """local() -> datetime without offset; tell(text): what it is told, for onlookers."""
        self.meter = meter
        self.tell = tell
        self.local = local
        self.told = []

    def do(self, command):
        """What the driver does with it; MeterBusy at the wrong moment."""
        self.meter.clock = self.local()
        self.meter.do(command)
        self.meter.clock = self.local()  # driving has moved it, and the world as well

    def feed(self, data, now_ms):
        self.meter.clock = self.local()
        for word, value in self.meter.feed(data, now_ms):
            self.told.append((word, value))
            if word in SAYS:
                self.tell(SAYS[word](value))

    def outgoing(self, now_ms):
        self.meter.clock = self.local()
        return self.meter.outgoing(now_ms)


class BesideTaxi(Beside):
    """One taxi; `ended`: what the meter knows of each trip; `shifts`: what it counted in each."""

    def __init__(self, play):
        super().__init__(play)
        kind = play.scenario.settings.get("meter_kind", "jtt905").split()[0]
        self.meter = Meter(kind, self._local())
        self.line = StageMeter(self.meter, self._local, lambda text: self.tell("meter", text))
        self.world.lines.peers["meter"] = self.line
        self.ended: list = []
        self.shifts: list = []
        self.jobs: list = []  # generators of the driver, one after the other
        self.at_work = False

    def _local(self):
        return self.play.local().replace(tzinfo=None)

    def verbs(self):
        return {
            **super().verbs(),
            "sign_in": self.sign_in,
            "sign_out": lambda: self._job(self._sign_out()),
            "meter": self.handle,
            "trip": self.trip,
        }

    def sign_in(self, driver=1):
        """A driver signs in at the meter; driver: his number."""
        self._job(self._sign_in(driver))

    def trip(self, card="", hm=50, waiting=0, pays="card", note="", **how):
        """A ride of so many hectometres and minutes of waiting; at its end a card, `cash`, or a
        rider who pays `nothing`.
        """
        self._job(self._trip(card, hm, waiting, pays, dict(how, note=note)))

    def handle(self, text):
        """Something is done to the meter: a command of sim/meter.py."""
        self.line.do(text)

    def _job(self, steps):
        self.jobs.append(steps)
        if not self.at_work:
            self.at_work = True
            self.world.spawn(self._work())

    def _work(self):
        while self.jobs:
            yield from self.jobs.pop(0)
        self.at_work = False

    # --- the driver

    def _sign_in(self, driver):
        self.meter.driver = (DRIVER % driver).encode() + b"\0"
        yield from self._asked("in", SIGN_MS)
        if not self.meter.signed_in:
            self._wrong("nobody is signed in")

    def _sign_out(self):
        begun, totals = self.meter.began, self.meter.totals()
        yield from self._asked("out", SIGN_MS)
        if self.meter.signed_in:
            self._wrong("the driver is still signed in")
        else:
            self.shifts.append(Shift(begun, totals))

    def _asked(self, command, limit_ms):
        """Do it, and wait until the terminal has answered all that the meter asks."""
        self.line.do(command)
        self.world.stir()
        yield from self._answered(limit_ms)

    def _answered(self, limit_ms):
        end_ms = self.world.now_ms + limit_ms
        while self.meter.requests and self.world.now_ms < end_ms:
            yield LOOK_MS

    def _trip(self, card, hm, waiting, pays, how):
        yield from self._asked("hire", SIGN_MS)
        yield hm * KM_MINUTES * 6000
        self.line.do(f"drive {hm / 10}")
        if pays != "card":
            self.play.narrate(how["note"])
        if waiting:
            yield waiting * 60000
            self.line.do(f"wait {waiting}")
        self.line.do("stop")
        trip = self.meter.trips[-1]
        self.ended.append(trip)
        self.tell("meter", f"trip {trip.number} ends: {trip.amount_jiao / 10:.2f}")
        self.world.stir()
        yield SEARCH_MS
        if pays == "card":
            yield from self.play.visit(card, **how)
            yield PRINT_MS
        end_ms = self.world.now_ms + SETTLE_MS
        while self.meter.requests and self.world.now_ms < end_ms:
            self.keys.key("cancel 1" if pays == "nothing" else "cash")
            yield from self._answered(DECIDE_MS)
        if self.meter.requests:
            self._wrong(f"trip {trip.number} has no answer")

    def _wrong(self, what):
        self.play.wrong.append(f"{self.play.when()}: {what}")

    # --- the end

    def evening(self):
        """The driver comes to the end of what he has to do."""
        while self.at_work:
            yield LOOK_MS

    def balance(self, records):
        """Meter, journal and shifts agree, trip by trip and fen by fen (TD-050, TD-054)."""
        is_told = self.meter.line.closes == "shift"  # JT/T 905 alone
        return taxi_balance(self.ended, self.shifts, records, is_told)
