# SPDX-License-Identifier: Apache-2.0
"""A lift on the stage: which floors were freed at each tap, and who lives where.

Settings that go with it: floor_pins: 3=f3 4=f4. The scenario's `[beside]` says who may go where,
by kind of card: homes = ["KIND FLOOR FLOOR .."].
"""

from collections import Counter

from firmware.formats import record
from sim.beside import Beside
from sim.free_read import asked_to_pay

GRANTED = "access_granted"
PRESS_MS = 600
CLOSED_MS = 6000


class BesideLift(Beside):
    """`freed`: how often each floor was freed; `rides`: people who went up."""

    def __init__(self, play):
        super().__init__(play)
        pins = dict(word.split("=") for word in play.scenario.settings["floor_pins"].split())
        self.now: set = set()  # floors whose buttons work
        self.freed: Counter = Counter()
        self.rides = 0
        self.homes = {
            line.split()[0]: {int(one) for one in line.split()[1:]}
            for line in play.scenario.beside.get("homes", [])
        }
        for floor, pin in pins.items():
            self.world.on_pin[pin] = lambda level, floor=int(floor): self._set(floor, level)

    def _set(self, floor, level):
        if level and floor not in self.now:
            self.freed[floor] += 1
        (self.now.add if level else self.now.discard)(floor)

    def visited(self, name, message, after):
        """Whoever was let in finds his floors freed, and no other one."""
        yield PRESS_MS
        mine = self.homes.get(name.partition("#")[0], set())
        wanted = mine if message == GRANTED else set()
        if self.now != wanted and not self.world.cuts:
            self.play.wrong.append(
                f"{self.play.when()}: {name} found {sorted(self.now)} freed, not {sorted(wanted)}"
            )
        self.rides += message == GRANTED
        yield CLOSED_MS
        if self.now:
            self.play.wrong.append(f"{self.play.when()}: {sorted(self.now)} stay freed")

    def balance(self, records):
        """Floors freed = floors in the journal; no card was asked for money (TD-022)."""
        faults = asked_to_pay(self.world.field.log, self.play.crowd.cards.values())
        told: Counter = Counter()
        granted = [one for one in records if one["reason"] == GRANTED]
        for values in granted:
            told.update(values["trade_data"][2:])
        if not self.world.cuts and (told != self.freed or len(granted) != self.rides):
            faults.append(f"floors {dict(told)} stand in the journal, freed {dict(self.freed)}")
        facts = {f"floor {floor} freed": self.freed[floor] for floor in sorted(self.freed)}
        facts["let up, in the journal"] = len(granted)
        facts["refused, in the journal"] = sum(
            values["kind"] == record.REFUSED for values in records
        )
        return facts, faults
