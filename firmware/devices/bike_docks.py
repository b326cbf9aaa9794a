# SPDX-License-Identifier: Apache-2.0
"""The docks of a bike station as the trade sees them: who is being given a bike, who brought one.

A hire is named by its record on the card, so that what became of its bike can be asked whenever
the card comes back. Money is no matter here.
"""

from firmware.devices import window
from firmware.neighbours import dock as docks

PRESSED_S = 30  # how long a button speaks for the next card
MOST_KEPT = 64  # hires whose bike stayed in its dock


class Hire:
    """A bike that is to be handed out; number: of the record that froze its deposit."""

    def __init__(self, number, pan, dock, bike, tries=1, opened=False):
        self.number, self.pan, self.dock, self.bike = number, pan, dock, bike
        self.tries, self.opened = tries, opened


class Station:
    """line: line.Neighbour over neighbours.dock.Docks; return_s: how long a bike that was brought
    waits for its rider's card.
    """

    def __init__(self, line, clock, return_s):
        self.line, self.docks, self.clock = line, line.protocol, clock
        self.return_s = return_s
        self.handing = []  # hires whose bike has not left its dock yet
        self.kept = []  # hires whose bike did not leave it, oldest first
        self.untapped = []  # (dock, bike) that were told of and are not settled yet
        self.pressed = 0, window.opened(clock, 0)  # dock, window

    @property
    def lost(self):
        """True while nothing is heard of the docks."""
        return bool(self.line.fault) or self.docks.silent

    def turn(self):
        """What happened: ("kept", Hire) and ("untapped", dock, bike)."""
        told = []
        for event in self.line.turn():
            if event[0] == "pressed":
                self.pressed = event[1], window.opened(self.clock, PRESSED_S)
            elif event[0] == "deaf":
                for hire in [one for one in self.handing if one.number == event[2]]:
                    self._keep(hire, told)
        for hire in tuple(self.handing):
            self._follow(hire, told)
        for number, one in self.docks.found.items():
            if one.state == docks.RETURNED and one.since_s >= self.return_s:
                self.docks.settle(number)
                if (number, one.bike) not in self.untapped:
                    self.untapped.append((number, one.bike))
                    told.append(("untapped", number, one.bike))
            elif self.untapped:
                self.untapped = [two for two in self.untapped if two[0] != number]
        return told

    def pick(self):
        """(dock, bike) of the next hire, where a button was pressed that one; None without."""
        number = self._chosen(lambda n, one: one.state == docks.LOCKED and not self._busy(n))
        return (number, self.docks.found[number].bike) if number else None

    def back(self):
        """(dock, bike, seconds ago) of the bike whose rider taps: where a button was pressed that
        one, else the one that waits longest; None without.
        """
        number = self._chosen(
            lambda n, one: one.state == docks.RETURNED and one.since_s < self.return_s
        )
        return (number,) + tuple(self.docks.found[number][1:]) if number else None

    def hand(self, hire):
        """Open the dock of a hire, another one where its bike is not there any more; False where
        there is none.
        """
        here = self.docks.found.get(hire.dock)
        there = here and here.bike == hire.bike and here.state in (docks.LOCKED, docks.OPENING)
        free = hire in self.handing or not self._busy(hire.dock)
        chosen = (hire.dock, hire.bike) if there and free else self.pick()
        if chosen is None:
            return False
        hire.dock, hire.bike, hire.opened = chosen[0], chosen[1], False
        self.kept = [one for one in self.kept if one.number != hire.number]
        if hire not in self.handing:
            self.handing.append(hire)
        self.docks.open(hire.dock, hire.number, hire.tries)
        self.line.flush()
        return True

    def settle(self, bike):
        """A bike that was brought may be hired again."""
        for number, one in self.docks.found.items():
            if one.state == docks.RETURNED and one.bike == bike:
                self.docks.settle(number)
                self.line.flush()

    def keep(self, hire):
        """The bike of a hire stays where it is."""
        self.handing = [one for one in self.handing if one.number != hire.number]
        self.kept = self.kept[1 - MOST_KEPT :] + [hire]

    def state_of(self, number):
        """ "handing", "kept", or "" of the hire with that record."""
        if number in [one.number for one in self.handing]:
            return "handing"
        return "kept" if number in [one.number for one in self.kept] else ""

    def hire_of(self, pan):
        """The latest Hire of a card that has not taken its bike, None without."""
        found = [one for one in self.kept + self.handing if one.pan == pan]
        return found[-1] if found else None

    def forget(self, number):
        """A hire is over."""
        self.handing = [one for one in self.handing if one.number != number]
        self.kept = [one for one in self.kept if one.number != number]

    def close(self):
        """Give the line back."""
        self.line.close()

    def _keep(self, hire, told):
        self.keep(hire)
        told.append(("kept", hire))

    def _follow(self, hire, told):
        one = self.docks.found.get(hire.dock)
        if one is None or self.docks.silent:
            return
        there = one.bike == hire.bike
        if one.state == docks.OPENING and there:
            hire.opened = True
        elif there and (one.state == docks.FAULT or one.state == docks.LOCKED and hire.opened):
            self._keep(hire, told)
        elif one.state != docks.LOCKED or not there:
            self.forget(hire.number)  # taken

    def _busy(self, number):
        """True for a dock whose bike is promised to somebody."""
        return number in [one.dock for one in self.handing]

    def _chosen(self, fits):
        """Number of the dock that was pressed, else of the one that is so for the longest time;
        None where none fits.
        """
        found = self.docks.found
        fitting = [number for number in found if fits(number, found[number])]
        pressed, since = self.pressed
        if pressed in fitting and window.left_ms(self.clock, since) > 0:
            return pressed
        return min(fitting, key=lambda n: (-found[n].since_s, n)) if fitting else None
