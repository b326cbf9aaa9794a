# SPDX-License-Identifier: Apache-2.0
"""Lamps and buzzer on pins: patterns over time, never waiting, never two lamps at a time."""

from firmware.devices import panel
from firmware.errors import FormatError
from firmware.outputs.pins import Pins
from firmware.outputs.signals import BLINKS, TONES, Player
from tests.hand_clock import HandClock


class Wire:
    """An output pin that remembers when it changed."""

    def __init__(self, clock):
        self.clock, self.level, self.log, self.closed = clock, 0, [], False

    def set(self, level):
        if level != self.level:
            self.log.append((self.clock.ms, level))
        self.level = level

    def close(self):
        self.set(0)
        self.closed = True


def board(text):
    """(clock, wires by wiring text, Pins that are open)."""
    clock, wires = HandClock(), {}

    def open_output(where):
        wires[where] = Wire(clock)
        return wires[where]

    pins = Pins(text, open_output, clock)
    pins.open()
    return clock, wires, pins


def run(clock, turning, until_ms):
    while clock.ms < until_ms:
        clock.ms += 5
        turning.refresh()


def spans(log):
    """ms between the changes of a wire."""
    return tuple(later[0] - earlier[0] for earlier, later in zip(log, log[1:]))


def test_each_tone_should_sound_as_its_row_says():
    """TD-002: kinds differ in number and length of tones."""
    for kind in TONES:
        clock, wires, pins = board("buzzer=18")
        pins.beep(kind)
        run(clock, pins, 3000)
        wire = wires["18"]
        assert spans(wire.log) == TONES[kind] and wire.level == 0, kind


def test_tones_of_the_three_results_should_differ_without_a_doubt():
    """TD-002: one short, three, one that lasts six times as long."""
    counts = {}
    for kind in ("ok", "double", "again", "no"):
        counts[kind] = (len(TONES[kind]) // 2 + 1, sum(TONES[kind]))
    assert counts["again"][0] >= 3 and counts["no"][0] == counts["ok"][0] == 1
    assert counts["no"][1] >= 5 * counts["ok"][1] and counts["double"][0] == 2
    assert len(set(counts.values())) == 4


def test_lamps_should_differ_in_how_they_blink():
    """TD-002: who sees no colours sees green steady, amber slow, red fast."""
    seen = {}
    for colour in ("green", "amber", "red"):
        clock, wires, pins = board("green=1 amber=2 red=3 blue=4")
        pins.lamp(colour)
        run(clock, pins, 2400)
        seen[colour] = [len(wires[one].log) for one in ("1", "2", "3")]
    assert seen["green"][0] == 1 and seen["amber"][1] in (6, 7) and seen["red"][2] >= 18
    assert len(set(BLINKS[one] for one in ("green", "amber", "red"))) == 3
    assert set(BLINKS) == set(panel.LAMPS)


def test_one_lamp_should_burn_at_a_time():
    clock, wires, pins = board("green=1 amber=2 red=3")
    for colour in ("green", "red", "amber", "blue"):  # there is no blue one
        pins.lamp(colour)
        for _ in range(100):
            clock.ms += 7
            pins.refresh()
            assert sum(one.level for one in wires.values()) <= 1
    assert [one.level for one in wires.values()] == [0, 0, 0]


def test_a_new_tone_should_end_the_old_one_and_late_turns_lose_none():
    clock, wires, pins = board("buzzer=18")
    pins.beep("no")
    clock.ms = 100
    pins.beep("again")
    for _ in range(9):  # a tap that takes long lies between two turns
        clock.ms += 700
        pins.refresh()
    assert len([one for one in wires["18"].log if one[1]]) == 3 and wires["18"].level == 0


def test_steady_and_silent_should_need_no_turns():
    clock = HandClock()
    wire = Wire(clock)
    player = Player(wire, clock)
    player.blink(())
    assert wire.level == 1
    player.turn()
    player.rest()
    assert wire.level == 0


def test_pins_should_be_given_back_at_rest():
    _, wires, pins = board("green=1 buzzer=2,low=1")
    pins.lamp("green")
    pins.close()
    assert [(one.level, one.closed) for one in wires.values()] == [(0, True)] * 2
    pins.beep("no")  # nobody is there


def test_wrong_outputs_should_be_told():
    for text in ("green", "green=", "=5", "pink=5", "green=1 green=2"):
        try:
            Pins(text, None, None)
        except FormatError as error:
            assert "NAME=PIN" in str(error)
        else:
            raise AssertionError(text)
