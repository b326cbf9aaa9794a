# SPDX-License-Identifier: Apache-2.0
"""A metro gate whose trips lie on the card, on a test stand, and cards for it."""

from firmware.capp import layouts
from firmware.devices.card_trade import EVERY, Keys
from firmware.devices.metro_card import MetroCard
from firmware.kernel import tags, tlv
from firmware.neighbours.relay import Relay
from sim.flash import Flash
from tests.capp_card import METRO, CappCard, HashModule
from tests.devices.metro_stand import At, tariff
from tests.devices.parking_stand import Barrier
from tests.stand import Stand

FLASH = Flash(9, 2560)


class Gate(Stand):
    """A gate at a station; `card.pages` outlives it."""

    flash, limits, here = FLASH, (1200, 950), At

    def __init__(self, lane, station, minute, **more):
        self.module, self.barrier = HashModule(), Barrier()
        self.more = dict(more, lane=lane, product="metro")
        self.station = station
        super().__init__("same_card_s: 0", self.make)
        self.clock.now = (2026, 11, 21, 10, minute, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        relay = Relay(lambda: self.barrier, 500, clock)
        here = self.here(settings, self.station)
        keys = Keys({EVERY: (0x28, 2)}, lambda page, pan: b"12345678")
        self.trade = MetroCard(here, parameters, tariff(), relay, clock, keys)
        return self.trade


def new_card(**more):
    card = CappCard(**more)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])  # tells its number freely
    card.pages[(METRO, 0)] = layouts.issued("own", "metro")
    return card


def fields(card):
    return layouts.read(layouts.TRIP, card.pages[(METRO, 0)])


def entered(station=1, minute=0):
    card = new_card()
    assert Gate("entry", station, minute).tap(card)["outcome"] == "approved"
    return card
