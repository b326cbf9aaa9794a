# SPDX-License-Identifier: Apache-2.0
"""A metro gate on the stage whose trips lie on the cards, and a simulated PSAM at its slot.

The one gate is entry and exit in turn, at one station after the other: `turn` writes other
settings and starts it anew, on the same journal. Settings that go with it: trips: card,
record_key: 28/02, door: barrier, and those of beside_records.py.
"""

from collections import Counter

from firmware.capp import layouts
from firmware.formats import record
from host_tools.ledger import stamps
from sim.beside_records import BesideRecords
from sim.opener import Opener

WALK_MS = 1500
PAID = ("ok", "concession", "torn_recovered", "stamp_proven")
OPENED = (*PAID, "entered", "free_exit", "re_entry")
SFI = f"{layouts.OWN['metro'][0]:02X}"


class BesideMetroCard(BesideRecords):
    """`trips`: {name: [stations where its rider was let in and out, in turn]}, as a camera has
    them.
    """

    def __init__(self, play):
        super().__init__(play)
        self.gate = Opener(self.world, "barrier")
        told = play.scenario.settings
        self.lane, self.stop = told["lane"], told["stop"]
        self.trips: dict = {}
        self.walked = 0

    def verbs(self):
        return {**super().verbs(), "turn": self.turn}

    def turn(self, lane, stop, **more):
        """The gate is entry or exit of a station from here on; more: other settings."""
        self.lane, self.stop = lane, stop
        told = {"lane": lane, "stop": stop, **more}
        path = self.play.folder / "settings.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [one for one in lines if one.partition(":")[0] not in told]
        lines = [*kept, *(f"{key}: {value}" for key, value in told.items())]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.world.pull_plug()

    def visited(self, name, message, after):
        """Whoever was let through walks."""
        if message not in OPENED:
            return
        if not (yield from self.gate.opened()):
            self.play.wrong.append(f"{self.play.when()}: {name} may pass, the gate stayed shut")
            return
        yield WALK_MS
        self.walked += 1
        if message != "re_entry":
            self.trips.setdefault(name, []).append((self.lane, self.stop))

    # --- what must agree

    def balance(self, records):
        """Each walk has its record, each card says where its rider was seen last, and the ledger
        knows the same trips as open.
        """
        said: Counter = Counter(values["kind"] for values in records)
        again = sum(values["reason"] == "re_entry" for values in records)
        passed = said[record.STAMPED] + said[record.APPROVED] + again
        faults = [] if self.world.cuts else self._faults(passed)
        faults += [one for name in self.play.crowd.cards for one in self._card_faults(name)]
        trips = stamps.trips(self.play.ledger.engine)
        still_open = sum(one.state == "open" for one in trips)
        inside = [name for name in self.trips if self.last_of(name)[0] == layouts.INSIDE]
        if not self.world.cuts and still_open != len(inside):
            faults.append(f"the ledger has {still_open} open trips, {len(inside)} are inside")
        facts = {
            "stamped, nothing to pay": said[record.STAMPED],
            "paid at the exit": said[record.APPROVED],
            "let through again": again,
            "gate was told to open": self.gate.pulses,
            "riders who walked through": self.walked,
            "riders inside at the end": len(inside),
            "trips in the ledger": len(trips),
            "of them open": still_open,
        }
        return facts, faults

    def _faults(self, passed):
        pulses = self.gate.pulses
        if passed == pulses == self.walked:
            return []
        return [
            f"{passed} may pass in the journal, the gate was told to open {pulses} times,"
            f" {self.walked} walked"
        ]

    def _card_faults(self, name):
        """A card says what its rider did last; one whose rider was never let in says nothing."""
        stamp = stamp_of(self.play.crowd.cards[name])
        if stamp is None or self.world.cuts:
            return []
        if name not in self.trips:
            return [f"{name} never passed and has a stamp"] if stamp["state"] else []
        state, side, stop = self.last_of(name)
        if (stamp["state"], stamp[side + "_place"]) != (state, stop):
            return [f"{name}: {side} at {stop} was last, its card says {stamp}"]
        return []

    def last_of(self, name):
        """(state, side, station) that the card of who was let through must show."""
        lane, stop = self.trips[name][-1]
        return (layouts.INSIDE if lane == "entry" else layouts.CLOSED), lane, stop


def stamp_of(card, area_sfi=SFI):
    """Fields of the trip's record of a simulated card, None where it has none."""
    if card.capp is None:
        return None
    for sfi, data, _ in card.state["extended"]["records"]:
        if sfi == area_sfi:
            return layouts.read(layouts.TRIP, bytes.fromhex(data))
    return None
