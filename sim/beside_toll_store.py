# SPDX-License-Identifier: Apache-2.0
"""An exit lane of a toll road on the stage whose entries lie in the lanes' shared store; the entry
lanes of the other stations are played at the wire, as a car park's is (sim/beside_parking.py).

Settings that go with it: lane: exit, twin: serial:twin, store: file:{folder}/store.bin,
door: barrier, loop: loop, console: serial:console
"""

from firmware.devices.lane_store import Entry, key_of
from firmware.devices.parking_store import FREE, PAID
from sim.beside_parking import AGAIN_MS, ATTEMPTS, BesideParking
from sim.toll_camera import Camera, drive_over

KEYED_MS = 600


class BesideTollStore(BesideParking):
    """Vehicles by the name of their card."""

    FACTS = (
        "entries stored for the other stations",
        "vehicles sent away at the entry",
        "paid at the exit",
        "left without paying",
        "free vehicles",
        "told to open once more, paid before",
        "barrier was told to open",
        "vehicles that drove off",
        "vehicles on the road at the end",
    )

    def __init__(self, play):
        super().__init__(play)
        self.camera = Camera(play)
        self.came: dict = {}  # name -> (station, class, datetime) of its stored entry
        self.classes: dict = {}  # name -> class at its entry

    def verbs(self):
        return {**super().verbs(), "ride": self.ride}

    def ride(self, card, station, minutes=None, vehicle=1, stamped=None, **how):
        """A vehicle comes in at a station and is at this lane `minutes` later; stamped: the class
        that the entry lane took it for. Other arguments: of leave().
        """
        self.origins[card] = station
        self.classes[card] = vehicle if stamped is None else stamped
        self.park(card, minutes, vehicle=vehicle, **how)

    def leave(self, card, cut=False, vehicle=1, **how):
        """A vehicle is at the exit, the collector keys its class. Others: of BesideParking's."""
        first = (lambda: self._key(vehicle, cut), KEYED_MS)
        self.play.do_tap(card, first=first, vehicle=vehicle, **how)

    def _key(self, vehicle, cut):
        self.keys.key(f"class {vehicle}")
        self.barrier.fails = cut

    def _enter(self, card):
        """As BesideParking's, with station and class."""
        verdict = ""
        for _ in range(ATTEMPTS):
            self.world.stir()
            now = self.play.local()
            entry = Entry(
                key_of(self._pan(card)), self.origins[card], now.timetuple()[:6],
                self.classes[card],
            )  # fmt: skip
            verdict = yield from self.entry.enter(entry, self.world)
            if verdict == "stored":
                self.came[card] = (self.origins[card], self.classes[card], now)
            if verdict not in ("lost", "store_lost"):
                break
            yield AGAIN_MS
        return verdict

    def visited(self, name, message, after):
        """Who may go is seen by the camera and drives over the loop."""
        cut = message == "re_entry" and name in self.came  # the payment was not shown
        if cut or message in (*PAID, *FREE):
            came = self.came.pop(name, None)
            if message != "pass_valid":
                stop = self.play.scenario.settings["stop"]
                paid = cut or message in PAID
                self.camera.sees(name, "exit", stop, after["vehicle"], paid, came)
        before = self.left[name]
        yield from super().visited(name, message, after)
        if self.left[name] > before:
            yield from drive_over(self.world)

    def balance(self, records):
        """As BesideParking's; and each card has paid what the camera says."""
        facts, faults = super().balance(records)
        facts["owed by the camera, fen"] = self.camera.owed_fen()
        if not self.world.cuts:
            faults += self.camera.money_faults(records)
        return facts, faults
