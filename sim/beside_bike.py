# SPDX-License-Identifier: Apache-2.0
"""Bike stations on the stage: docks, bikes and riders, who know who has what.

One terminal serves one station after the other: `turn` writes other settings and starts it anew,
on the same journal; what its docks hold stays. Each rider's price is reckoned here by `beside` of
the scenario and the moments at which locks opened and closed. Settings that go with it: docks:
serial:docks, and those of beside_records.py.
"""

from collections import Counter

from firmware.capp import layouts
from firmware.formats import extension, record
from sim import capp_files
from sim.beside_bike_books import BikeBooks, frozen_on
from sim.beside_records import BesideRecords
from sim.docks import DockStation

PLAIN = (20, 24)  # bikes and docks of a station where the scenario names none
OPEN_MS, STEP_MS = 6000, 200  # nobody waits longer for a lock
LOCK_MS = 2500  # from the lock to the card
WALK_MS = 800
HIRED = ("frozen", "torn_recovered", "stamp_proven", "re_entry")
BACK = ("ok", "concession", "free_return", "torn_recovered", "stamp_proven")


class DockSwitch:
    """Machine of world_lines.py: the docks of the station that the terminal serves."""

    def __init__(self, stations, stop):
        self.stations, self.stop = stations, stop

    def here(self):
        """DockStation of that station."""
        return self.stations[self.stop]

    def feed(self, data, now_ms):
        """From the terminal."""
        self.here().feed(data, now_ms)

    def outgoing(self, now_ms):
        """To the terminal."""
        return self.here().outgoing(now_ms)


