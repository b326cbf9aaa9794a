# SPDX-License-Identifier: Apache-2.0
"""What the meter at the wires of an emulated Pico makes of a tap."""

import pytest

from sim.pico_meter import Meter

BAUD = 1_000_000  # 10 us a byte


class ScriptedChip:
    """Answers as the test says."""

    baud = BAUD

    def __init__(self):
        self.said = b""

    def next_us(self, _grain_us):
        return None

    def feed(self, _data, _now_us, _baud):
        pass

    def due(self, _now_us):
        said, self.said = self.said, b""
        return said


class Bench:
    """A meter and its clock."""

    def __init__(self):
        self.chip = ScriptedChip()
        self.meter = Meter(self.chip)
        self.now_us = 0.0

    def ask(self, command, own_us, radio_us, card_us):
        """A command in two writes after `own_us`, and its answer when card and radio are done."""
        self.now_us += own_us
        frame = b"\x00\x00\xff" + command
        self.meter.feed(frame[:6], self.now_us, BAUD)
        self.meter.feed(frame[6:], self.now_us, BAUD)
        self.now_us += 10 * len(frame)
        self.meter._answered(command[1], radio_us, card_us, 0)
        self.chip.said = b"\xd5" + bytes((command[1] + 1,)) + bytes(6)
        self.now_us += radio_us + card_us + 80
        self.meter.due(self.now_us)


def apdu(instruction):
    return b"\xd4\x40\x01\x00" + bytes((instruction, 0, 0))


def test_own_time_should_be_what_lies_between_an_answer_and_the_next_command():
    bench = Bench()
    bench.ask(b"\xd4\x4a\x02\x00", 500, 9000, 0)
    bench.ask(apdu(0xA4), 4000, 1000, 8000)
    bench.ask(apdu(0xA4), 3000, 1000, 9000)
    bench.ask(apdu(0xB2), 2000, 500, 11000)
    bench.ask(apdu(0xA8), 8000, 2000, 120000)
    bench.ask(apdu(0xB2), 6000, 3000, 11000)
    bench.ask(apdu(0xB2), 30000, 700, 11000)
    split = bench.meter.split(bench.now_us + 14000)
    assert split.gaps == pytest.approx({"select": 7, "read": 8, "gpo": 8, "last": 30})
    assert split.green == pytest.approx(14)
    assert split.own == pytest.approx(sum(split.gaps.values()) + split.green)
    assert split.card == pytest.approx(170) and split.radio == pytest.approx(17.2)
    assert split.total == pytest.approx(split.own + split.card + split.radio + split.line)


def test_an_earlier_look_should_not_count():
    bench = Bench()
    bench.ask(b"\xd4\x4a\x02\x00", 0, 5000, 0)
    bench.ask(b"\xd4\x4a\x02\x00", 70000, 9000, 0)
    bench.ask(apdu(0xB2), 1000, 500, 1000)
    split = bench.meter.split(bench.now_us + 2000)
    assert split.gaps == pytest.approx({"last": 1})
    assert split.own == pytest.approx(3)
