# SPDX-License-Identifier: Apache-2.0
"""A trade that stamps the metro record, and a stand for it: for the tests of card_records.py."""

from firmware.devices.card_words import ROWS
from firmware.devices.trade import OWN, Charge, Offer, Trade, Trip
from firmware.kernel import capp
from sim.flash import Flash
from tests.capp_card import METRO, TRIP_ID, HashModule
from tests.stand import Stand

FACTOR = b"12345678"
FLASH = Flash(9, 2560)


class Stamps(Trade):
    """Each ride costs `fen` and writes its number into the last byte."""

    uses_records = True
    words = "\n" + ROWS

    def __init__(self, settings, parameters):
        super().__init__(settings, parameters)
        self.kind, self.fen, self.least_fen, self.says = 1, 0, None, ""
        self.rides = 0
        self.asked, self.place = ((METRO, TRIP_ID),), 0  # read; which of them is stamped
        self.frozen_by = OWN

    def offer(self):
        return Offer("ready", None, True)

    def begin(self):
        self.rides += 1

    def wants(self, selected):
        return self.asked

    def key_of(self, page, pages, pan):
        return (0x28, 1, FACTOR)

    def trip_of(self, pages, pan):
        if self.says:
            return self.says
        page = pages[self.place]
        after = page.data[:-1] + bytes((self.rides,))
        change = capp.Change(page.sfi, page.following, page.data, after, None)
        charge = Charge(self.fen, self.fen, "", "stamp", 1)
        return Trip(charge, self.kind, (change,), self.least_fen, self.frozen_by)

    def stamped(self, page, change):
        return page.data[-1:] == change.after[-1:]


class RecordStand(Stand):
    """`module`: HashModule; `trade`: the Stamps at work."""

    flash, limits = FLASH, (1200, 950)

    def __init__(self, extra="same_card_s: 0"):
        self.module = HashModule()
        super().__init__(extra, self.make)

    def make(self, settings, parameters, clock, report):
        self.trade = Stamps(settings, parameters)
        return self.trade
