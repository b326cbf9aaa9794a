# SPDX-License-Identifier: Apache-2.0
"""What stands beside a device of the adversary's city: docks, a pump, a loop, somebody who types.

`does(what)` lets something happen there: a word of `words`. What it knows of bikes and fuel is the
adversary's own, and judges the terminal.
"""

from firmware.devices.bike import Bike
from firmware.devices.bike_docks import Station
from firmware.devices.fuel import Fuel
from firmware.neighbours import dock as docks
from firmware.neighbours import pump
from firmware.neighbours.line import Neighbour
from sim.docks import DockStation
from tests.devices.bike_stand import DockWire, Hourly
from tests.devices.fuel_stand import Wire


class Beside:
    """What all have in common."""

    def greet(self):
        """Terminal and neighbour have talked before a card comes."""

    def passes(self):
        """Time has gone by here too."""

    def mend(self):
        """All that was broken works again."""


class Nobody(Beside):
    """A vehicle loop under a toll lane, else nothing."""

    words: tuple = ("drive",)
    level = 0

    def __init__(self, unit):
        self.unit = unit

    def get(self):
        return self.level

    def close(self):
        pass

    def does(self, what):
        for level in (1, 0):
            self.unit.pass_time(3)
            self.level = level
            self.unit.turns(1)


class Typist(Beside):
    """Keys of a kiosk."""

    words = ("on 7", "buy 2", "buy 1", "cancel", "free", "cash", "off")

    def __init__(self, unit):
        self.unit, self.typed = unit, b""

    def read(self, count, timeout_ms):
        data, self.typed = self.typed[:count], self.typed[count:]
        return data

    def write(self, data):
        pass

    def close(self):
        pass

    def does(self, what):
        self.typed += what.encode() + b"\r"
        self.unit.turns(3)


class BesideBike(Beside):
    """A station; `out`: bikes under way, `taken`: (terminal, hire) of those that were taken."""

    words = ("take", "bring", "wait", "stuck", "mend")

    def __init__(self, unit):
        self.unit = unit
        first = 10 * unit.number
        self.docks = DockStation([first, first + 1, 0])
        self.out, self.taken = unit.city.bikes_out, unit.city.bikes_taken

    def trade(self, settings, parameters, clock, keys):
        line = Neighbour(lambda: DockWire(self.docks, clock), docks.Docks(), clock)
        station = Station(line, clock, 600)
        return Bike(settings, parameters, Hourly(), station, clock, keys)

    def does(self, what):
        now_ms = self.unit.clock.ticks_ms()
        self.docks.age(now_ms)
        if what == "take":
            for number in self.docks.open_docks():
                named = self.docks.places[number].done
                self.taken.append((self.unit.number, named[0]))
                self.out.append(self.docks.take(number, now_ms))
        elif what == "bring" and self.out:
            if self.docks.push(self.out[0], now_ms):
                self.out.pop(0)
        elif what in ("stuck", "mend"):
            for number, place in self.docks.places.items():
                place.stuck = what == "stuck"
                self.docks.mend(number, now_ms)
        elif what == "wait":
            self.unit.pass_time(25)
        self.greet()

    def greet(self):
        for _ in range(4):
            self.unit.pass_time(0.5)
            self.unit.turns(1)

    def passes(self):
        self.docks.age(self.unit.clock.ticks_ms())

    def mend(self):
        self.does("mend")


class BesideFuel(Beside):
    """A pump; `poured` {order: fen} of all that ran out of it."""

    words = ("lift", "pour", "hang", "pour little", "deaf", "hears")

    def __init__(self, unit):
        self.unit, self.wire = unit, None
        self.poured: dict = {}

    def trade(self, settings, parameters, clock, keys):
        link = pump.PumpLink()
        if self.wire is None:
            self.wire = Wire(link, clock)
        self.wire.link, self.wire.clock = link, Halves(clock)
        reports = self.unit.events.append
        return Fuel(settings, parameters, clock, keys, link, self.wire, reports)

    def does(self, what):
        wire = self.wire
        if what == "lift" and wire.state == pump.IDLE:
            wire.state = pump.LIFTED
        elif what in ("pour", "pour little") and wire.state in (pump.RELEASED, pump.FILLING):
            most = wire.limit_fen * 1000 // 800
            wire.state = pump.FILLING
            wire.quantity = min(most, wire.quantity + (1500 if what == "pour little" else 4000))
        elif what == "hang" and wire.state in (pump.LIFTED, pump.RELEASED):
            wire.state, wire.order = pump.IDLE, 0
        elif what == "hang" and wire.state == pump.FILLING:
            wire.state = pump.FILLED
            self.poured[wire.order] = self.poured.get(wire.order, 0) + wire.status().amount_fen
        elif what in ("deaf", "hears"):
            wire.deaf = what == "deaf"
        self.unit.turns(4)

    def mend(self):
        for what in ("hears", "hang"):
            self.does(what)


class Halves:
    """The clock that a pump's wire turns on with each turn: time of its own, which only grows."""

    def __init__(self, clock):
        self.ms = clock.ticks_ms()
