# SPDX-License-Identifier: Apache-2.0
"""Two stations of public bikes on the tabletop: docks, bikes, riders, and time that passes."""

from datetime import datetime, timedelta
from typing import Any

from firmware.capp import layouts
from firmware.errors import FormatError
from firmware.neighbours import dock as docks
from sim.docks import DockStation
from sim.tabletop_beside import Beside, LinePart
from sim.tabletop_records import Module, Places, put, read_record
from sim.tabletop_tariff import write_fares

FREEZE_FEN, VALID_MIN, RETURN_MIN = 3000, 600, 2
BIKES = {31: (3101, 3102, 3103, 0, 0), 32: (3201, 0, 0, 0, 0)}  # station -> what its docks hold
STATES = ("empty", "locked", "returned", "opening", "fault")
HIRED = ("frozen", "torn_recovered", "stamp_proven", "re_entry")
AWAY = 3901  # numbers of bikes that were hired before the page began
LATER = (50, 700)  # minutes that may pass at once
PARAMETERS = "merchant: 104310055110001\nceiling_fen: 20000\n"


class Machine:
    """At the line: the docks of the station where the terminal is; events are mere news."""

    def __init__(self):
        self.stations = {stop: DockStation(bikes) for stop, bikes in BIKES.items()}
        self.stop = next(iter(BIKES))
        self.seen: Any = None

    @property
    def here(self):
        """DockStation."""
        return self.stations[self.stop]

    def rows(self):
        """[number, word of STATES, bike, whether its lock sticks] of each dock."""
        places = sorted(self.here.places.items())
        return [[number, STATES[one.state], one.bike, one.stuck] for number, one in places]

    def feed(self, data, now_ms):
        """From the terminal."""
        self.here.feed(data, now_ms)
        before, self.seen = self.seen, self.rows()
        return [] if before == self.seen else ["changed"]

    def outgoing(self, now_ms):
        """To the terminal."""
        return self.here.outgoing(now_ms)


class Docks(LinePart):
    """Words: `press 1`, `stick 1` of a dock, `take 1` by who was given a bike, `bring CARD`,
    `later CARD MINUTES`: so long ago it was that he hired.
    """

    kind = "docks"

    def __init__(self):
        super().__init__(Machine())
        self.table: Any = None
        self.waits: list[str] = []  # cards that were given a bike, newest last
        self.riding: dict[str, int] = {}  # card -> bike

    def meet(self, table):
        """Cards of a wallet that was kept may have a hire open: their bikes are under way."""
        self.table = table
        for number, (name, card) in enumerate(table.hand.cards.items(), AWAY):
            values = read_record(card, "bike")
            if values and values["state"] == layouts.FROZEN:
                self.riding[name] = number

    def tapped(self, name, message):
        if message in HIRED and name not in self.riding and self._is_frozen(name):
            self.waits = [one for one in self.waits if one != name] + [name]
        self.changed()

    def _is_frozen(self, name):
        card = self.table.hand.cards.get(name)
        values = read_record(card, "bike") if card else None
        return values is not None and values["state"] == layouts.FROZEN

    def told(self):
        return {**super().told(), "later": LATER}

    def say(self, word):
        verb, _, rest = word.partition(" ")
        act = {
            "press": self._press, "stick": self._stick, "take": self._take, "bring": self._bring,
            "later": self._later,
        }.get(verb)  # fmt: skip
        if act is None:
            raise FormatError(f"{word}: nothing of the kind is here")
        act(rest)
        self.changed()

    def _dock(self, text):
        number = int(text) if text.isascii() and text.isdigit() else 0
        if number not in self.machine.here.places:
            raise FormatError(f"no dock {text}")
        return number, self.machine.here.places[number]

    def _press(self, text):
        with self.line.lock:
            self.machine.here.press(self._dock(text)[0])

    def _stick(self, text):
        with self.line.lock:
            number, one = self._dock(text)
            one.stuck = not one.stuck
            if not one.stuck:
                self.machine.here.mend(number, self.line.now_ms())

    def _take(self, text):
        with self.line.lock:
            number, one = self._dock(text)
            if one.state != docks.OPENING:
                raise FormatError(f"dock {number} is locked: tap a card first")
            if not self.waits:
                raise FormatError("nobody waits for a bike")
            self.riding[self.waits.pop()] = self.machine.here.take(number, self.line.now_ms())

    def _bring(self, name):
        if name not in self.riding:
            raise FormatError("who rides no bike brings none")
        with self.line.lock:
            if not self.machine.here.push(self.riding[name], self.line.now_ms()):
                raise FormatError("no dock is free: there is another station")
        del self.riding[name]

    def _later(self, text):
        name, _, minutes = text.rpartition(" ")
        if minutes not in [str(one) for one in LATER]:
            raise FormatError(f"{text}: CARD and {LATER[0]} or {LATER[1]}")
        card = self.table.hand.cards.get(name) if self.table else None
        values = read_record(card, "bike") if card else None
        if not values or values["state"] != layouts.FROZEN:
            raise FormatError("no hire is open on this card")
        earlier = datetime(*values["entry_time"]) - timedelta(minutes=int(minutes))
        put(self.table, name, "bike", entry_time=tuple(earlier.timetuple()[:6]))

    def state(self):
        with self.line.lock:
            rows = self.machine.rows()
        cards = self.table.hand.cards if self.table else {}
        return {"docks": rows, "riders": self._riders(cards)}

    def _riders(self, cards):
        """[card, bike or 0, Chinese, English] of who has a hire, or had one."""
        found = []
        for name, card in cards.items():
            values = read_record(card, "bike")
            if not values or values["state"] not in (layouts.FROZEN, layouts.COMPLETED):
                continue
            held, paid = values["frozen_fen"] / 100, values["amount_fen"] / 100
            said = f"上次付 {paid:.2f}元", f"paid {paid:.2f} for the last hire"
            if values["state"] == layouts.FROZEN:
                since = "%02d:%02d" % values["entry_time"][3:5]
                said = f"{since} 起冻结 {held:.2f}元", f"{held:.2f} frozen since {since}"
            found.append([name, self.riding.get(name, 0), *said])
        return found


class Stations(Places):
    """At which of the two stations the terminal stands."""

    title = ("本站", "This station")
    places = {
        f"{stop}": (
            f"{stop}号站",
            f"Station {stop}",
            {"stop": f"{stop}", "ifd_serial": f"{stop:08d}"},
        )
        for stop in BIKES
    }

    def __init__(self, beside):
        super().__init__()
        self.beside = beside

    def say(self, word):
        super().say(word)
        with self.beside.line.lock:
            self.beside.machine.stop = int(word)
        self.changed()


def make(folder):
    """Beside of a station of public bikes."""
    racks, module = Docks(), Module()
    stations = Stations(racks)
    settings = (
        f"docks: {racks.where}\nproduct: bike\nfares: {write_fares(folder)}\n"
        f"freeze_fen: {FREEZE_FEN}\nvalid_min: {VALID_MIN}\nreturn_min: {RETURN_MIN}\n"
    )
    parts = {"docks": racks, "station": stations, "module": module}
    return Beside(settings + stations.settings() + module.settings(folder, "bike"), parts)
