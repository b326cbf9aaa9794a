# SPDX-License-Identifier: Apache-2.0
"""A coach on the stage: the attendant's console, passengers who buy a seat and show it again.

Settings that go with it: console: serial:console
"""

from collections import namedtuple

from firmware.devices.coach import DATA
from firmware.devices.shift import CASH
from firmware.formats import record
from sim.beside import KEYED_MS, Beside
from sim.free_read import gpos

# low, high: the stops between which a seat is taken
Ticket = namedtuple("Ticket", ("low", "high", "seat"))


class BesideCoach(Beside):
    """`checked`, `refused`: how often a ticket was shown as good, or none was found."""

    def __init__(self, play):
        super().__init__(play)
        self.checked = 0
        self.refused = 0
        self.mark = 0  # of the field's log, where the check began

    def verbs(self):
        return {**super().verbs(), "check": self.check}

    def check(self, card, stop, **how):
        """The attendant turns to checking for a stop, somebody shows his card."""
        self.play.do_tap(
            card, first=(lambda: self._check(stop), KEYED_MS), **{**how, "checks": True}
        )

    def _check(self, stop):
        self.mark = len(self.world.field.log)
        self.keys.key(f"check {stop}")

    def visited(self, name, message, after):
        """A check reads the number alone (TD-022)."""
        self.checked += message == "pass_valid"
        self.refused += message == "no_ticket"
        if after.get("checks"):
            for card in gpos(self.world.field.log[self.mark :]):
                self.play.wrong.append(f"{self.play.when()}: card ..{card.pan[-4:]} saw a GPO")
        yield from ()

    def balance(self, records):
        """No seat is sold twice for one stretch; a shift is the sum of its records."""
        facts, faults = super().balance(records)
        tickets = [one for values in records for one in ticket_of(values)]
        for at, one in enumerate(tickets):
            for other in tickets[at + 1 :]:
                if one.seat == other.seat and one.low < other.high and other.low < one.high:
                    faults.append(f"seat {one.seat} is sold twice between two stops")
        passes = sum(values["reason"] == "pass_valid" for values in records)
        refused = sum(values["reason"] == "no_ticket" for values in records)
        if not self.world.cuts and (passes, refused) != (self.checked, self.refused):
            faults.append(
                f"{self.checked} tickets were good and {self.refused} not,"
                f" {passes} and {refused} in the journal"
            )
        by_card = sum(values["kind"] == record.APPROVED for values in records)
        facts["seats sold by card"] = by_card
        facts["seats sold for cash"] = len(tickets) - by_card
        facts["tickets checked and good"] = passes
        facts["cards without a ticket for the stop"] = refused
        return facts, faults


def ticket_of(values):
    """[Ticket] of the record of a sale, [] of any other."""
    data = values["trade_data"]
    is_sale = values["kind"] == record.APPROVED or values["reason"] == CASH
    if not is_sale or len(data) != DATA:
        return []
    stops = int.from_bytes(data[1:3], "big"), int.from_bytes(data[3:5], "big")
    return [Ticket(min(stops), max(stops), data[5])]
