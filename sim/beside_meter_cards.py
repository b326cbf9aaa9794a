# SPDX-License-Identifier: Apache-2.0
"""A kiosk that writes units onto the cards of meters, on the stage; the meters at home read them.

Settings that go with it: sells: units, console: serial:console, unit_price_fen, record_key: 28/0A,
and those of beside_records.py. Who has no meter yet is given one by the office at his first visit.
"""

from collections import Counter

from firmware.formats import record
from sim.beside import KEYED_MS, shift_balance
from sim.beside_records import BesideRecords
from sim.meter_home import HomeMeter, carried, give_out

FIRST = 100001  # number of a meter
HUNDREDTHS = 100


class BesideMeterCards(BesideRecords):
    """`homes`: {name of a card: its HomeMeter}."""

    def __init__(self, play):
        super().__init__(play)
        told = play.scenario.settings
        self.kind = told.get("bill_kind", "water")
        self.price_fen = int(told["unit_price_fen"])
        self.pack = int(told.get("unit_pack", 1)) * HUNDREDTHS
        self.homes: dict[str, HomeMeter] = {}

    def verbs(self):
        return {**super().verbs(), "purchase": self.purchase, "home": self.home}

    def purchase(self, card, packs, registered=True, kind=None, **how):
        """Packs are keyed, a card pays; registered = false: the office has given it no meter;
        kind: of its meter, where it is another one's.
        """

        def first():
            for name in [card] if isinstance(card, str) else card:
                if registered:
                    self._home_of(name, kind or self.kind)
            self.keys.key(f"buy {packs}")

        self.play.do_tap(card, first=(first, KEYED_MS), **how)

    def home(self, card, units=None, note=""):
        """The card is held at its meter; units: what the meter must take of it."""
        self.play.narrate(note)
        taken = self.homes[card].lay(self.play.card(card)[0])
        self.tell("meter", f"{card}: {taken}")
        if units is not None and taken != units:
            self.play.wrong.append(f"{self.play.when()}: the meter of {card} took {taken}")

    def _home_of(self, name, kind):
        card = self.play.card(name)[0]
        if name not in self.homes and carried(card) is not None:
            number = FIRST + len(self.homes)
            self.homes[name] = HomeMeter(number, kind)
            give_out(card, kind, number)

    def balance(self, records):
        """What each card counts is what it has paid, and what each meter took is of that card;
        all of it is what the journal says was sold, or is unknown.
        """
        faults, sold, taken = [], 0, 0
        for name, card in self.play.crowd.cards.items():
            values = carried(card)
            if values is None:
                continue
            paid = sum(fen for _, fen, final in card.debits if final)
            if values["total_units"] * self.price_fen != paid * self.pack:
                faults.append(f"{name} carries {values['total_units']} units and paid {paid} fen")
            home = self.homes.get(name)
            sold += values["total_units"]
            if home:
                last = home.lay(card)  # everybody goes home at last
                if not isinstance(last, int) or home.credit != values["total_units"]:
                    faults.append(f"the meter of {name} has {home.credit} units ({last})")
                taken += home.credit
        said: Counter = Counter()
        for one in records:
            said[one["kind"]] += one["amount_fen"]
        least = said[record.APPROVED] * self.pack
        most = least + said[record.PENDING] * self.pack
        if not least <= sold * self.price_fen <= most or taken != sold:
            faults.append(f"{sold} units on cards, {taken} in meters, the journal says otherwise")
        facts, more = shift_balance(records)
        facts = {
            "purchases": sum(one["kind"] == record.APPROVED for one in records),
            "units on cards, 0.01": sold,
            "units in meters, 0.01": taken,
            **facts,
        }
        return facts, faults + more
