# SPDX-License-Identifier: Apache-2.0
"""A taxi on the stage: a meter that speaks JT/T 905, and a driver with a console.

Settings that go with it: meter: serial:meter, console: serial:console
"""

from firmware.formats import record
from firmware.neighbours import jtt905
from sim.beside import Beside

BEAT_MS = 5000
RESEND_MS = 3000
PLATE, DRIVER, LICENCE = b"AA3333", b"TEST00000000000001\x00", bytes(16)


class MeterPeer:
    """The meter: heartbeats, sign-in, trips; what it asks it asks again until it is answered."""

    def __init__(self, clock_text):
        self.clock_text = clock_text  # () -> YYMMDDhhmm
        self.reader = jtt905.FrameReader()
        self.out: list = []
        self.beat_ms = 0
        self.hired = self.signed_in = False
        self.asking = None  # [command, data, asked_ms]
        self.answers: list = []  # (command, data) of the unit
        self.trip = 0
        self.settled: list = []  # (trip, jiao, pay type or None)

    def feed(self, data, now_ms):
        for frame in self.reader.feed(data, now_ms):
            if frame.kind != jtt905.ISU:
                continue
            self.answers.append((frame.command, frame.data))
            if self.asking and frame.command == self.asking[0]:
                self.asking = None

    def outgoing(self, now_ms):
        if now_ms - self.beat_ms >= BEAT_MS:
            self.beat_ms = now_ms
            state = self.hired + 2 * self.signed_in
            values = {"state": state, "licence": LICENCE, "driver": DRIVER}
            self._say(jtt905.HEARTBEAT, jtt905.pack(jtt905.HEARTBEAT_UP, values))
        if self.asking and now_ms - self.asking[2] >= RESEND_MS:
            self.asking[2] = now_ms
            self._say(self.asking[0], self.asking[1])
        data, self.out = b"".join(self.out), []
        return data

    def _say(self, command, data=b""):
        self.out.append(jtt905.encode(command, data, kind=jtt905.METER))

    def ask(self, command, data=b""):
        """Say it until it is answered."""
        self.asking = [command, data, -RESEND_MS]

    def begin(self):
        """The flag goes down."""
        self.hired = True
        self._say(jtt905.HIRED, bytes.fromhex("20" + self.clock_text() + "00"))
        self.began = self.clock_text()

    def end(self, jiao, hm):
        """The trip is over: the meter names its price."""
        self.trip += 1
        self.hired = False
        values = {
            "plate": PLATE,
            "licence": LICENCE,
            "driver": DRIVER,
            "on": self.began,
            "off": self.clock_text()[6:],
            "distance_hm": f"{hm:06d}",
            "amount_jiao": f"{jiao:06d}",
            "trip": self.trip,
            "pay_type": jtt905.CASH,
        }
        self.ask(jtt905.TRIP_END, jtt905.pack(jtt905.TRIP, values))


class BesideTaxi(Beside):
    """One taxi; `ended`: [(trip, fen)]."""

    def __init__(self, play):
        super().__init__(play)
        self.meter = MeterPeer(self._clock_text)
        self.world.lines.peers["meter"] = self.meter
        self.ended: list = []
        self.busy = False

    def _clock_text(self):
        day = self.play.local()
        return f"{day:%y%m%d%H%M}"

    def verbs(self):
        return {**super().verbs(), "sign_in": self.sign_in, "trip": self.trip}

    def sign_in(self):
        """The driver signs in at the meter; E0, then E1."""
        self.world.spawn(self._sign_in())

    def _sign_in(self):
        for command in (jtt905.OPEN, jtt905.OPENED):
            self.meter.ask(command)
            yield from self._answered(20000)
        self.meter.signed_in = True

    def _answered(self, limit_ms):
        waited_ms = 0
        while self.meter.asking and waited_ms < limit_ms:
            yield 200
            waited_ms += 200

    def trip(self, card, jiao=200, hm=50, minutes=6, pays="card", **how):
        """A ride of so many minutes; at its end a card, or cash, or a rider who cannot pay."""
        if self.busy:
            self.play.wrong.append(f"{self.play.when()}: hired while a trip was open")
            return
        self.busy = True
        self.world.spawn(self._trip(card, jiao, hm, minutes, pays, how))

    def _trip(self, card, jiao, hm, minutes, pays, how):
        self.meter.begin()
        yield minutes * 60000
        self.meter.end(jiao, hm)
        self.world.stir()
        yield 2500  # he looks for his card
        if pays == "card":
            yield from self.play.visit(card, **how)
            yield 1500
        if self.meter.asking:
            self.keys.key("cancel 1" if pays == "nothing" else "cash")
        yield from self._answered(90000)
        if self.meter.asking:
            self.play.wrong.append(f"{self.play.when()}: trip {self.meter.trip} has no answer")
        self.ended.append((self.meter.trip, jiao * 10))
        self.busy = False

    def balance(self, records):
        """Trips of the meter = trips of the journal, fen by fen."""
        seen, card_fen = {}, 0
        for values in records:
            if values["kind"] == record.APPROVED:
                seen[values["reference"]] = values["amount_fen"]
                card_fen += values["amount_fen"]
            elif values["reason"].startswith(ENDINGS):
                seen.setdefault(values["reference"], None)
        faults = []
        for trip, fen in self.ended:
            if trip not in seen:
                faults.append(f"trip {trip} of the meter does not end in the journal")
            elif seen[trip] not in (None, fen):
                faults.append(f"trip {trip}: {fen} fen on the meter, {seen[trip]} on the card")
        for trip in sorted(set(seen) - {one[0] for one in self.ended}):
            faults.append(f"trip {trip} of the journal is none of the meter's")
        by_card = sum(fen is not None for fen in seen.values())
        facts = {
            "trips of the meter": len(self.ended),
            "paid by card": by_card,
            "in cash or cancelled": len(seen) - by_card,
            "fen on the meter": sum(one[1] for one in self.ended),
            "fen by card": card_fen,
        }
        return facts, faults


ENDINGS = ("trip_cash", "trip_cancelled")
