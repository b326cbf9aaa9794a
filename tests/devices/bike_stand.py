# SPDX-License-Identifier: Apache-2.0
"""A bike station on a stand: real device and line, virtual docks at its other end."""

from firmware.capp import layouts
from firmware.devices.bike import Bike
from firmware.devices.bike_docks import Station
from firmware.devices.card_trade import EVERY, Keys
from firmware.errors import LinkLost
from firmware.fares.trip import Fare
from firmware.kernel import tags, tlv
from firmware.neighbours.dock import Docks
from firmware.neighbours.line import Neighbour
from sim.docks import DockStation
from sim.flash import Flash
from tests.capp_card import CappCard, HashModule
from tests.stand import Stand

FLASH = Flash(9, 2560)
PLACE = (layouts.OWN["bike"][0], 0)
HELD_FEN = 5000


class DockWire:
    """The byte stream between both ends; `up` False: the docks are away."""

    def __init__(self, station, clock):
        self.station, self.clock, self.up = station, clock, True

    def read(self, count, timeout_ms):
        """What the docks say."""
        self._check()
        return self.station.outgoing(self.clock.ticks_ms())

    def write(self, data):
        """To the docks."""
        self._check()
        self.station.feed(data, self.clock.ticks_ms())

    def close(self):
        """Nothing to give back."""

    def _check(self):
        if not self.up:
            raise LinkLost("docks are away")


class Hourly:
    """Half an hour is free, each begun hour costs 1 yuan; what a Cutover answers."""

    def stay(self, product, began, ended, pan="", trusted=True, spent=None):
        """Fare of a stay within a day."""
        minutes = (ended[3] - began[3]) * 60 + ended[4] - began[4]
        fen = 0 if minutes <= 30 else 100 * ((minutes - 1) // 60 + 1)
        return Fare(fen, fen, "adult", "time", 1, 3) if trusted else None


class BikeStand(Stand):
    """`docks`: the DockStation, which outlives restarts; `module`."""

    flash, limits = FLASH, (1200, 950)

    def __init__(self, bikes=(11, 12, 0), minute=0, **more):
        self.module = HashModule()
        self.docks = DockStation(bikes)
        self.more = {"freeze_fen": str(HELD_FEN), "valid_min": "240", "product": "bike"}
        self.more.update(more)
        super().__init__("same_card_s: 600\nmerchant: 104310055110001", self.make)
        self.at(minute)
        self.settle()

    def at(self, minute):
        """It is so many minutes past ten."""
        self.clock.now = (2026, 11, 21, 10 + minute // 60, minute % 60, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        self.wire = DockWire(self.docks, clock)
        line = Neighbour(lambda: self.wire, Docks(), clock)
        keys = Keys({EVERY: (0x28, 7)}, lambda page, pan: b"12345678")
        self.trade = Bike(settings, parameters, Hourly(), Station(line, clock, 600), clock, keys)
        return self.trade

    def settle(self, ms=1500):
        """Time in which docks and terminal talk."""
        for _ in range(max(1, ms // 500)):
            self.clock.advance(0.5)
            self.trade.turn()
            self.docks.age(self.clock.ticks_ms())
        self.trade.turn()

    def taken(self, number=None):
        """The bike that a rider pulls out of the dock that opened."""
        (dock,) = self.docks.open_docks()
        assert number in (None, dock)
        bike = self.docks.take(dock, self.clock.ticks_ms())
        self.settle()
        return bike

    def brought(self, bike):
        """A rider locks a bike here."""
        dock = self.docks.push(bike, self.clock.ticks_ms())
        self.settle()
        return dock


def new_card(pan="6228000100000010", **more):
    card = CappCard(pan, df61=0x02, **more)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])  # tells its number freely
    card.pages = {PLACE: layouts.issued("own", "bike")}
    return card


def state_of(card):
    return layouts.read(layouts.FREEZE, card.pages[PLACE])["state"]
