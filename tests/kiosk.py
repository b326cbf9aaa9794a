# SPDX-License-Identifier: Apache-2.0
"""A kiosk on a long stand: the simplest trade with a shift, for the tests of shifts."""

from firmware.devices.shift import Shift
from firmware.devices.trade import Offer, Trade
from sim.flash import Flash
from tests.small_card import SmallCard
from tests.stand import Stand


class LongStand(Stand):
    """Room for forty records."""

    flash, limits = Flash(12, 3072), (1000, 750)


class Kiosk(Trade):
    """A trade with a shift and nothing else; a card whose number ends in 77 is staff."""

    def __init__(self, settings, parameters):
        Trade.__init__(self, settings, parameters)
        self.shift = Shift()
        self.cut = 0

    def attach(self, house):
        Trade.attach(self, house)
        self.shift.attach(house)

    def restore(self, recent):
        self.shift.restore(recent)

    def turn(self):
        self.cut += self.shift.turn()

    def offer(self):
        return Offer("ready" if self.shift.is_open else "closed", 200, self.shift.is_open)

    def refuse(self, pan, psn):
        return "staff" if pan.endswith("77") else ""

    def onto(self, values):
        Trade.onto(self, values)
        self.shift.onto(values)

    def after(self, sold):
        self.shift.after(sold)


def a_kiosk(extra="same_card_s: 0\nclass: senior 62280002 50\n"):
    """(Stand, how to get at the shift of its last start)"""
    made = []

    def make(settings, parameters, clock, report):
        made[:] = [Kiosk(settings, parameters)]  # the one before holds a whole terminal
        return made[0]

    return LongStand(extra, make), lambda: made[0].shift


def card(number):
    return SmallCard("62280001%06d" % number)


def summed(stand, number):
    """(count, fen) of the sales of a shift, from the records alone."""
    sales = [one["amount_fen"] for kind, one in stand.records() if kind == "approved"
             and one["shift"] == number]  # fmt: skip
    return len(sales), sum(sales)


def taken(shift):
    """(count, fen) of cards, as the shift has it."""
    full, reduced = shift.sum_of("card"), shift.sum_of("reduced")
    return full[0] + reduced[0], full[2] + reduced[2]
