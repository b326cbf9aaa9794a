# SPDX-License-Identifier: Apache-2.0
"""A toll lane on the stage whose trips lie on the cards: barrier, loop, collector, and a camera
that knows each vehicle and what it owes by its own reading of the fare table (sim/toll_camera.py).

The one lane is entry and exit in turn, at one station after the other: `turn` writes other
settings and starts it anew, on the same journal. Settings that go with it: trips: card,
record_key: 28/04, door: barrier, loop: loop, console: serial:console, and those of
beside_records.py.
"""

from collections import Counter

from firmware.capp import layouts
from firmware.formats import record
from host_tools.ledger import stamps
from sim.beside_records import BesideRecords
from sim.opener import Opener
from sim.toll_camera import Camera, drive_over

KEYED_MS = 600  # from the collector's key to the driver's card
PAID = ("ok", "concession", "torn_recovered", "stamp_proven")
OPENED = (*PAID, "entered", "free_exit", "re_entry")
SFI = f"{layouts.OWN['toll'][0]:02X}"


class BesideTollCard(BesideRecords):
    """Vehicles by the name of their card."""

    def __init__(self, play):
        super().__init__(play)
        self.barrier = Opener(self.world, "barrier")
        self.camera = Camera(play)
        told = play.scenario.settings
        self.lane, self.stop = told["lane"], told["stop"]
        self.stayed = 0  # vehicles that stood at the open barrier and did not drive
        self.by_hand = self.ran = 0

    def verbs(self):
        mine = {"turn": self.turn, "drive": self.drive, "rush": self.rush, "spoil": self.spoil}
        return {**super().verbs(), **mine}

    def turn(self, lane, stop):
        """The lane is entry or exit of a station from here on."""
        self.lane, self.stop = lane, stop
        path = self.play.folder / "settings.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [one for one in lines if one.partition(":")[0] not in ("lane", "stop")]
        text = "\n".join([*kept, f"lane: {lane}", f"stop: {stop}"]) + "\n"
        path.write_text(text, encoding="utf-8")
        self.world.pull_plug()

    def drive(self, card, vehicle=1, keyed=None, **how):
        """A vehicle of that class at the reader; keyed: what the collector keys, 0 nothing.

        In `how`: drives = false: stays in front of the open barrier; by_hand = true: where its
        card does not pass, the collector lets it through. Other arguments: of tap.
        """
        keyed = vehicle if keyed is None else keyed
        first = (lambda: self.keys.key(f"class {keyed}"), KEYED_MS) if keyed else None
        self.play.do_tap(card, first=first, vehicle=keyed or vehicle, **how)

    def rush(self):
        """A vehicle breaks through the barrier behind nobody."""
        self.ran += 1
        self.play.join(drive_over(self.world))

    def spoil(self, card, note="", **fields):
        """What a damaged or foreign card has in its record: fields of layouts.TRIP."""
        self.play.narrate(note)
        rows = self.play.card(card)[0].state["extended"]["records"]
        at = next(place for place, row in enumerate(rows) if row[0] == SFI)
        told = {name: tuple(one) if isinstance(one, list) else one for name, one in fields.items()}
        data = layouts.write(layouts.TRIP, bytes.fromhex(rows[at][1]), told)
        rows[at] = type(rows[at])((rows[at][0], data.hex().upper(), *rows[at][2:]))
        self.camera.foreign.add(card)

    def visited(self, name, message, after):
        """Whoever was let through drives over the loop."""
        if message not in OPENED:
            if after.get("by_hand"):
                self.keys.key("open")
                self.by_hand += 1
                yield from self._through(name)
            return
        if message != "re_entry":
            self.camera.sees(name, self.lane, self.stop, after["vehicle"], message in PAID)
        if after.get("drives", True):
            yield from self._through(name)
        elif (yield from self.barrier.opened()):
            self.stayed += 1

    def _through(self, name):
        self.world.stir()
        if not (yield from self.barrier.opened()):
            self.play.wrong.append(f"{self.play.when()}: {name} may go, the barrier stayed shut")
            return
        self.camera.through += 1
        yield from drive_over(self.world)

    # --- what must agree

    def balance(self, records):
        """Each opening has its record and its vehicle, each card says where it was seen last and
        has paid what the camera says, and the ledger knows the same journeys as open.
        """
        said: Counter = Counter(values["kind"] for values in records)
        words: Counter = Counter(values["reason"] for values in records)
        inside = [name for name, seen in self.camera.seen.items() if seen[-1].lane == "entry"]
        still_open = [one for one in stamps.trips(self.play.ledger.engine) if one.state == "open"]
        passed = said[record.STAMPED] + said[record.APPROVED] + words["re_entry"]
        faults = []
        if not self.world.cuts:
            faults += self._openings(passed + words["opened_by_hand"], words)
            if len(still_open) != len(inside):
                faults.append(f"the ledger has {len(still_open)} open, {len(inside)} are inside")
            faults += self.camera.money_faults(records)
            faults += [one for name in self.play.crowd.cards for one in self._card_faults(name)]
        facts = {
            "stamped, nothing to pay": said[record.STAMPED],
            "paid at the exit": said[record.APPROVED],
            "owed by the camera, fen": self.camera.owed_fen(),
            "let through again": words["re_entry"],
            "let through by hand": self.by_hand,
            "broke through": words["run_through"],
            "barrier was told to open": self.barrier.pulses,
            "vehicles over the loop behind an opening": self.camera.through,
            "vehicles on the road at the end": len(inside),
        }
        return facts, faults

    def _openings(self, may_pass, words):
        """Sentences where journal, barrier and loop do not agree."""
        faults, pulses = [], self.barrier.pulses
        if may_pass != pulses or pulses != self.camera.through + self.stayed:
            faults.append(
                f"{may_pass} may pass in the journal, the barrier was told to open {pulses} times,"
                f" {self.camera.through} drove and {self.stayed} stayed"
            )
        found = words["opened_by_hand"], words["run_through"]
        if found != (self.by_hand, self.ran):
            faults.append(
                f"{self.by_hand} let through by hand and {self.ran} breaking through, in the"
                f" journal {found[0]} and {found[1]}"
            )
        return faults

    def _card_faults(self, name):
        """A card says where its vehicle was seen last, and of which class."""
        stamp = stamp_of(self.play.crowd.cards[name])
        if stamp is None or name in self.camera.foreign:
            return []
        seen = self.camera.seen.get(name)
        if not seen:
            return [f"{name} never passed and has a stamp"] if stamp["state"] else []
        last = seen[-1]
        side = "entry" if last.lane == "entry" else "exit"
        state = layouts.INSIDE if side == "entry" else layouts.CLOSED
        found = (stamp["state"], stamp[side + "_place"], stamp["vehicle_class"])
        if found != (state, last.stop, last.vehicle):
            return [f"{name}: {last} was last, its card says {stamp}"]
        return []


def stamp_of(card):
    """Fields of the journey's record of a simulated card, None where it has none."""
    if card.capp is None:
        return None
    for sfi, data, *_ in card.state["extended"]["records"]:
        if sfi == SFI:
            return layouts.read(layouts.TRIP, bytes.fromhex(data))
    return None
