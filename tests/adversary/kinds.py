# SPDX-License-Identifier: Apache-2.0
"""Devices of the adversary's city, and the families in which cards go from one to the other."""

from firmware.capp import layouts
from firmware.devices.adjust import Adjust
from firmware.devices.adjust_rules import COMMANDS as STAFF_KEYS
from firmware.devices.metro_card import MetroCard
from firmware.devices.parking_card import ParkingCard
from firmware.devices.parking_rules import NoBarrier
from firmware.devices.stage_bus import StageBus
from firmware.devices.stage_price import Place, Prices
from firmware.devices.stage_trip import StageTrip
from firmware.devices.toll_booth import Booth
from firmware.devices.toll_card import TollCard
from firmware.devices.trade import Trade
from firmware.devices.utilities_meter import COMMANDS as UNIT_KEYS
from firmware.devices.utilities_meter import MeterKiosk
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from sim.capp_profile import KEY_USE, VERSIONS
from tests.adversary.beside import BesideBike, BesideFuel, Nobody, Typist
from tests.devices import metro_stand, parking_stand, stage_stand, toll_stand

PACK_FEN, METER = 263, 100234


class Kind:
    """`trade(unit, settings, parameters, relay, clock, keys)`: its Trade; `beside(unit)`: what
    stands beside it; `twice`: whether one card may pay here, at this stop, twice in 100 s.
    """

    def __init__(self, name, records, trade, beside=Nobody, twice=False, same_card_s=0, **more):
        self.name, self.trade, self.beside, self.twice = name, trade, beside, twice
        self.same_card_s, self.more = same_card_s, more
        self.gate = name in ("metro out", "toll out", "park out")
        self.versions = [VERSIONS[one] for one in records]
        known = [(one, layouts.OWN[one][0]) for one in records]
        self.keys = {sfi: (KEY_USE, VERSIONS[one]) for one, sfi in known}


def _metro(unit, settings, parameters, relay, clock, keys):
    return MetroCard(settings, parameters, metro_stand.tariff(), relay, clock, keys)


def _adjust(unit, settings, parameters, relay, clock, keys):
    line = Neighbour(lambda: unit.beside, Console(STAFF_KEYS), clock)
    return Adjust(settings, parameters, metro_stand.tariff(), line, clock, keys)


def _toll(unit, settings, parameters, relay, clock, keys):
    booth = Booth(relay, clock, 1, None, lambda: unit.beside)
    return TollCard(settings, parameters, toll_stand.tariff(), booth, clock, keys)


def _parking(unit, settings, parameters, relay, clock, keys):
    relay = NoBarrier() if settings.more["lane"] == "pay" else relay
    tariff = parking_stand.tariff()
    return ParkingCard(settings, parameters, tariff, None, relay, clock, keys)


def _stage(unit, settings, parameters, relay, clock, keys):
    lane = "lane" in settings.more
    prices = Prices(settings, parameters, stage_stand.stages() if lane else None)
    kind = StageTrip if lane else StageBus
    return kind(settings, parameters, prices, Place(settings, None), clock, keys)


def _bike(unit, settings, parameters, relay, clock, keys):
    return unit.beside.trade(settings, parameters, clock, keys)


def _meter(unit, settings, parameters, relay, clock, keys):
    line = Neighbour(lambda: unit.beside, Console(UNIT_KEYS), clock)
    return MeterKiosk(settings, parameters, clock, line, keys)


def _shop(unit, settings, parameters, relay, clock, keys):
    return Trade(settings, parameters)


