# SPDX-License-Identifier: Apache-2.0
"""Where a bus is and what the next rider pays for: line, direction, stop; stage and companions.

Set by the driver's keys and by the announcer. Pure but for the ticks of a clock. Where the two
disagree the driver is warned and the rider pays the cheaper trip: whoever keyed the wrong line is
not the one who pays for it (TD-033).
"""

from firmware.devices import window

OUT, BACK = 1, 2
WORDS = ("", "out", "back")
KEYED_S = 20  # a stage or companions that were keyed count for the next card within this time


class BusTrip:
    """The trip of one bus; every number is 0 where it is not known."""

    def __init__(self, clock, line=0, stop=0):
        self.clock = clock
        self.line, self.direction, self.stop = line, OUT, stop
        self.announced = None  # last Announced, None without or while it is silent
        self.warned = None  # what the driver was warned of last
        self.destination = 0
        self.riders = 1
        self.keyed = None  # window of what was keyed for the next card

    # by the driver

    def go(self, line, direction):
        """Another line or direction; the stop is not known then, unless the announcer tells."""
        self.line, self.direction, self.stop = line, direction, 0
        self.warned = None
        if self.announced and not self.is_doubted():
            self.stop = self.announced.stop

    def pay_to(self, destination):
        """The next card pays to this stop (TD-034)."""
        self.destination = destination
        self.keyed = window.opened(self.clock, KEYED_S)

    def pay_for(self, riders):
        """The next card pays for so many (TD-005)."""
        self.riders = riders
        self.keyed = window.opened(self.clock, KEYED_S)

    def clear(self):
        """What was keyed for the next card is used up, or taken back."""
        self.destination, self.riders, self.keyed = 0, 1, None

    def lapse(self):
        """True when what was keyed was for nobody."""
        if self.keyed is None or window.left_ms(self.clock, self.keyed) > 0:
            return False
        self.clear()
        return True

    # by the announcer

    def hear(self, announced):
        """An event of neighbours/announcer.py; a warning for the driver, "" for none."""
        before, self.announced = self.announced, announced
        if announced is None:
            return "the announcer is silent: key the stop"
        if not self.line:
            self.line, self.direction = announced.line, announced.direction
        if self.is_doubted():
            return self._warn(announced, "the announcer is on line %d %s, keyed is line %d %s" % (
                announced.line, WORDS[announced.direction], self.line, WORDS[self.direction],
            ))  # fmt: skip
        self.stop = announced.stop
        if before and before[:2] == announced[:2] and _goes_back(before, announced):
            return self._warn(
                announced, "the stops run against direction %s" % WORDS[self.direction]
            )
        return ""

    def _warn(self, announced, text):
        """The text, once for each line and direction."""
        about = announced[:2] + (self.line, self.direction)
        if about == self.warned:
            return ""
        self.warned = about
        return text + ": check line and direction"

    def is_doubted(self):
        """True when the announcer names another line or direction than the driver."""
        said = self.announced
        return said is not None and said[:2] != (self.line, self.direction)

    def places(self):
        """[(line, direction, origin, destination)] a rider may be travelling on (TD-033)."""
        if not self.is_doubted():
            return [(self.line, self.direction, self.stop, self.destination)]
        said = self.announced
        return [
            (self.line, self.direction, 0, self.destination),
            (said.line, said.direction, said.stop, self.destination),
        ]

    def text(self):
        """For the driver."""
        return "line %d %s stop %d" % (self.line, WORDS[self.direction], self.stop)


def _goes_back(before, announced):
    forward = announced.stop - before.stop
    return forward < 0 if announced.direction == OUT else forward > 0
