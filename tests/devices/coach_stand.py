# SPDX-License-Identifier: Apache-2.0
"""A coach on a test stand: three stops, two seats, the attendant's keys on a line in memory."""

from firmware.devices.coach import COMMANDS, Coach
from firmware.fares import trip
from firmware.kernel import tags, tlv
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.devices.shop_stand import Till
from tests.small_card import SmallCard

FEN = {(1, 5): 1000, (1, 9): 2500, (5, 1): 1000, (5, 9): 2000, (9, 1): 2500}


class Matrix:
    """A fare table as a coach asks it: stops 1, 5, 9; 9 to 5 is not sold; half is half.

    The engine of firmware/fares takes 25 KB of a board's heap, which a test file shares: it is
    asked in tests/host/test_thin_devices.py.
    """

    def price(self, asked):
        fen = FEN.get((asked.origin, asked.destination))
        if fen is None or asked.product not in ("c1", "c1-half"):
            return None
        own_fen = fen // 2 if asked.product == "c1-half" else fen
        return trip.Fare(own_fen, own_fen, "adult", "matrix", 1, 4)


class Ride(Till):
    """A coach with two seats."""

    def make(self, settings, parameters, clock, report):
        settings.more.update({"product": "c1", "seats": "2"})
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock)
        self.trade = Coach(settings, parameters, clock, line, Matrix())
        return self.trade


def open_card(pan):
    card = SmallCard(pan)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card
