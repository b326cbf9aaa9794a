# SPDX-License-Identifier: Apache-2.0
"""A reader of attendance on the stage, or of a library: who is really inside, and since when.

Settings that go with it: console: serial:console; door: door, of a turnstile. The scenario's
`[beside]` has working hours by kind of card, `hours = ["KIND HH:MM-HH:MM .."]`, and `grace_min`:
from them the stage makes its own day sheet, which is held against that of the ledger.
"""

from collections import Counter

from firmware.formats import record
from host_tools.ledger import campus, days
from sim.beside import Beside
from sim.free_read import asked_to_pay
from sim.opener import Opener

CAME, WENT = ("came_in", "came_late"), ("went_out", "left_early")


class BesideAttendance(Beside):
    """`inside`: names, as a camera would know them; `sheet`: of each card, what the day was."""

    def __init__(self, play):
        super().__init__(play)
        told = play.scenario.settings
        self.door = Opener(self.world, "door") if "door" in told else None
        self.seats = int(told.get("seats", 0))
        self.grace_min = play.scenario.beside.get("grace_min", 0)
        self.hours = {}
        for line in play.scenario.beside.get("hours", []):
            kind, *spans = line.split()
            self.hours[kind] = [tuple(minute_of(one) for one in span.split("-")) for span in spans]
        self.inside: set = set()
        self.most = 0  # inside at a time
        self.sheet: dict = {}  # name -> [first in, last out, taps, late, early]
        self.words: Counter = Counter()

    def visited(self, name, message, after):
        """Whoever was let in or out goes, and the stage looks at its own watch."""
        self.words[message] += 1
        if message in CAME + WENT:
            if self.door and not (yield from self.door.opened()):
                self.wrong(f"{name} was let through, the turnstile stayed shut")
            self._goes(name, message)
        elif message == "seats_full" and len(self.inside) < self.seats:
            self.wrong(f"{name} found no seat, {len(self.inside)} of {self.seats} are taken")

    def _goes(self, name, message):
        now = self.play.local().hour * 60 + self.play.local().minute
        row = self.sheet.setdefault(name, [None, None, 0, 0, 0])
        row[2] += 1
        spans = self.hours.get(name.partition("#")[0], [])
        if message in CAME:
            if name in self.inside:
                self.wrong(f"{name} came in and was inside")
            self.inside.add(name)
            if row[0] is None:
                row[0], row[3] = now, self.late(spans, now)
            self.most = max(self.most, len(self.inside))
            if self.seats and len(self.inside) > self.seats:
                self.wrong(f"{len(self.inside)} are inside, there are {self.seats} seats")
        else:
            if name not in self.inside:
                self.wrong(f"{name} went out and was not inside")
            self.inside.discard(name)
            row[1], row[4] = now, self.early(spans, now)

    def late(self, spans, now):
        """Minutes late of who comes at a minute of the day."""
        on = [begins for begins, ends in spans if now < ends]
        late = now - on[0] if on else 0
        return late if late > self.grace_min else 0

    def early(self, spans, now):
        """Minutes early of who goes."""
        left = [ends - now for begins, ends in spans if begins < now < ends]
        return left[0] if left and left[0] > self.grace_min else 0

    def wrong(self, text):
        """Something is not as it should be."""
        if not self.world.cuts:
            self.play.wrong.append(f"{self.play.when()}: {text}")

    def balance(self, records):
        """Day sheet of the ledger = the stage's own; no card was asked for money (TD-022)."""
        faults = asked_to_pay(self.world.field.log, self.play.crowd.cards.values())
        paid = sum(one["amount_fen"] for one in records)
        noted = Counter(one["reason"] for one in records if one["kind"] == record.EVENT)
        facts = {"inside at the end": len(self.inside), "inside at a time, at most": self.most}
        for word in CAME + WENT:
            facts[f"noted as {word}"] = noted[word]
        if paid:
            faults.append(f"{paid} fen stand in the journal of a reader that takes none")
        if self.world.cuts:
            return facts, faults
        day = days.read(f"{self.play.local():%Y-%m-%d}")
        mine = sorted(self._line(name) for name in self.sheet)
        ledgers = sorted(
            (one.card, one.first_in, one.last_out, one.taps, one.late_min, one.early_min)
            for one in campus.attendance(self.play.ledger, day)
        )
        faults += [f"the stage saw {one}" for one in mine if one not in ledgers]
        faults += [f"the ledger's day sheet has {one}" for one in ledgers if one not in mine]
        facts["cards on the day sheet"] = len(ledgers)
        facts["open on the day sheet"] = sum(not one[2] for one in ledgers)
        return facts, faults

    def _line(self, name):
        came, went, taps, late, early = self.sheet[name]
        is_open = name in self.inside
        number = record.mask_pan(record.pan_bytes(self.play.crowd.pans[name]))
        out = "" if is_open else clock(went)
        return number, clock(came), out, taps, late, 0 if is_open else early


def minute_of(text):
    """Minutes of HH:MM."""
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


def clock(minute):
    """HH:MM of minutes."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
