# SPDX-License-Identifier: Apache-2.0
"""A coach on the stage: the attendant's console, passengers who buy a seat and show it again.

Settings that go with it: console: serial:console
"""

import re
from collections import namedtuple

from firmware.devices.coach import DATA
from firmware.devices.coach_refunds import GIVEN_BACK
from firmware.devices.shift import CASH, REFUND
from firmware.formats import record
from sim.beside import ANSWERED_MS, KEYED_MS, Beside
from sim.free_read import gpos

# low, high: the stops between which a seat is taken
Ticket = namedtuple("Ticket", ("low", "high", "seat"))


class BesideCoach(Beside):
    """`checked`, `refused`: how often a ticket was shown as good, or none was found; `cash`: fen
    that the attendant has given back, as he was told to.
    """

    def __init__(self, play):
        super().__init__(play)
        self.checked = 0
        self.refused = 0
        self.mark = 0  # of the field's log, where the check began
        self.cash = 0

    def verbs(self):
        return {**super().verbs(), "check": self.check, "refund": self.refund}

    def refund(self, seat, fen=None, told="", note=""):
        """Somebody brings the ticket of a seat, the last one sold, back; fen: what must go back,
        told: why nothing does.
        """
        self.play.narrate(note)
        said = self.keys.said.decode("utf-8", "replace")
        sales = re.findall(f"(?:seat {seat}, sale|by: refund {seat}) ([0-9]+)", said)
        self.keys.key(f"refund {seat} {sales[-1] if sales else 99999}")
        self.world.spawn(self._given(seat, fen, told))

    def _given(self, seat, fen, told):
        yield ANSWERED_MS
        answer = self.keys.answer()
        found = re.search("give back ([0-9]+)[.]([0-9]{2})", answer)
        given = int(found[1] + found[2]) if found else None
        if given != fen or told not in answer:
            self.play.wrong.append(f"{self.play.when()}: seat {seat} brought back: {answer!r}")
        self.cash += given or 0

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
        tickets: list[Ticket] = []
        sold = by_cash = 0
        for values in records:
            mine = ticket_of(values)
            sold += len(mine)
            by_cash += len(mine) * (values["reason"] == CASH)
            tickets += mine
            back = values["trade_data"] if values["reason"] == REFUND else b""
            if back[:1] == GIVEN_BACK:  # its seat is free again
                stops = int.from_bytes(back[1:3], "big"), int.from_bytes(back[3:5], "big")
                one = Ticket(min(stops), max(stops), back[5])
                if one in tickets:
                    tickets.remove(one)
                else:
                    faults.append(f"seat {one.seat} was given back and not sold")
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
        facts["seats sold by card"] = sold - by_cash
        facts["seats sold for cash"] = by_cash
        facts.update(self._refunds(records, faults))
        facts["tickets checked and good"] = passes
        facts["cards without a ticket for the stop"] = refused
        return facts, faults

    def _refunds(self, records, faults):
        """What was given back: each sale once, never more than it had cost, and what the attendant
        was told to give.
        """
        back = [values for values in records if values["reason"] == REFUND]
        sales = [values["reference"] for values in back]
        if len(set(sales)) != len(sales):
            faults.append("a sale was given back twice")
        if any(values["amount_fen"] > values["full_fare_fen"] for values in back):
            faults.append("more was given back than a ticket had cost")
        fen = sum(values["amount_fen"] for values in back)
        if not self.world.cuts and fen != self.cash:
            faults.append(f"{self.cash} fen were given back, the journal says {fen}")
        return {"tickets given back": len(back), "given back in cash, fen": fen} if back else {}


def ticket_of(values):
    """[Ticket] of the record of a sale, [] of any other."""
    data = values["trade_data"]
    is_sale = values["kind"] == record.APPROVED or values["reason"] == CASH
    if not is_sale or len(data) != DATA:
        return []
    stops = int.from_bytes(data[1:3], "big"), int.from_bytes(data[3:5], "big")
    return [Ticket(min(stops), max(stops), data[5])]
