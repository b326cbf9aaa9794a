# SPDX-License-Identifier: Apache-2.0
"""A gate on the test stand (stand.py): its lane is a list of events that the test fills."""

from firmware.devices.gate import Gate
from firmware.formats import record
from firmware.kernel import tags, tlv
from tests.small_card import SmallCard
from tests.stand import Stand

PAN, OTHER = "6228000100000010", "6228000100000028"


class HandLane:
    """A gate controller whose people the test sends; it does at once what it is told."""

    one_by_one = False

    def __init__(self):
        self.events, self.orders = [], []
        self.burning = False
        self.deaf = False
        self.passages = 0

    def turn(self):
        events, self.events = self.events, []
        self.passages += events.count("cleared")
        return events

    def order(self, word, persons):
        self.orders.append(word)
        if word in ("open", "close") and not self.deaf:
            self.events.append("opened" if word == "open" else "closed")

    def fire(self):
        return self.burning

    def close(self):
        self.orders.append("gone")


class GateStand(Stand):
    """lane: words of `gate_lane`; extra: lines of the parameters."""

    def __init__(self, lane="", extra="", neighbours=()):
        self.lane_words = lane
        self.neighbours = neighbours
        Stand.__init__(self, extra, self.make_gate)

    def make_gate(self, settings, parameters, clock, report):
        settings.more["gate_lane"] = self.lane_words
        self.lane = HandLane()
        self.gate = Gate(settings, parameters, self.lane, self.neighbours)
        return self.gate

    def restart(self):
        Stand.restart(self)
        self.turns()

    def turns(self, count=2):
        """So many turns of the loop without a card."""
        for _ in range(count):
            self.terminal.turn()

    def people(self, events):
        """What people do in the lane, 100 ms apart."""
        for event in events.split():
            self.clock.ms += 100
            self.lane.events.append(event)
            self.turns(1)
        self.turns()

    def facts(self):
        """[(reason or kind, reference)] of the journal, in order."""
        found = []
        for kind, values in self.records():
            word = values["reason"] if values["kind"] == record.EVENT else kind
            found.append((word, values["reference"]))
        return found

    def words(self):
        """The facts without references."""
        return " ".join([one[0] for one in self.facts()])


def open_card(pan=PAN):
    """A card that tells its number without a GPO."""
    card = SmallCard(pan)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card
