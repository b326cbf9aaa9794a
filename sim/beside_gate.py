# SPDX-License-Identifier: Apache-2.0
"""A scenic gate on the stage: arms on a relay, beams, and people who walk, wait or turn back.

Settings that go with it: gate: open=g_open passed=g_passed beam=g_beam fire=g_fire
"""

from collections import Counter

from firmware.formats import record
from sim.beside import Beside

REACH_MS = 700  # from the green lamp to the arms
BODY_MS = 500  # between the beams
PULSE_MS = 250  # of the contact that says that somebody is through
OPENING_MS = 6000  # so long somebody waits for the arms
PAID = ("ok", "concession", "torn_recovered", "re_entry", "free_ride")
LET_IN = (record.APPROVED,)


class BesideGate(Beside):
    """One lane with a relay; `through`: people who went through, counted by the lane itself."""

    def __init__(self, play):
        super().__init__(play)
        self.pulses = 0  # of the relay that nobody has used yet
        self.through = 0
        self.turned_back = 0
        self.world.pins["g_fire"] = 1  # a closed loop: no fire
        self.world.on_pin["g_open"] = self._relay

    def _relay(self, level):
        self.pulses += level

    def verbs(self):
        return {"fire": self.fire}

    def fire(self, burns):
        """The loop opens, or is mended."""
        self.world.pins["g_fire"] = 0 if burns else 1

    def visited(self, name, message, after):
        """Whoever was let in walks through; some turn back (walks = false), and of these some come
        again (returns = true).
        """
        if message not in PAID:
            return
        waited_ms = 0
        while not self.pulses and waited_ms < OPENING_MS:
            yield 50
            waited_ms += 50
        if not self.pulses:
            self.play.wrong.append(f"{self.play.when()}: {name} paid, the arms stayed closed")
            return
        self.pulses -= 1
        if not after.get("walks", True):
            self.turned_back += 1
            yield 9000  # the arms close behind nobody
            if after.get("returns"):
                self.play.do_tap(name, ends=["re_entry"])
            return
        yield REACH_MS
        yield from self._pulse("g_beam", BODY_MS)
        yield from self._pulse("g_passed", PULSE_MS)
        self.through += 1

    def _pulse(self, pin, length_ms):
        self.world.pins[pin] = 1
        self.world.stir()
        yield length_ms
        self.world.pins[pin] = 0
        yield 60

    def balance(self, records):
        """Paid = passed + known exceptions; passages of the lane = those written down (TD-069)."""
        people: Counter = Counter()
        paid = 0
        for values in records:
            if values["kind"] in LET_IN:
                paid += values["riders"] or 1
            elif values["kind"] == record.EVENT:
                people[values["reason"]] += values["riders"] or 1
        returned = people["not_passed"] + people["unknown"] - people["re_entry"]
        faults = []
        let_in = paid + people["ticket_ok"]
        if let_in != people["passed"] + returned and not self.world.cuts:
            faults.append(
                f"{let_in} people paid, {people['passed']} passed and {returned} did not come back"
            )
        written = people["passed"] + people["stray"]
        if self.through != written and self.world.starts == 1:
            faults.append(f"{self.through} went through the lane, {written} stand in the journal")
        facts = {
            "people paid for": paid,
            "passed, in the journal": people["passed"],
            "went through, counted by the lane": self.through,
            "not passed": people["not_passed"],
            "came again without paying": people["re_entry"],
            "unknown": people["unknown"],
        }
        return facts, faults
