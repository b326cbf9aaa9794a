# SPDX-License-Identifier: Apache-2.0
"""Two lanes of a car park: the line between them, lost, damaged and late."""

from firmware.devices.far_store import FarStore, LaneTwin
from firmware.devices.lane_store import ROW, LaneStore, key_of
from firmware.errors import LinkLost
from firmware.kernel import apdu
from firmware.neighbours.lane_line import BEAT, LaneLine, frame
from firmware.neighbours.line import Neighbour
from sim.flash import Flash
from tests.devices.parking_stand import OTHER, PAN, Lane, open_card


class Wire:
    """Two byte streams; `cut`: nothing gets through, `lost`: nobody can open it."""

    def __init__(self):
        self.held = [b"", b""]
        self.cut = self.lost = False

    def end(self, number):
        return End(self, number)


class End:
    def __init__(self, wire, number):
        self.wire, self.number = wire, number

    def write(self, data):
        if self.wire.lost:
            raise LinkLost("unplugged")
        if not self.wire.cut:
            self.wire.held[self.number] += data

    def read(self, count, timeout_ms):
        if self.wire.lost:
            raise LinkLost("unplugged")
        data = self.wire.held[1 - self.number]
        self.wire.held[1 - self.number] = b""
        return data

    def close(self):
        pass


class Lanes:
    """An entry lane on a stand, and the store of the exit lane at the other end of the wire."""

    def __init__(self):
        self.wire = Wire()
        self.lane = Lane("entry", store=self.far_store)
        clock = self.lane.stand.clock
        twin = LaneTwin(Neighbour(lambda: self.wire.end(1), LaneLine(), clock))
        self.store = LaneStore(Flash(5, 512), twin=twin)
        self.beat()

    def far_store(self, clock):
        return FarStore(Neighbour(lambda: self.wire.end(0), LaneLine(), clock))

    def beat(self, seconds=1):
        """Both lanes go on, a quarter of a second at a time."""
        for _ in range(4 * seconds):
            self.lane.stand.clock.ms += 250
            self.store.turn()
            self.lane.stand.terminal.turn()

    def shows(self, words):
        return ("show", words, 0) in self.lane.stand.log


def test_barrier_should_wait_for_the_other_lane():
    """TD-001: the entry is durable over there before it opens here."""
    lanes = Lanes()
    card = open_card()
    assert lanes.lane.tap(card) == "entry_noted" and lanes.lane.barrier.pulses == 0
    assert not lanes.shows("Please drive in")
    lanes.beat()
    assert lanes.lane.barrier.pulses == 1 and lanes.shows("Please drive in")
    assert lanes.store.find(key_of(PAN)).lane == 1 and card.asked(apdu.INS_GPO) == 0


def test_lane_whose_line_is_lost_should_close_and_come_back():
    """TD-019, TD-068: nobody drives in without an entry; whoever stands there taps again."""
    for fault in ("cut", "lost"):
        loses_its_line(fault)


def loses_its_line(fault):
    lanes = Lanes()
    card = open_card()
    setattr(lanes.wire, fault, True)
    assert lanes.lane.tap(card) == "entry_noted"
    lanes.beat(4)
    assert lanes.lane.barrier.pulses == 0 and lanes.shows("Closed: lane link is lost"), fault
    assert lanes.lane.tap(card) is None
    setattr(lanes.wire, fault, False)
    lanes.beat(3)
    assert lanes.lane.tap(card) == "entry_noted"
    lanes.beat()
    assert lanes.lane.barrier.pulses == 1 and lanes.store.find(key_of(PAN))


def test_answer_that_was_lost_should_not_shut_its_driver_out():
    """The entry is there, the barrier was never opened: said again, answered again."""
    lanes = Lanes()
    lanes.lane.tap(open_card())
    lanes.store.turn()
    lanes.wire.held[1] = b""
    lanes.beat()
    assert lanes.lane.barrier.pulses == 1 and len(lanes.store.rows) // ROW == 1


def test_card_that_is_inside_should_be_refused_by_the_other_lane():
    """TD-067"""
    lanes = Lanes()
    lanes.lane.tap(open_card())
    lanes.beat()
    lanes.lane.at(11, 0)
    lanes.lane.tap(open_card())
    lanes.beat()
    assert lanes.lane.barrier.pulses == 1 and lanes.shows("Is inside: ask attendant")


def test_exit_should_not_ask_for_a_lost_entry_while_the_line_is_down():
    """TD-068: the entry may be on its way; doubt is never the driver's loss."""
    wire = Wire()

    def store(clock):
        twin = LaneTwin(Neighbour(lambda: wire.end(1), LaneLine(), clock))
        return LaneStore(Flash(5, 512), twin=twin)

    lane, card = Lane("exit", store=store), open_card(OTHER)
    assert lane.tap(card) == "store_lost" and card.debits == [] and lane.barrier.pulses == 0
    wire.held[0] = frame(BEAT, b"")
    lane.stand.terminal.turn()
    assert lane.tap(card) == "ok" and card.balance_fen == 5000
