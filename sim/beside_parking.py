# SPDX-License-Identifier: Apache-2.0
"""A car park on the stage: the exit lane is the terminal, the entry lane is played at the wire.

Settings that go with it: lane: exit, twin: serial:twin, store: file:{folder}/store.bin,
door: barrier
"""

from collections import Counter

from firmware.devices.lane_store import ROW, Entry, LaneStore, key_of
from firmware.devices.parking_store import FREE, PAID
from firmware.formats import record
from firmware.formats.record import pan_bytes
from sim.beside import Beside
from sim.lane_peers import EntryLane
from sim.opener import Opener
from sim.reconcile import flash_of

ENTRY_LANE = 1
ARRIVE_MS = 3000  # from the street to the reader
DRIVE_MS = 4000  # under the barrier and away
BEAT_MS = 900  # so often the other lane's line is served while nobody is there
AGAIN_MS, ATTEMPTS = 10000, 3  # of a driver in front of a closed entry
BLOCKS = 8  # of the store, the default of the settings


SALES = ("paid", *FREE)


class BesideParking(Beside):
    """Cars by the name of their card. `left`, `stayed`: how often a card's car drove out behind
    the barrier, or stood there and did not.
    """

    FACTS = (
        "entries stored for the entry lane",
        "cars sent away at the entry",
        "paid at the exit",
        "left within the free minutes",
        "left with a pass",
        "told to open once more, paid before",
        "barrier was told to open",
        "cars that drove out",
        "cars inside at the end",
    )

    def __init__(self, play):
        super().__init__(play)
        self.origins: dict = {}  # name -> lane where it comes in, ENTRY_LANE without one
        self.barrier = Opener(self.world, "barrier")
        self.entry = EntryLane()
        self.world.lines.peers["twin"] = self.entry
        self.world.spawn(self._keep_line_alive())
        self.inside: set = set()  # names whose entry is stored
        self.entered: Counter = Counter()  # verdicts of the exit lane's store
        self.left: Counter = Counter()
        self.stayed: Counter = Counter()

    def verbs(self):
        return {**super().verbs(), "park": self.park, "leave": self.leave}

    def _keep_line_alive(self):
        """The stage skips time when nobody is there; the other lane's beats come all the same."""
        while True:
            yield BEAT_MS
            self.world.lines.pump(self.world.now_us)

    # --- cars

    def park(self, card, minutes=None, by_hand=False, ends=(), **how):
        """A car comes and leaves `minutes` after it was let in, None: not in this play.

        by_hand: where the lane is closed the attendant lets it in, without an entry. Other
        arguments: of leave().
        """
        self.world.spawn(self._park(card, minutes, by_hand, dict(how, ends=ends)))

    def _park(self, card, minutes, by_hand, how):
        yield ARRIVE_MS
        verdict = yield from self._enter(card)
        self.entered[verdict] += 1
        if verdict != "stored":
            self.play.narrate(f"At the entry {card} is sent away: {verdict}.")
        if verdict == "stored":
            self.inside.add(card)
        elif not by_hand:
            return
        if minutes is not None:
            yield minutes * 60000
            self.leave(card, **how)

    def _enter(self, card):
        """Generator: the verdict that a driver goes away with."""
        verdict = ""
        for _ in range(ATTEMPTS):
            self.world.stir()
            now = self.play.local().timetuple()[:6]
            lane = self.origins.get(card, ENTRY_LANE)
            entry = Entry(key_of(self._pan(card)), lane, now, 0)
            verdict = yield from self.entry.enter(entry, self.world)
            if verdict not in ("lost", "store_lost"):
                break
            yield AGAIN_MS
        return verdict

    def leave(self, card, cut=False, **how):
        """A car is at the exit. cut: the power goes when the barrier is told to open.

        In `how`: drives = false: it stays in front of the open barrier; then comes_back_s: it taps
        once more, so much later.
        """
        first = (self._fail_next, 0) if cut else None
        self.play.do_tap(card, first=first, **how)

    def _fail_next(self):
        self.barrier.fails = True

    def _pan(self, card):
        return self.play.card(card)[0].pan

    def visited(self, name, message, after):
        """Who may go drives out, or stays and comes again."""
        if message not in (*PAID, *FREE, "re_entry"):
            return
        if not (yield from self.barrier.opened()):
            self._wrong(f"{name} may go, the barrier stayed shut")
            return
        self.inside.discard(name)
        if after.get("drives", True):
            yield DRIVE_MS
            self.left[name] += 1
            return
        self.stayed[name] += 1
        if "comes_back_s" in after:
            self.world.spawn(self._come_back(name, after["comes_back_s"]))

    def _come_back(self, name, after_s):
        yield after_s * 1000
        self.leave(name, ends=["re_entry"], note="... taps again.")

    def _wrong(self, said):
        self.play.wrong.append(f"{self.play.when()}: {said}")

    # --- what must agree

    def balance(self, records):
        """Each car that left has one sale or free exit; the store has those that are inside."""
        said = Counter(_kind_of(values) for values in records if values["direction"] == 2)
        opened = sum(said[word] for word in (*SALES, "re_entry"))
        faults = [] if self.world.cuts else self._faults(records, opened)
        numbers = (
            self.entered["stored"],
            sum(self.entered.values()) - self.entered["stored"],
            said["paid"],
            said["free_exit"],
            said["pass_valid"],
            said["re_entry"],
            self.barrier.pulses,
            sum(self.left.values()),
            len(self.inside),
        )
        return dict(zip(self.FACTS, numbers, strict=True)), faults

    def _faults(self, records, opened):
        faults = []
        if opened != self.barrier.pulses + self.barrier.failed:
            faults.append(
                f"{opened} times somebody may leave in the journal, the barrier was told"
                f" {self.barrier.pulses} times"
            )
        went = sum(self.left.values()) + sum(self.stayed.values())
        if went != self.barrier.pulses:
            faults.append(f"{went} cars stood at an open barrier, {self.barrier.pulses} openings")
        sales = Counter(values["pan"] for values in records if _kind_of(values) in SALES)
        again = Counter(values["pan"] for values in records if _kind_of(values) == "re_entry")
        for name in {*self.left, *self.stayed}:
            pan = pan_bytes(self._pan(name))
            if sales[pan] + again[pan] < self.left[name]:
                faults.append(f"{name} left {self.left[name]} times, the journal knows less")
            if sales[pan] > self.left[name] and not self.stayed[name]:
                faults.append(f"{name} paid {sales[pan]} times and left {self.left[name]} times")
        return faults + self._store_faults()

    def _store_faults(self):
        """What the store of the exit lane holds at the end, read from its file."""
        blocks = self.play.scenario.settings.get("store_blocks", BLOCKS)
        store = LaneStore(flash_of(self.play.folder / "store.bin", blocks))
        missing = [name for name in self.inside if not store.find(key_of(self._pan(name)))]
        faults = [f"{name} is inside, the store has no entry" for name in sorted(missing)]
        count = len(store.rows) // ROW
        if count != len(self.inside):
            faults.append(f"the store has {count} entries, {len(self.inside)} are inside")
        return faults


def _kind_of(values):
    """One word for a record of this lane: paid, or what it let go for nothing."""
    return "paid" if values["kind"] == record.APPROVED else values["reason"]
