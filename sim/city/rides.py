# SPDX-License-Identifier: Apache-2.0
"""What riders do: they pay, are torn off, come again, here, at another terminal or never.

A Ride is one rider at one place, until he is told that he has paid, is refused, or walks off. Two
things must hold whatever goes wrong, and are looked at after each: who never left the place pays
once at the most, and who is told that he has paid has paid.
"""

from sim.city.hal import Held
from sim.flash import PowerCut

# Of a hundred taps, by the hour from midnight: two peaks
HOURS = (0, 0, 0, 0, 0, 1, 4, 10, 11, 6, 4, 4, 5, 5, 4, 4, 6, 11, 10, 6, 4, 3, 2, 0)
AGAIN_MS, WAIT_MS = 1500, 3500
TRIES = 8  # presentations of one rider at one place
GUARD_MS = 60000  # within it a card that has paid is not charged again (same_card_s)
APART_MS = 2 * GUARD_MS  # between two rides of one card
LATER_MS = (60000, 240000)  # at another terminal
# what somebody does whose tap was not done, of twenty
AFTER_AMBER = ("here",) * 13 + ("elsewhere",) * 4 + ("never",) * 3
AFTER_LOST = ("here",) * 18 + ("never",) * 2
APDUS = 10  # of a tap, about
LAST_OF_TEN = 5  # so many of ten tears are at the READ RECORD that moves the money
OPERATIONS = 16  # of the flash in a tap and its upload, about
TRANSFER_OF_TEN = 3  # rides that another one follows


class Ride:
    """town: the district. `place`: number of a place, where a unit stands."""

    def __init__(self, town, purse, place):
        self.town, self.purse, self.place = town, purse, place
        self.began_ms = town.now.now_ms
        self.before = len(purse.finals)
        self.tries = 0
        self.moved = False  # he was at another place first

    def go(self):
        """Present the card once; what follows is on the agenda."""
        town, unit = self.town, self.town.units[self.place]
        self.tries += 1
        if self.tries > TRIES:
            town.count("gave up")
            return
        if not unit.is_up:
            self._again(WAIT_MS)
            return
        held = self._held(unit)
        event = town.work(unit, lambda: unit.tap(held))
        town.count("taps")
        if held.is_torn:
            town.draws.note("torn", "after it acted" if held.tear[1] else "before it acted")
        if event is None:
            self._not_served(unit)
        elif event["taken"] or event["message"] == "already_paid":
            self._paid(event)
        elif event["taken"] is None:
            town.count("amber")
            self._unsure(AFTER_AMBER)
        elif event["message"] in ("card_lost", "fare_changed"):
            self._unsure(AFTER_LOST)
        else:
            town.count("refused: " + event["message"].split()[0])

    def _held(self, unit):
        """The card at the reader, with what will happen to it or to the plug."""
        draws, card = self.town.draws, self.purse.card
        if draws.hits("power"):
            if draws.below("power", 2):
                unit.flash.cut(draws.below("power", OPERATIONS), draws.below("power", 1 << 16))
            else:
                return Held(card, _apdu(draws, "power"), _pull)
        return Held(card, _apdu(draws, "torn") if draws.hits("torn") else None)

    def _not_served(self, unit):
        if unit.is_up:  # no looks for cards: no room in the journal, no time on its clock
            self.town.count("turned away: " + self.town.why(unit))
            return
        self._again(WAIT_MS)  # it went dark

    def _unsure(self, choices):
        choice = self.town.dice.choice(choices)
        if choice == "here":
            self._again(AGAIN_MS)
            return
        self.town.count("left " + choice)
        if choice == "elsewhere":
            self.moved = True
            self.tries = 0
            self.place = self.town.dice.randrange(len(self.town.units))
            self._again(self.town.dice.randint(*LATER_MS))

    def _again(self, wait_ms):
        self.town.at(self.town.now.now_ms + wait_ms, self.go)

    def _paid(self, event):
        town = self.town
        town.count("paid")
        if event["message"] in ("torn_recovered", "already_paid"):
            town.count("paid: " + event["message"])
        taken = len(self.purse.finals) - self.before
        in_time = town.now.now_ms - self.began_ms < GUARD_MS
        if taken > 1 and in_time and not self.moved:
            town.broken(f"card {self.purse.masked} has paid {taken} times for one ride")
        if taken < 1 and self._paid_before_the_start(event):
            town.count("let through on an earlier debit, behind a start")
        elif taken < 1:
            town.broken(f"card {self.purse.masked} was told that it has paid, and has not")
        self.purse.paid_at.add(town.units[self.place].name)

    def _paid_before_the_start(self, event):
        """A terminal that has just started does not know how long ago a card has paid, where a
        host keeps its clock (Stamp.ages).
        """
        unit = self.town.units[self.place]
        young = self.town.now.now_ms - unit.started_ms <= GUARD_MS
        return event["message"] == "already_paid" and young and unit.name in self.purse.paid_at


def _apdu(draws, name):
    number = Held.LAST if draws.below(name, 10) < LAST_OF_TEN else 1 + draws.below(name, APDUS)
    return number, bool(draws.below(name, 2))


def _pull():
    raise PowerCut("the plug is pulled")


def timetable(dice, taps, riders, places):
    """[(ms of the day, rider, place)] of so many rides, in the order of time."""
    found = []
    while len(found) < taps:
        hour = dice.choices(range(24), HOURS)[0]
        at_ms = hour * 3600000 + dice.randrange(3600000)
        rider, place = dice.randrange(riders), dice.randrange(places)
        found.append((at_ms, rider, place))
        if len(found) < taps and dice.randrange(10) < TRANSFER_OF_TEN:
            same = dice.randrange(2)
            later_ms = min(at_ms + dice.randrange(APART_MS, 2400000), 86100000)
            found.append((later_ms, rider, place if same else dice.randrange(places)))
    return sorted(found)
