# SPDX-License-Identifier: Apache-2.0
"""A bus reader with records on cards on a test stand: one tap a ride, or a tap at each end."""

from firmware.capp import layouts
from firmware.devices.card_trade import EVERY, Keys
from firmware.devices.stage_bus import StageBus
from firmware.devices.stage_price import Place, Prices
from firmware.devices.stage_trip import StageTrip
from firmware.fares import layout
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from firmware.kernel import tags, tlv
from sim.flash import Flash
from tests.capp_card import CappCard, HashModule
from tests.fares.tables import Bytes, packed, product
from tests.stand import Stand

FLASH = Flash(9, 3072)
PRICES = ((200, 300, 400), (300, 200, 300), (400, 300, 200))


class At:
    """Settings of a reader of this line, at this stop."""

    def __init__(self, settings, terminal, line, stop):
        self.more, self.terminal, self.line, self.stop = settings.more, terminal, line, stop


def stages():
    """Three stops of lines 5 and 6; an unknown one costs 9 yuan."""
    places = [{"stop": at, "value": at - 1} for at in (1, 2, 3)]
    cells = [{"fen": fen} for row in PRICES for fen in row]
    lines = [product(word, layout.MATRIX, fen=900, places=3, prices=3) for word in ("5", "6")]
    return Cutover([Fares(Bytes(packed({"products": lines, "places": places, "cells": cells})))])


class Bus(Stand):
    """A reader of a line at a minute behind 10:00; `card` outlives it."""

    flash, limits = FLASH, (1400, 1150)

    def __init__(self, line=5, minute=0, stop=1, terminal=1501, fleet="same_card_s: 60", **more):
        self.module, self.at = HashModule(), (terminal, line, stop)
        self.more = {key: str(more[key]) for key in more}
        super().__init__(fleet, self.make)
        self.clock.now = (2026, 11, 21, 10 + minute // 60, minute % 60, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        here = At(settings, *self.at)
        keys = Keys({EVERY: (0x28, 3)}, lambda page, pan: b"12345678")
        lane = settings.more.get("lane")
        prices = Prices(here, parameters, stages() if lane else None)
        kind = StageTrip if lane else StageBus
        self.trade = kind(here, parameters, prices, Place(here, None), clock, keys)
        return self.trade


def new_card(profile="own", trades=("bus", "pass"), **more):
    """A card with blank records of these trades, and a ring without rides."""
    card = CappCard(**more)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])  # tells its number freely
    card.pages = {}
    for trade in trades:
        card.pages[(layouts.PROFILES[profile][trade][0], 0)] = layouts.issued(profile, trade)
    return card


def put(card, trade, **fields):
    """Fields of a record on the card, as somebody else has written them."""
    sfi, _, _, known = layouts.OWN[trade]
    card.pages[(sfi, 0)] = layouts.write(known, card.pages[(sfi, 0)], fields)


def read(card, trade="bus", profile="own"):
    """Dict of a record of the card."""
    sfi, _, _, known = layouts.PROFILES[profile][trade]
    return layouts.read(known, card.pages[(sfi, 0)])


def rides(card, profile="own"):
    """Dicts of the ring, newest first."""
    return [layouts.read(layouts.PROFILES[profile]["rides"][3], one) for one in card.newest]
