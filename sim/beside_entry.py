# SPDX-License-Identifier: Apache-2.0
"""The entry lane of a car park on the stage; the exit lane with its store is played at the wire.

Settings that go with it: lane: entry, store: serial:twin, door: barrier
"""

from collections import Counter

from firmware.devices.lane_store import key_of
from sim.beside import Beside
from sim.flash import Flash
from sim.free_read import asked_to_pay
from sim.lane_peers import ExitLane
from sim.opener import Opener

BLOCKS = 8
DRIVE_MS = 4000  # under the barrier and away
BEAT_MS = 900  # so often the other lane's line is served while nobody is there
VERDICT_MS = 4000  # an entry is answered or given up by then


class BesideEntry(Beside):
    """Cars by the name of their card; `entered`: how often each drove in."""

    def __init__(self, play):
        super().__init__(play)
        self.barrier = Opener(self.world, "barrier")
        self.exit = ExitLane(Flash(BLOCKS))
        self.world.lines.peers["twin"] = self.exit
        self.world.spawn(self._keep_line_alive())
        self.entered: Counter = Counter()
        self.refused = self.turned = 0

    def verbs(self):
        return {**super().verbs(), "gone": self.gone}

    def gone(self, card, note=""):
        """A car has left by the exit lane: its entry is done with."""
        self.play.narrate(note)
        self.exit.store.leave(key_of(self.play.card(card)[0].pan))

    def _keep_line_alive(self):
        while True:
            yield BEAT_MS
            self.world.lines.pump(self.world.now_us)

    def visited(self, name, message, after):
        """Whoever's entry is noted waits until the other lane has it, and drives in.

        In `after`: shown = what the panel says at last where the barrier stays closed; drives =
        false: it turns back in front of the open one.
        """
        if message != "entry_noted":
            return
        waited_ms = 0
        while not self.barrier.unused and waited_ms < VERDICT_MS:
            yield 50
            waited_ms += 50
            if "shown" in after and self.play.shown == after["shown"]:
                self.refused += 1
                return
        if not self.barrier.unused:
            self.play.wrong.append(f"{self.play.when()}: {name} waits at a closed barrier")
            return
        self.barrier.unused -= 1
        yield DRIVE_MS
        if after.get("drives", True):
            self.entered[name] += 1
        else:
            self.turned += 1

    def balance(self, records):
        """Noted = let in + kept out; the store has who is inside; nobody saw a GPO (TD-022)."""
        noted = sum(values["reason"] == "entry_noted" for values in records)
        inside = sum(self.entered.values())
        faults = asked_to_pay(self.world.field.log, self.play.crowd.cards.values())
        if not self.world.cuts:
            opened = inside + self.turned
            if noted != opened + self.refused:
                faults.append(
                    f"{noted} entries are noted, {opened} let in, {self.refused} kept out"
                )
            if opened != self.barrier.pulses:
                faults.append(f"{opened} cars were let in, {self.barrier.pulses} openings")
            missing = [name for name in self.entered if self._is_missing(name)]
            faults += [f"{name} is inside, the store has no entry" for name in missing]
        facts = {
            "entries noted, in the journal": noted,
            "cars that drove in": inside,
            "turned back in front of the open barrier": self.turned,
            "kept out by what the exit lane said": self.refused,
            "barrier was told to open": self.barrier.pulses,
        }
        return facts, faults

    def _is_missing(self, name):
        return not self.exit.store.find(key_of(self.play.card(name)[0].pan))
