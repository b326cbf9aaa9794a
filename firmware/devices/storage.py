# SPDX-License-Identifier: Apache-2.0
"""How full and how worn the journal is: said before it stops sales (CL-014: 80 %, 95 %).

Seen by the staff for a moment each minute, while no result stands; reported, and noted as an event
record once for each level. What follows when it is full stands in sale.py.
"""

from firmware.devices import window
from firmware.devices.keys import note
from firmware.journal.wear import wear

CHECK_S = 60
LEVELS = (95, 80)  # per cent
MESSAGE = "journal_low"


class StorageWatch:
    """Call turn() when nothing is due. stamp: of records; report, show: of the terminal."""

    def __init__(self, journal, stamp, report, show):
        self.journal, self.stamp = journal, stamp
        self.report, self.show = report, show
        self.level = 0  # the highest of LEVELS that was noted, 0 below them
        self.next = window.opened(stamp.clock, CHECK_S)

    def turn(self):
        """Look once a minute."""
        if window.left_ms(self.stamp.clock, self.next) > 0:
            return
        self.next = window.opened(self.stamp.clock, CHECK_S)
        fill = int(100 * self.journal.fill())
        level = max([one for one in LEVELS if fill >= one] + [0])
        if level:
            self.show(MESSAGE)
        if level > self.level:
            self.tell()
            note(self.journal, self.stamp, "journal_%d" % level)
        self.level = level

    def tell(self):
        """The event: how full in per cent, unsent records, erases of a block."""
        fewest, most, mean = wear(self.journal)
        self.report(
            {
                "event": "storage",
                "fill": int(100 * self.journal.fill()),
                "waiting": self.journal.waiting(),
                "erases": [fewest, most, mean / 100],
                "torn": self.journal.damaged,
            }
        )
