# SPDX-License-Identifier: Apache-2.0
"""The gate device over TPW against the virtual gate: people walk, in memory and by a process."""

import time

import pytest

from firmware.devices.gate import Gate
from firmware.neighbours.line import Neighbour
from firmware.neighbours.serial_gate import SerialGate
from firmware.neighbours.tpw import Tpw
from host_tools.cli.runtime import runtime_command
from sim.gate import VirtualGate
from sim.gate_server import GateServer
from sim.rig import Rig
from sim.timing import Timing
from tests.gate_stand import OTHER, PAN, GateStand, open_card
from tests.host.console import PATIENCE_S
from tests.small_card import SmallCard


class Wire:
    """A byte stream to a virtual gate, as hal gives it."""

    def __init__(self, gate, clock):
        self.gate, self.clock = gate, clock
        self.answer = b""

    def write(self, data):
        self.answer += self.gate.feed(data, self.clock.ms)

    def read(self, count, timeout_ms):
        self.gate.turn(self.clock.ms)
        data, self.answer = self.answer[:count], self.answer[count:]
        return data

    def close(self):
        pass


class LaneStand(GateStand):
    """The real driver and protocol over the virtual gate; turns take 50 ms."""

    def make_gate(self, settings, parameters, clock, report):
        settings.more["gate_lane"] = self.lane_words
        self.board = getattr(self, "board", None) or VirtualGate()
        self.lane = SerialGate(Neighbour(lambda: Wire(self.board, clock), Tpw({}), clock))
        self.gate = Gate(settings, parameters, self.lane)
        return self.gate

    def restart(self):
        GateStand.restart(self)
        self.seconds(1)

    def seconds(self, seconds):
        for _ in range(int(seconds * 20)):
            self.clock.advance(0.05)
            self.terminal.turn()

    def come(self, *walks, seconds=4):
        for walk in walks:
            self.board.walk(walk)
        self.seconds(seconds)


def test_rider_who_paid_should_walk_through():
    """TD-060: paid, opened by the board's word, passed by its beams; its counter agrees."""
    stand = LaneStand()
    assert stand.tap(SmallCard(PAN))["message"] == "ok"
    stand.come("normal")
    assert stand.words() == "approved opened passed"
    assert (stand.board.passed, stand.lane.passages) == (1, 1)
    assert stand.gate.machine.state == "IDLE" and not stand.board.arms_open


@pytest.mark.parametrize(
    "walks, seconds, facts, through",
    [
        (("slow",), 8, "approved opened passed", 1),
        (("stand",), 14, "approved opened passed", 1),
        (("tailgate",), 9, "approved opened tailgating passed", 2),
        (("turn_back", "normal"), 6, "approved opened passed", 1),
        (("reverse",), 9, "approved opened reverse unknown", 0),
        ((), 7, "approved opened not_passed", 0),
        (("push",), 2, "approved opened", 0),
        (("normal", "normal"), 14, "approved opened passed stray", 2),
    ],
)
def test_people_should_leave_their_facts(walks, seconds, facts, through):
    """TD-061, TD-062, TD-063: whatever they do in the lane."""
    stand = LaneStand()
    stand.tap(SmallCard(PAN))
    stand.come(*walks, seconds=seconds)
    assert stand.words().startswith(facts), stand.words()
    assert stand.board.passed == through


def test_intruder_should_raise_the_alarm_and_not_get_in():
    """TD-061"""
    stand = LaneStand()
    stand.come("push", seconds=7)
    assert stand.words() == "intrusion" and stand.board.passed == 0
    assert stand.tap(SmallCard(OTHER))["message"] == "ok"


def test_mute_board_should_stop_sales_until_it_speaks():
    stand = LaneStand()
    stand.board.mute = True
    stand.seconds(8)
    card = SmallCard(PAN)
    assert stand.tap(card) is None and card.sent == [] and stand.words() == "gate_fault"
    stand.board.mute = False
    stand.seconds(4)
    assert stand.tap(card)["message"] == "ok"


def test_fire_at_the_board_should_open_everything():
    """TD-065: no sale, people counted, the attendant ends it."""
    stand = LaneStand()
    stand.board.fire = True
    stand.come("normal", "normal", seconds=5)
    assert stand.board.passed == 2 and stand.gate.figures.counts["free"] == 2
    assert stand.tap(SmallCard(PAN)) is None
    stand.board.fire = False
    stand.seconds(1)
    stand.gate.key("operator")
    stand.seconds(2)
    assert stand.tap(SmallCard(PAN))["message"] == "ok"


def test_power_cut_between_paid_and_passed_should_open_again():
    """TD-063: the virtual gate closes, the card comes again, one debit."""
    stand = LaneStand("", "same_card_s: 60")
    card = open_card()
    stand.tap(card)
    stand.restart()
    assert not stand.board.arms_open
    assert stand.tap(card)["message"] == "re_entry" and len(card.debits) == 1
    stand.come("normal")
    assert stand.board.passed == 1 and stand.words().endswith("passed")


def test_gate_should_work_as_a_process(tmp_path):
    """TD-001, TD-060: firmware.main, virtual chip, virtual gate, all over ptys."""
    with GateServer(VirtualGate()) as lane:
        more = f"gate: serial:{lane.path}\ngate_kind: tpw\n"
        runtime = runtime_command("cpython")[:3]
        with Rig(tmp_path, runtime, Timing.none(), device="gate", more=more) as rig:
            lane.say("normal")
            rig.field.place(rig.cards["adult-1"])
            wait(rig, lambda event: event["event"] == "tap" and event["message"] == "ok")
            rig.field.remove()
            wait(rig, lambda event: lane.passed() == 1)


def wait(rig, wanted, most_s=PATIENCE_S):
    """Until an event, or a moment without one, is wanted; AssertionError when it does not come."""
    end, seen = time.monotonic() + most_s, []
    while time.monotonic() < end:
        event = rig.firmware.next_event(0.05) or {"event": ""}
        seen.append(event)
        if wanted(event):
            return
    raise AssertionError([one for one in seen if one["event"]][-20:])
