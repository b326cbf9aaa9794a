# SPDX-License-Identifier: Apache-2.0
"""A door on the stage: a strike, and people who walk in behind it.

Settings that go with it: door: door
"""

from collections import Counter

from firmware.formats import record
from sim.beside import Beside
from sim.free_read import asked_to_pay
from sim.opener import Opener

WALK_MS = 2000  # open it, walk, let it fall shut
GRANTED = "access_granted"


class BesideAccess(Beside):
    """One side of a door; `through`: people who went through, as a camera would count them."""

    def __init__(self, play):
        super().__init__(play)
        self.strike = Opener(self.world, "door")
        self.through = 0

    def visited(self, name, message, after):
        """Whoever was let in walks through, one after the other."""
        if message != GRANTED:
            return
        if not (yield from self.strike.opened()):
            self.play.wrong.append(f"{self.play.when()}: {name} was let in, the door stayed shut")
            return
        yield WALK_MS
        self.through += 1

    def balance(self, records):
        """Let in = strike closed = went through; no card was asked for money (TD-022)."""
        people: Counter = Counter(
            values["pan"] for values in records if values["reason"] == GRANTED
        )
        refused = sum(values["kind"] == record.REFUSED for values in records)
        let_in = sum(people.values())
        faults = asked_to_pay(self.world.field.log, self.play.crowd.cards.values())
        if not self.world.cuts and not let_in == self.strike.pulses == self.through:
            faults.append(
                f"{let_in} people stand in the journal, the strike was closed"
                f" {self.strike.pulses} times, {self.through} went through"
            )
        facts = {
            "let in, in the journal": let_in,
            "went through the door": self.through,
            "refused, in the journal": refused,
            "different cards let in": len(people),
            "cards that were asked for money": len(faults),
        }
        return facts, faults
