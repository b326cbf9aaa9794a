# SPDX-License-Identifier: Apache-2.0
"""The attendant's keys: each command, keys at the wrong moment, garbage."""

from firmware.devices.gate_keys import COMMANDS, AttendantKeys
from firmware.devices.gate_modes import MODES
from firmware.neighbours.console import Console
from tests.gate_stand import PAN, GateStand
from tests.small_card import SmallCard


class Keyboard:
    """The line of a console in memory."""

    def __init__(self):
        self.protocol = Console(COMMANDS)
        self.typed = b""

    def turn(self):
        data, self.typed = self.typed, b""
        return self.protocol.feed(data, 0)

    def flush(self):
        pass

    def close(self):
        pass


def a_gate():
    """(stand, say): say(line) is the answer."""
    board = Keyboard()
    stand = GateStand("", "", (AttendantKeys(board),))

    def say(line):
        board.typed = line + b"\r"
        stand.turns()
        said = [board.protocol.outgoing(0) for _ in range(4)]
        return b"".join(said).decode().strip()

    return stand, say


def test_keys_should_do_what_they_say():
    """TD-066: each mode has a key; TD-071: kinds and persons of the next card."""
    stand, say = a_gate()
    for mode in MODES[1:] + MODES[:1]:
        assert say(b"mode " + mode.encode()).startswith("ok IDLE " + mode)
        assert stand.gate.mode == mode
    assert say(b"persons 3").startswith("ok")
    assert say(b"kind child").startswith("ok") and stand.gate.kind == "child"
    assert stand.tap(SmallCard(PAN))["amount_fen"] == 600
    assert say(b"state") == "ok OPEN controlled arms controlled"
    assert say(b"count").startswith("ok") and stand.words().endswith("day_count")


def test_reset_should_wait_for_the_fire_to_end():
    """TD-065: the input first, then the attendant."""
    stand, say = a_gate()
    stand.lane.burning = True
    stand.people("fire")
    assert say(b"reset").startswith("error the fire input is active")
    stand.lane.burning = False
    stand.people("fire_over")
    assert say(b"reset").startswith("ok") and stand.gate.machine.state == "IDLE"


def test_wrong_keys_should_change_nothing():
    stand, say = a_gate()
    for line in (
        b"mode open",
        b"persons 0",
        b"persons 51",
        b"persons",
        b"kind emperor",
        b"\xff\xff",
    ):
        assert say(line).startswith("error"), line
    assert (stand.gate.mode, stand.gate.persons, stand.gate.kind) == ("controlled", 1, "adult")
    assert stand.records() == []
