# SPDX-License-Identifier: Apache-2.0
"""A toll lane on a test stand: stations 1, 2 and 3, classes 1 and 2, a loop set by hand."""

from firmware.devices.toll_booth import COMMANDS, Booth
from firmware.errors import LinkLost
from firmware.fares import layout
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from firmware.neighbours.relay import Relay
from tests.devices.parking_stand import Barrier
from tests.fares.tables import Bytes, packed, product
from tests.stand import Stand

PRICES = ((500, 1000, 2000), (1000, 500, 1500), (2000, 1500, 500))
DEAREST = 4500


class At:
    """Settings of a lane at this station."""

    terminal, line = 1501, 6

    def __init__(self, settings, stop):
        self.more, self.stop = settings.more, stop


class Keyboard:
    """The collector's end of the line."""

    def __init__(self):
        self.typed, self.said = b"", b""

    def read(self, count, timeout_ms):
        data, self.typed = self.typed[:count], self.typed[count:]
        return data

    def write(self, data):
        self.said += data

    def close(self):
        pass


class Loop:
    """An input; `gone`: it cannot be read."""

    level, gone = 0, False

    def get(self):
        if self.gone:
            raise LinkLost("no pin")
        return self.level

    def close(self):
        pass


def tariff():
    """Class 2 pays the double; an unknown station costs what is dearer than all."""
    places = [{"stop": at, "value": at - 1} for at in (1, 2, 3)]
    cells = [{"fen": fen * times} for times in (1, 2) for row in PRICES for fen in row]
    rows = []
    for number in (1, 2):
        one = product("toll-%d" % number, layout.MATRIX, fen=DEAREST * number, places=3, prices=3)
        one["first_price"] = 9 * (number - 1)
        rows.append(one)
    sections = {"products": rows, "places": places, "cells": cells}
    return Cutover([Fares(Bytes(packed(sections, ceiling_fen=10000)))])


class Lane(Stand):
    """A lane at a station, opened at 10:MM; trade(here, parameters, booth, clock): its class."""

    def __init__(self, lane, station, minute, trade, collector=False, hour=10, **more):
        self.barrier, self.keyboard, self.loop = Barrier(), Keyboard(), Loop()
        self.more = dict(more, lane=lane, product="toll")
        self.station, self.build, self.collector = station, trade, collector
        super().__init__("same_card_s: 0\nceiling_fen: 10000", self.make)
        self.clock.now = (2026, 11, 21, hour, minute, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        relay = Relay(lambda: self.barrier, 500, clock)
        console = None
        if self.collector:
            console = Neighbour(lambda: self.keyboard, Console(COMMANDS), clock)
        usual = int(self.more.get("vehicle_class", "0" if self.collector else "1"))
        self.booth = Booth(relay, clock, usual, console, lambda: self.loop)
        here = At(settings, self.station)
        self.trade = self.build(here, parameters, self.booth, clock)
        return self.trade

    def key(self, text):
        """What the console answers to a line."""
        self.keyboard.said = b""
        self.keyboard.typed += text.encode() + b"\r\n"
        self.trade.turn()
        self.trade.turn()
        return self.keyboard.said.decode()

    def drive_over(self):
        """A vehicle drives over the loop."""
        for level in (1, 0):
            self.clock.ms += 3000
            self.loop.level = level
            self.trade.turn()

    def reasons(self):
        return [values["reason"] for _, values in self.records()]
