# SPDX-License-Identifier: Apache-2.0
"""Three light beams across a lane, as words about bodies (terminals.md 5, TD-061, TD-062).

    entry | safety | exit      in the order in which somebody who is let in covers them

`entered` is the first beam from the right side, `cleared` the last one free again; a body at the
first beam while another is further in is `second`; one that comes to the last beam first is
`reverse`. Flicker of one beam says nothing.
"""

ENTRY, SAFETY, EXIT = 1, 2, 4


class Beams:
    """What three bits mean from look to look."""

    def __init__(self):
        self.bits = 0
        self.inside = False  # a body came from the entry side
        self.against = False  # a body came from the exit side
        self.reached = False  # the body inside was at the last beam

    def look(self, bits):
        """Words of gate_machine.EVENTS that follow from the beams covered now (TD-061)."""
        rising, events = bits & ~self.bits, []
        if (bits ^ self.bits) & SAFETY:
            events.append("blocked" if bits & SAFETY else "freed")
        if rising & ENTRY and not self.against:
            if not self.inside:
                self.inside = True
                events.insert(0, "entered")
            elif bits & (SAFETY | EXIT):
                events.append("second")
        if rising & EXIT:
            self.reached = self.inside
            if not self.inside and not self.against:
                self.against = True
                events.insert(0, "reverse")
        if self.inside and self.reached and self.bits & EXIT and not bits & EXIT:
            self.inside = self.reached = False
            events.append("cleared")
            if bits & ENTRY:  # the next one is in the lane already
                self.inside = True
                events.append("entered")
        if not bits:
            if self.inside:
                events.append("retreated")
            self.inside = self.against = self.reached = False
        self.bits = bits
        return events
