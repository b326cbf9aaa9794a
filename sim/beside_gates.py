# SPDX-License-Identifier: Apache-2.0
"""One gate of several of a metro (gates_play.py): riders come in here and go out by another.

Trips lie on the cards, with a simulated PSAM in each gate's slot, or in the stores that a hub
keeps together. The riders know where they were let in, what that costs by the formula of
sim/metro/plan.py, and nothing of what the terminals keep.
"""

from firmware.devices.lane_store import LaneStore
from firmware.formats import record
from sim.beside_metro_card import stamp_of
from sim.beside_records import BesideRecords
from sim.hub_process import HubPort
from sim.metro.plan import fare_fen
from sim.opener import Opener
from sim.reconcile import flash_of

WALK_MS = 1500
BEAT_MS = 900  # so often the hub's line is served while nobody is there
OVER_MS = 8000  # from one gate of a station to the next one
VERDICT_TURNS = 4  # of Opener.opened(): an entry is answered or given up by then
BLOCKS = 8  # of a store, as the settings have it by default
PAID = ("ok", "torn_recovered", "stamp_proven")
OPENED = (*PAID, "entered", "free_exit", "re_entry", "entry_noted")
FREE = ("re_entry", "entry_noted", "free_exit")  # events: nothing was asked of the card
NEVER_KNOWN = ("card_lost", "last_record_lost", "torn_suspect", "")


class BesideGates(BesideRecords):
    """`among`: the Gates that this is one of."""

    def __init__(self, play):
        super().__init__(play)
        self.among, told = play.among, play.scenario.settings
        self.lane, self.stop = told["lane"], told["stop"]
        self.gate = Opener(self.world, "barrier")
        self.walked = self.kept_out = 0
        if self.among.hub:
            self.world.lines.peers["hub"] = HubPort(self.among.hub, len(self.among.plays))
            self.world.spawn(self._keep_line_alive())

    def _keep_line_alive(self):
        while True:
            yield BEAT_MS
            self.world.lines.pump(self.world.now_us)

    def verbs(self):
        return {**super().verbs(), "ride": self.ride, "hub": self.hub}

    def hub(self, up):
        """The hub's process is killed, or started again on its file."""
        self.among.hub.start() if up else self.among.hub.kill()

    # --- riders

    def ride(self, card, leaves="", minutes=0, out=None, **how):
        """A rider comes in here and leaves by the gate `leaves` that much later; none: stays.

        how: of a visit; out: the same of the visit there, and `over` = [GATE, [what may end it]]
        in turn, where he goes while he is not out; cut: the power there goes when it is told to
        open.
        """
        self.play.join(self._ride(card, leaves, minutes, dict(out or {}), how))

    def _ride(self, card, leaves, minutes, out, how):
        yield from self.play.visit(card, **how)
        if leaves and card in self.among.inside:
            self._send(leaves, 60000 * minutes, card, out)

    def _send(self, gate, after_ms, card, how):
        """He is at another gate so much later."""
        there = self.among.plays[gate]
        at_us = self.world.now_us + 1000 * after_ms
        there.world.at(at_us, lambda: there.join(there.beside.leave(card, **how)))

    def leave(self, card, over=(), cut=False, **how):
        """Generator: somebody wants to go out here; as ride() has it."""
        self.world.stir()
        if cut:
            how["first"] = (self._fail_next, 0)
        yield from self.play.visit(card, pays_fen=self.due(card), **how)
        if over and card in self.among.inside:
            (gate, ends), *rest = over
            self._send(gate, OVER_MS, card, {"ends": ends, "over": rest})

    def due(self, card):
        """Fen that its rider owes here: nothing where he came in, nor at an entry."""
        origin = self.among.inside.get(card, self.stop)
        return 0 if self.stop == origin else fare_fen(origin, self.stop)

    def _fail_next(self):
        self.gate.fails = True

    def visited(self, name, message, after):
        """Whoever was let through walks, whatever the panel says of others."""
        among = self.among
        if message not in OPENED:
            if message in NEVER_KNOWN:
                among.unsure.add(name)
                among.lost[name] += self.due(name)
            return
        turns = VERDICT_TURNS if message == "entry_noted" else 1
        for _ in range(turns):
            if (yield from self.gate.opened()):
                break
        else:
            if message == "entry_noted":
                self.kept_out += 1
            else:
                said = f"{self.play.when()}: {name} may pass, the gate stayed shut"
                self.play.wrong.append(said)
            return
        yield WALK_MS
        self.walked += 1
        among.last[name] = self.lane, self.stop
        if self.lane == "entry":
            among.inside[name] = self.stop
        elif name in among.inside:
            among.due[name] += self.due(name)
            among.inside.pop(name)

    # --- what must agree

    def stored(self):
        """Keys of the entries in this exit's store, read from its file."""
        blocks = self.play.scenario.settings.get("store_blocks", BLOCKS)
        return LaneStore(flash_of(self.play.folder / "store.bin", blocks)).keys()

    def balance(self, records):
        """Journal, openings and people agree; each card says where it was let through last."""
        passed = sum(values["kind"] in (record.STAMPED, record.APPROVED) for values in records)
        again = sum(
            values["kind"] == record.EVENT and values["reason"] in FREE for values in records
        )
        faults = []
        if not self.world.cuts:
            opened = self.gate.pulses + self.gate.failed + self.kept_out
            if passed + again != opened or self.walked != self.gate.pulses:
                faults.append(
                    f"{passed + again} may pass in the journal, {self.gate.pulses} openings,"
                    f" {self.gate.failed} cut, {self.kept_out} kept out, {self.walked} walked"
                )
            if not self.among.hub:
                faults += self._card_faults()
        facts = {
            "paid or stamped": passed,
            "gate was told to open": self.gate.pulses,
            "riders who walked through": self.walked,
        }
        return facts, faults

    def _card_faults(self):
        """Of the cards that went through here last."""
        faults = []
        for name, (lane, stop) in self.among.last.items():
            if (lane, stop) != (self.lane, self.stop) or name in self.among.unsure:
                continue
            stamp = stamp_of(self.play.crowd.cards[name])
            side = "entry" if lane == "entry" else "exit"
            if stamp is None or stamp[side + "_place"] != stop:
                faults.append(f"{name}: {lane} at {stop} was last, its card says {stamp}")
        return faults