class BesideBike(BesideRecords):
    """`books`: BikeBooks; scenario `beside`: stations {stop: [bikes, docks]}, free_min, step_min,
    step_fen, cap_fen, transfer_free_min.
    """

    def __init__(self, play):
        super().__init__(play)
        stop = play.scenario.settings["stop"]
        told = play.scenario.beside.get("stations", {stop: PLAIN})
        stations, bike = {}, 1000
        for stop_here, (bikes, docks) in sorted(told.items()):
            filled = list(range(bike, bike + bikes)) + [0] * (docks - bikes)
            stations[int(stop_here)], bike = DockStation(filled), bike + bikes
        self.docks = self.world.lines.peers["docks"] = DockSwitch(stations, stop)
        self.books = BikeBooks(play, stations)
        self.said: Counter = Counter()

    def verbs(self):
        own = {
            "turn": self.turn, "bike": self.bike, "hire": self.hire, "bring": self.bring,
            "leave": self.leave, "bus": self.bus, "dock": self.dock,
        }  # fmt: skip
        return {**super().verbs(), **own}

    # --- steps

    def turn(self, stop):
        """The terminal serves another station from here on, with a serial number of its own."""
        self.docks.stop = stop
        path = self.play.folder / "settings.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [one for one in lines if one.partition(":")[0] not in ("stop", "ifd_serial")]
        text = "\n".join([*kept, f"stop: {stop}", f"ifd_serial: {stop:08d}"]) + "\n"
        path.write_text(text, encoding="utf-8")
        self.world.pull_plug()

    def dock(self, number, stuck):
        """The lock of a dock sticks, or is mended."""
        self.docks.here().places[number].stuck = stuck
        if not stuck:
            self.docks.here().mend(number, self.world.now_ms)

    def bus(self, card, note=""):
        """Somebody has come by bus: a bus reader elsewhere has written it into his card's ring."""
        self.play.narrate(note)
        made, _ = self.play.card(card)
        moment = tuple(self.play.local().timetuple()[:6])
        fields = {"trade": 2, "line": 5, "time": moment, "amount_fen": 200, "full_fen": 200}
        ride = layouts.write(layouts.RIDE, bytes(48), fields)
        capp_files.push(made.state["extended"]["ring"], ride.hex().upper())
        self.books.by_bus.add(card)

    def bike(self, card, **how):
        """Who rides a bike brings it, who has none hires one."""
        self.play.join(self._comes(card, how))

    def hire(self, card, takes=True, **how):
        """Somebody hires; takes: whether he pulls the bike out."""
        self.play.join(self._hires(card, takes, how))

    def bring(self, card, **how):
        """Somebody locks his bike here and taps; who has none does nothing."""
        self.play.join(self._brings(card, how))

    def leave(self, card, note=""):
        """Somebody locks his bike here and goes without a tap."""
        self.play.narrate(note)
        if card in self.books.riding and self._push(card):
            self.books.untapped.add(card)
            self.books.riding.pop(card)

    # --- people

    def _comes(self, name, how):
        if name in self.books.riding:
            yield from self._brings(name, how)
        else:
            yield from self._hires(name, True, how)

    def _hires(self, name, takes, how):
        ends = how.pop("ends", ()) or self._ends(name)
        yield from self.play.visit(name, ends=ends, act="hire", takes=takes, **how)

    def _ends(self, name):
        """What may be said to who hires: by what the docks hold and what he has."""
        station = self.docks.here()
        ends: tuple = HIRED
        if not station.locked():
            ends = (*ends, "no_bikes")
        if frozen_on(self.play.crowd.cards.get(name)):  # torn before, and gone
            ends = (*ends, "bike_out", "free_return")
        return ends

    def _brings(self, name, how):
        if name not in self.books.riding:
            return
        if not self._push(name):
            self.books.turned_away += 1  # no empty dock: he rides on
            return
        yield LOCK_MS
        ends = how.pop("ends", ()) or BACK
        yield from self.play.visit(name, ends=ends, act="bring", **how)

    def _push(self, name):
        ride = self.books.riding[name]
        number = self.docks.here().push(ride.bike, self.world.now_ms)
        if number:
            self.books.locked(name, self.docks.stop)
        return number

    def visited(self, name, message, after):
        """Pull the bike out of the dock that opens, or be done with it."""
        self.said[(after.get("act"), message)] += 1
        if after.get("act") == "bring":
            if message in BACK:
                self.books.settled(name)
            return
        if after.get("act") != "hire":
            return
        if message == "no_bikes" and self.docks.here().locked():
            self.play.wrong.append(f"{self.play.when()}: {name} was told that there is no bike")
        if message not in HIRED:
            return
        self.books.hired(name, self.docks.stop)
        yield from self._takes(name, after)

    def _takes(self, name, after):
        """Generator: wait for a lock; where none opens the same card is tapped once more."""
        waited_ms, station = 0, self.docks.here()
        while not station.open_docks() and waited_ms < OPEN_MS:
            yield STEP_MS
            waited_ms += STEP_MS
        if station.open_docks() and after["takes"]:
            yield WALK_MS
            if station.open_docks():
                bike = station.take(station.open_docks()[0], self.world.now_ms)
                self.books.took(name, bike)
                yield WALK_MS
                return
        self.books.without_bike(name)
        if after["takes"] and not self.world.cuts:
            ends = ("re_entry", "free_return")
            yield from self.play.visit(name, ends=ends, act="again", takes=True)
            yield from self._after_again(name)

    def _after_again(self, name):
        if not frozen_on(self.play.crowd.cards[name]):
            self.books.released(name)
            return
        yield from self._takes(name, {"takes": True, "act": "again"})

    # --- what must agree

    def balance(self, records):
        facts, faults = self.books.balance(records)
        facts["told at the reader to who hires"] = sum(
            count for (act, _), count in self.said.items() if act == "hire"
        )
        return facts, faults + self._names(records)

    def _names(self, records):
        """QX-054: a completion names the terminal that froze, where that was another."""
        faults = []
        for values in records:
            known = extension.of(values)
            if not known or known["kind"] != extension.COMPLETION:
                continue
            if values["kind"] not in (record.APPROVED, record.STAMPED):
                continue
            was = layouts.read(layouts.FREEZE, known["changes"][-1][2])
            elsewhere = was["entry_place"] != values["stop"]
            name = f"{was['entry_place']:08d}".encode() if elsewhere else b""
            if known["terminal"] != name:
                faults.append(f"a completion names {known['terminal']!r}, not {name!r}")
        return faults
