# SPDX-License-Identifier: Apache-2.0
"""A fare adjustment kiosk on the stage, and the gates before and behind it: one terminal is all of
them in turn. Settings as of beside_metro_card.py, `area`, `console`.
"""

from collections import Counter

from firmware.capp import layouts
from firmware.formats import record
from host_tools.ledger import stamps
from sim.beside_metro_card import BesideMetroCard

PUT_RIGHT = ("adjusted", "adjusted_in", "adjusted_free", "torn_recovered", "stamp_proven")


class BesideAdjust(BesideMetroCard):
    """`taken`: {name: fen that the rider has paid at the kiosk}, as he tells."""

    def __init__(self, play):
        super().__init__(play)
        told = play.scenario.settings
        self.device, self.area = play.scenario.device, told.get("area", "paid")
        self.taken: dict = {}
        self.asked = 0  # fen of the last tap
        self.put_right = 0

    def verbs(self):
        return {**super().verbs(), "adjust": self.adjust, "turn": self.turn}

    def turn(self, lane="entry", stop=1, **more):
        """The terminal is a gate of a station from here on, or the kiosk there."""
        told = {"device": "metro", "area": "paid", **more}
        self.device, self.area = told["device"], told["area"]
        super().turn(lane, stop, **told)

    def adjust(self, card, wrong, takes_fen, ends=PUT_RIGHT, tear=None, note=""):
        """A rider taps, is told what is `wrong`, and taps again: `takes_fen` are taken."""
        self.play.do_tap(card, ends=[wrong], note=note)
        self.play.do_tap(card, ends=list(ends), tear=tear, takes_fen=takes_fen)

    def heard(self, event):
        super().heard(event)
        if event["event"] == "tap":
            self.asked = event["amount_fen"]

    def visited(self, name, message, after):
        """At the kiosk nobody walks."""
        if self.device == "metro":
            yield from super().visited(name, message, after)
            return
        if message not in PUT_RIGHT:
            return
        self.put_right += 1
        self.trips.setdefault(name, []).append((self.area, self.stop))
        self.taken[name] = self.taken.get(name, 0) + self.asked
        if after.get("takes_fen", self.asked) != self.asked:
            due = after["takes_fen"]
            self.play.wrong.append(f"{self.play.when()}: {name} paid {self.asked} fen, not {due}")
        yield from ()

    def last_of(self, name):
        """(state, side, station) that the card must show."""
        lane, stop = self.trips[name][-1]
        lane = {"paid": "entry", "unpaid": "exit"}.get(lane, lane)
        return (layouts.INSIDE if lane == "entry" else layouts.CLOSED), lane, stop

    def balance(self, records):
        """As at the gates; what riders say they have paid at the kiosk = its sales."""
        facts, faults = super().balance([one for one in records if one["device"] == "metro"])
        trips = Counter(one.state for one in stamps.trips(self.play.ledger.engine))
        mine = [one for one in records if one["device"] == "adjust"]
        taken_fen = sum(one["amount_fen"] for one in mine if one["kind"] == record.APPROVED)
        told_fen = sum(self.taken.values())
        if taken_fen != told_fen and not self.world.cuts:
            faults.append(f"the kiosk has taken {taken_fen} fen, its riders have paid {told_fen}")
        cash_fen = sum(one["amount_fen"] for one in mine if one["reason"] == "paid_cash")
        facts.update(
            {
                "trips put right at the kiosk": self.put_right,
                "taken there, fen": taken_fen,
                "paid there in cash, fen": cash_fen,
                "trips that ended there": trips["adjusted"],
            }
        )
        return facts, faults
