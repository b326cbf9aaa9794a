# SPDX-License-Identifier: Apache-2.0
"""A canteen's window on the stage: what each guest had to pay, by a rule of its own.

Settings that go with it: those of beside_shop.py; buttons: inputs `b1=1 ..`. The scenario's
`[beside]` has who pays for whom: paid_for = ["KIND FEN|NN% MEALS_A_DAY FEN_A_MONTH [CLASS]"], by
the kind of card; CLASS is what records call it, the kind where it is left out. Beside the slip,
the bill that the ledger makes for each class is held against what these guests did not pay.
"""

from collections import Counter

from host_tools.ledger import campus
from sim.beside_shop import BesideShop

PRESSED_MS = 300


class BesideCanteen(BesideShop):
    """`owed`: fen by class that somebody else is billed for."""

    def __init__(self, play):
        super().__init__(play)
        self.paid_for = {}
        for line in play.scenario.beside.get("paid_for", []):
            kind, given, meals, month_fen, *called = line.split()
            self.paid_for[kind] = (given, int(meals), int(month_fen), (called or [kind])[0])
        self.owed: Counter = Counter()
        self.meals: Counter = Counter()  # by card and day
        self.months: Counter = Counter()  # by card and month

    def verbs(self):
        return {**super().verbs(), "press": self.press}

    def press(self, pins, card="", **how):
        """Buttons are pressed one behind the other, then somebody pays, where there is a card."""

        def all_of_them():
            self.world.spawn(self._press(pins.split()))

        if card:
            self.play.do_tap(card, first=(all_of_them, 1000 + 2 * PRESSED_MS * 4), **how)
        else:
            all_of_them()

    def _press(self, pins):
        dishes = dict(
            word.split("=") for word in self.play.scenario.settings.get("buttons", "").split()
        )
        for pin in pins:
            if dishes[pin] == "clear":
                self.forget()
            else:
                self.typed(f"item {dishes[pin]}")
            self.world.pins[pin] = 1
            self.world.stir()
            yield PRESSED_MS
            self.world.pins[pin] = 0
            yield PRESSED_MS

    def counted(self, name, card, fen, hour):
        """The guest's own sum: the full price less what is still given to him."""
        kind = name.partition("#")[0]
        full_fen = self.asked_fen
        given_fen = 0
        if kind in self.paid_for:
            given, most, month_most, called = self.paid_for[kind]
            today, month = f"{name} {self.play.local():%d}", f"{name} {self.play.local():%m}"
            if not most or self.meals[today] < most:
                given_fen = given_of(given, full_fen)
                if month_most:
                    given_fen = min(given_fen, month_most - self.months[month])
                given_fen = min(given_fen, full_fen - 1)
            if given_fen:
                self.meals[today] += 1
                self.months[month] += given_fen
                self.owed[called] += given_fen
        if fen != full_fen - given_fen:
            self.play.wrong.append(
                f"{self.play.when()}: {name} paid {fen} fen of {full_fen}, {given_fen} are given"
            )

    def class_of(self, pan):
        """As its records call it: by a name of the list too."""
        for name, number in self.play.crowd.pans.items():
            kind = name.partition("#")[0]
            if number == pan and kind in self.paid_for:
                return self.paid_for[kind][3]
        return super().class_of(pan)

    def balance(self, records):
        """Also the bill: ledger = what guests did not pay, by class."""
        facts, faults = super().balance(records)
        if self.world.cuts:
            return facts, faults
        billed = {
            one.fare_class: one.subsidy_fen
            for one in campus.subsidies(self.play.ledger, 0, 99991231)
        }
        for name in sorted(set(billed) | set(self.owed)):
            if billed.get(name, 0) != self.owed[name]:
                faults.append(f"{name}: {billed.get(name, 0)} fen billed, {self.owed[name]} owed")
            facts[f"billed for {name}, fen"] = billed.get(name, 0)
        return facts, faults

    def other_faults(self, slip, records):
        return [
            f"{name}: the slip says {slip['reduced'].get(name, 0)} fen of subsidy, not {fen}"
            for name, fen in self.owed.items()
            if slip["reduced"].get(name, 0) != fen
        ]


def given_of(given, full_fen):
    """Fen of `500`, or of `30%` of a full price: the guest's part is rounded down."""
    if not given.endswith("%"):
        return int(given)
    return full_fen - full_fen * (100 - int(given[:-1])) // 100
