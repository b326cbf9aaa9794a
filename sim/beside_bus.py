# SPDX-License-Identifier: Apache-2.0
"""A bus on the stage: its stop announcer at the wire, the driver's console, riders with a stop.

Settings that go with it, as far as there are: announcer: serial:announcer, console: serial:console
"""

from collections import Counter

from firmware.formats import record
from sim.announcer import AnnouncerBox
from sim.beside import KEYED_MS, Beside

OUT, BACK = 1, 2
DIRECTIONS = {"out": OUT, "back": BACK}
DOORS_MS = 30000  # open at a stop


class StageAnnouncer(AnnouncerBox):
    """The box at its end of the line; `ran`: stops it has said."""

    def __init__(self):
        super().__init__(0)
        self.ran = 0

    def run(self, line, direction, stops, every_s):
        """Generator: along the stops of a line, from one end to the other."""
        self.line, self.direction = line, direction
        for stop in stops if direction == OUT else reversed(stops):
            self.arrive(stop)
            self.ran += 1
            yield DOORS_MS
            self.leave()
            yield max(0, every_s * 1000 - DOORS_MS)

    def ahead(self, count):
        """The stop that lies so many further on."""
        return max(1, self.stop + count * (1 if self.direction == OUT else -1))


class BesideBus(Beside):
    """One bus."""

    def __init__(self, play):
        super().__init__(play)
        self.box = StageAnnouncer()
        self.world.lines.peers["announcer"] = self.box

    def verbs(self):
        return {**super().verbs(), "run": self.run, "board": self.board, "announcer": self.unplug}

    def run(self, line, direction, stops, every_s=120):
        """The bus goes along `stops` stops of a line: `direction` out, or back."""
        steps = self.box.run(line, DIRECTIONS[direction], range(1, stops + 1), every_s)
        self.world.spawn(steps)

    def unplug(self, silent):
        """The plug of the announcer is pulled, or put in again."""
        self.box.is_silent = silent

    def board(self, card, stops=1, **how):
        """Somebody boards and says how many stops he goes: the driver keys where to."""

        def key():
            self.keys.key(f"to {self.box.ahead(stops)}")

        self.play.do_tap(card, first=(key, KEYED_MS), **how)

    def balance(self, records):
        """Shifts, and by which rule riders paid."""
        facts, faults = super().balance(records)
        rules = Counter(
            values["rule"] or "flat" for values in records if values["kind"] == record.APPROVED
        )
        paid = {f"paid by rule {rule}": count for rule, count in rules.most_common()}
        return facts | paid, faults
