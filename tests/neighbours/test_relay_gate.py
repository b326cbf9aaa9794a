# SPDX-License-Identifier: Apache-2.0
"""Gate by single pins: pulses, contacts, the wire of the fire loop."""

from firmware.errors import LinkLost
from firmware.neighbours.relay_gate import RelayGate
from tests.hand_clock import HandClock
from tests.refusal import refusal

WORDS = ("open", "release", "passed", "back", "beam", "shut", "fire")


class Pin:
    """A pin in memory; `gone` breaks its wire."""

    def __init__(self, level=0):
        self.level, self.gone, self.closed = level, False, False

    def set(self, level):
        self.get()
        self.level = level

    def get(self):
        if self.gone:
            raise LinkLost("pin gone")
        return self.level

    def close(self):
        self.closed = True


def a_gate(words=WORDS, free_exit=True):
    clock = HandClock()
    pins = {word: Pin(1 if word in ("fire", "shut") else 0) for word in words}
    gate = RelayGate(pins, clock, {"pulse_ms": 300, "shut_ms": 1000}, free_exit)
    clock.ms = 1000
    gate.turn()
    return gate, pins, clock


def test_each_person_should_have_one_pulse():
    """TD-060, TD-064: the next one when the one before is through."""
    gate, pins, clock = a_gate()
    gate.order("open", 2)
    assert gate.turn() == ["opened"] and pins["open"].level == 1
    clock.ms += 299
    assert gate.turn() == [] and pins["open"].level == 1
    clock.ms += 1
    assert gate.turn() == [] and pins["open"].level == 0
    clock.ms += 5000
    assert gate.turn() == []
    pins["passed"].level = 1
    assert gate.turn() == ["cleared", "opened"] and gate.passages == 1
    pins["passed"].level = 0
    clock.ms += 300
    gate.turn()
    pins["passed"].level = 1
    assert gate.turn() == ["cleared"]
    clock.ms += 5000
    assert gate.turn() == [] and pins["open"].level == 0


def test_order_to_close_should_end_what_is_due():
    gate, pins, clock = a_gate()
    gate.order("open", 3)
    gate.turn()
    gate.order("close", 0)
    assert gate.turn() == ["closed"]
    clock.ms += 300
    assert gate.turn() == [] and pins["open"].level == 0
    clock.ms += 5000
    assert gate.turn() == []


def test_arms_without_a_contact_should_count_as_closed_after_their_time():
    gate, pins, clock = a_gate(("open", "passed"))
    gate.order("close", 0)
    clock.ms += 999
    assert gate.turn() == []
    clock.ms += 1
    assert gate.turn() == ["closed"] and gate.turn() == []
    assert gate.fire() is False


def test_arms_with_a_contact_should_have_to_say_so():
    gate, pins, clock = a_gate()
    pins["shut"].level = 0
    gate.order("close", 0)
    clock.ms += 60000
    assert gate.turn() == []
    pins["shut"].level = 1
    assert gate.turn() == ["closed"]


def test_cut_fire_wire_should_burn():
    """TD-065: the loop is closed while there is no fire; a pin that is gone burns too."""
    gate, pins, clock = a_gate()
    assert gate.fire() is False
    pins["fire"].level = 0
    assert gate.turn() == ["fire"] and gate.fire() is True and gate.turn() == []
    gate.order("release", 0)
    assert pins["release"].level == 1
    pins["fire"].level = 1
    assert gate.turn() == ["fire_over"] and pins["release"].level == 1
    gate.order("close", 0)
    assert pins["release"].level == 0
    pins["fire"].gone = True
    assert "fire" in gate.turn()


def test_contacts_should_be_edges():
    """TD-062: the beam; the way back is an exit where it is free, else an alarm."""
    for free_exit, word in ((True, "exited"), (False, "reverse")):
        gate, pins, clock = a_gate(free_exit=free_exit)
        for name, up, down in (("beam", ["blocked"], ["freed"]), ("back", [word], [])):
            pins[name].level = 1
            assert gate.turn() == up and gate.turn() == []
            pins[name].level = 0
            assert gate.turn() == down


def test_pin_that_is_gone_should_be_a_silent_controller():
    gate, pins, clock = a_gate()
    pins["passed"].gone = True
    assert gate.turn() == ["silent"] and gate.turn() == []
    pins["passed"].gone = False
    assert gate.turn() == ["healed"]
    gate.close()
    assert not [word for word in WORDS if not pins[word].closed]


def test_gate_without_a_relay_should_be_refused():
    for word in ("open", "passed"):
        pins = {"open": Pin(), "passed": Pin()}
        del pins[word]
        assert word in refusal(RelayGate, pins, HandClock(), {})