RIDES = ("bus", "pass", "rides")
KINDS = {
    one.name: one
    for one in (
        Kind("metro in", ("metro",), _metro, lane="entry", product="metro"),
        Kind("metro out", ("metro",), _metro, lane="exit", product="metro"),
        Kind("adjust", ("metro",), _adjust, Typist, product="metro"),
        Kind("adjust outside", ("metro",), _adjust, Typist, product="metro", area="unpaid"),
        Kind("toll in", ("toll",), _toll, lane="entry", product="toll"),
        Kind("toll out", ("toll",), _toll, lane="exit", product="toll"),
        Kind("park in", ("parking",), _parking, lane="entry", product="car"),
        Kind("park out", ("parking",), _parking, lane="exit", product="car"),
        Kind("park pay", ("parking",), _parking, lane="pay", product="car"),
        Kind("bus", RIDES, _stage, same_card_s=100, passes="card", transfer="60 1 100"),
        Kind("bus in", RIDES, _stage, lane="entry", passes="card", transfer="60 1 100"),
        Kind("bus out", RIDES, _stage, lane="exit", passes="card", transfer="60 1 100"),
        Kind("bus both", RIDES, _stage, lane="both", passes="card", transfer="60 1 100"),
        Kind("bike", ("bike",), _bike, BesideBike, True, freeze_fen="5000", product="bike"),
        Kind("fuel", ("fuel",), _bike, BesideFuel, True, freeze_fen="5000", product="92"),
        Kind("meter", ("meter",), _meter, Typist, True, bill_kind="gas",
             unit_price_fen=str(PACK_FEN)),
        Kind("shop", ("metro",), _shop, twice=True),
    )
}  # fmt: skip

# name -> (records of its cards, (kind, number, line, stop) of each terminal)
FAMILIES = {
    "metro": (("metro",), (("metro in", 11, 2, 1), ("metro out", 12, 2, 3),
              ("metro out", 13, 2, 3), ("adjust", 14, 2, 3), ("adjust outside", 15, 2, 1),
              ("metro in", 16, 2, 3), ("shop", 17, 0, 0))),
    "toll": (("toll",), (("toll in", 21, 6, 1), ("toll out", 22, 6, 3), ("toll out", 23, 6, 3),
             ("toll in", 24, 6, 3), ("shop", 25, 0, 0))),
    "parking": (("parking",), (("park in", 31, 7, 1), ("park out", 32, 7, 2),
                ("park out", 33, 7, 2), ("park pay", 34, 7, 3), ("shop", 35, 0, 0))),
    "bus": (RIDES, (("bus", 41, 5, 1), ("bus", 42, 6, 1), ("shop", 43, 0, 0))),
    "doors": (RIDES, (("bus in", 51, 5, 1), ("bus out", 52, 5, 3), ("bus both", 53, 5, 2),
              ("bus both", 54, 6, 3), ("shop", 55, 0, 0))),
    "bike": (("bike", "rides"), (("bike", 61, 0, 1), ("bike", 62, 0, 2), ("shop", 63, 0, 0))),
    "fuel": (("fuel", "rides"), (("fuel", 71, 0, 1), ("fuel", 72, 0, 2), ("shop", 73, 0, 0))),
    "meter": (("meter",), (("meter", 81, 0, 1), ("meter", 82, 0, 1), ("shop", 83, 0, 0))),
}  # fmt: skip

# What people do there when nothing goes wrong: an int is a tap at that terminal, (terminal, word)
# what happens beside it, a str is time that goes by, in s
STORIES = {
    "metro": ((0, "700", 1), (0, "700", 3, 3, 1), (0, "16000", 3, 3, 2), (5, "90", 2, 0),
              (0, "1500", 4, 4, 0, 1)),
    "toll": ((0, "1500", 1, (1, "drive")), (3, "200", 1), (0, (0, "drive"), "700", 2)),
    "parking": ((0, "4000", 3, "200", 1), (0, "4000", 1), (0, "4000", 3, "4000", 3, 2)),
    "bus": ((0, "700", 1), (0, "200", 0, "700", 1, "4000", 0)),
    "doors": ((0, "700", 1), (2, "700", 3, "700", 3), (0, "700", 2, 3), (2, "700", 1)),
    "bike": ((0, (0, "take"), "4000", (1, "bring"), 1), (0, (0, "take"), "700", (0, "bring"), 0),
             ((0, "stuck"), 0, "20", 0, (0, "mend"), 0), (0, "45", 0),
             ((0, "stuck"), 0, "20", (0, "mend"), 0, (0, "take"), "4000", (0, "bring"), 0)),
    "fuel": (((0, "lift"), 0, (0, "pour"), (0, "hang"), 0), ((0, "lift"), 0, (0, "hang"), 0),
             ((1, "lift"), 1, (1, "pour little"), (1, "hang"), "700", 0, 1)),
    "meter": (((0, "on 7"), (0, "buy 2"), 0, (0, "buy 1"), 0), ((1, "on 7"), (1, "buy 2"), 1)),
}  # fmt: skip
