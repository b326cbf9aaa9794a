# SPDX-License-Identifier: Apache-2.0
"""A coach on a test stand: three stops, two seats, the attendant's keys on a line in memory."""

from firmware.devices.coach import COMMANDS, Coach
from firmware.fares import layout
from firmware.fares.cutover import Cutover
from firmware.fares.engine import Fares
from firmware.kernel import tags, tlv
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.devices.shop_stand import Till
from tests.small_card import SmallCard


class Bytes:
    """A blob in memory."""

    def __init__(self, data):
        self.data, self.size = data, len(data)

    def read(self, at, count):
        return self.data[at : at + count]


def product(word, first):
    row = {"word": layout.padded(word), "kind": layout.MATRIX, "group": 0, "fen": layout.NO_FEN}
    row["most_fen"], row["least_balance_fen"], row["most_riders"] = layout.NO_FEN, 0, 1
    row["first_place"], row["places"], row["first_price"], row["prices"] = 0, 3, first, 3
    return row


def table():
    """Stops 1, 5, 9: 10.00 and 20.00 and 25.00 through, half of it half; 9 to 5 is not sold."""
    head = {"version": 4, "effective": "20260101000000", "ceiling_fen": 10000}
    head["round_fen"], head["drift_s"] = 1, 0
    places = [{"stop": stop, "value": row} for row, stop in enumerate((1, 5, 9))]
    full = (0, 1000, 2500, 1000, 0, 2000, 2500, layout.NO_FEN, 0)
    half = [fen if fen == layout.NO_FEN else fen // 2 for fen in full]
    cells = [{"fen": fen} for fen in list(full) + half]
    sections = {"products": [product("c1", 0), product("c1-half", 9)], "places": places}
    sections["cells"] = cells
    return Cutover([Fares(Bytes(layout.pack_table(head, sections)))])


class Ride(Till):
    """A coach with two seats."""

    def make(self, settings, parameters, clock, report):
        settings.more.update({"product": "c1", "seats": "2"})
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock)
        self.trade = Coach(settings, parameters, clock, line, table())
        return self.trade


def open_card(pan):
    card = SmallCard(pan)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card
