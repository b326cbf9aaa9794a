# SPDX-License-Identifier: Apache-2.0
"""Speeds and waking against the virtual chip: what went over the line, and when (PD-12..14)."""

import pytest

from firmware.reader.bus import HSU_SPEEDS, WAKE, Hsu
from firmware.reader.opening import PROBE_LIMIT_MS
from firmware.reader.pn532 import Pn532
from sim.chip import Chip
from sim.faults import Faults
from sim.timing import Timing
from tests.host.chip_stand import ChipClock, Wire
from tests.host.virtual_host import ACK, FakeCard, FakeField, command

SPEEDS = dict(HSU_SPEEDS)
TOP = 7


class NotedWire(Wire):
    """A serial line that notes what the host did: (bytes or speed, when, speed of the line)."""

    def __init__(self, chip, clock, missing=()):
        super().__init__(chip, clock)
        self.did = []
        self.missing = missing

    def write(self, data):
        self.did.append((bytes(data), self.clock.us, self.baud))
        super().write(data)

    def speed(self, baud):
        if baud in self.missing:
            return False
        self.did.append((baud, self.clock.us, self.baud))
        return super().speed(baud)

    def writes(self):
        return [one[0] for one in self.did if isinstance(one[0], bytes)]


def host_of(faults=None, power="low_vbat", baud=115200, last_baud=115200, **settings):
    """(Pn532 not opened, its line, the chip), the chip at a speed of its own."""
    clock = ChipClock()
    chip = Chip(FakeField(FakeCard()), Timing(), faults, power)
    chip.baud = baud
    wire = NotedWire(chip, clock)
    return Pn532(Hsu(wire, clock), clock, last_baud=last_baud, **settings), wire, chip


def works(pn532):
    """Whether a card is found and gives a long answer at the speed that was reached."""
    pn532.power(True)
    (card,) = pn532.find(200)
    return len(card.exchange(b"\x01\x02\x00")) == 258


def test_speed_should_be_raised_in_the_order_of_the_manual():
    """PD-12: 10 at the old speed, its answer, host ACK, 200 us or more, the switch, Diagnose."""
    pn532, wire, chip = host_of()
    heard = []
    pn532._trace = lambda way, frame, at_us: heard.append((way, frame, at_us))
    pn532.open()
    raised = command("10", bytes((TOP,)))
    at = [one[0] for one in wire.did].index(raised)
    raise_, ack, switch, echo = wire.did[at : at + 4]
    assert raise_[2] == 115200 and ack[0] == ACK and ack[2] == 115200
    assert switch[0] == SPEEDS[TOP] and echo[0][5:7] == b"\xd4\x00" and echo[2] == SPEEDS[TOP]
    answered = [at_us for way, frame, at_us in heard if way == "<" and frame[5:7] == b"\xd5\x11"]
    assert raise_[1] < answered[0] <= ack[1]
    assert switch[1] - ack[1] >= 6 * 10_000_000 // 1_152_000 + 200  # its bits, and the chip's time
    assert chip.baud == pn532.baud == SPEEDS[TOP] and at > 0 and works(pn532)


@pytest.mark.parametrize("knob", ("refuse_speed", "garble_speed", "keep_speed"))
@pytest.mark.parametrize("codes", ((7,), (7, 6), (7, 6, 5)))
def test_speed_that_fails_should_end_at_one_that_works(knob, codes):
    """PD-12: refused; granted and garbled; granted and not carried out."""
    pn532, _, chip = host_of(Faults(**{knob: codes}))
    pn532.open()
    assert chip.baud == pn532.baud == SPEEDS[min(codes) - 1] and works(pn532)
    assert pn532.unfit == [SPEEDS[code] for code in codes]
    before = chip.exchanges
    assert pn532.recover() is True and chip.baud == SPEEDS[min(codes) - 1]
    assert chip.exchanges - before < 12  # what failed is not tried again


@pytest.mark.parametrize("code, baud", HSU_SPEEDS)
def test_chip_should_be_found_at_the_speed_it_was_left_at(code, baud):
    """PD-13: each of the nine, first the one used last; within the stated time."""
    for last_baud in (baud, 115200, 9600):
        pn532, wire, chip = host_of(power="awake", baud=baud, last_baud=last_baud)
        assert pn532.open() == b"\x32\x01\x06\x07"
        speeds = [one[0] for one in wire.did if isinstance(one[0], int)]
        assert speeds[0] == last_baud
        sam = [one for one in wire.did if isinstance(one[0], bytes) and one[0][5:7] == b"\xd4\x14"]
        found_us = [one[1] for one in sam if one[2] == baud][0]
        assert found_us <= PROBE_LIMIT_MS * 1000
        assert chip.baud == pn532.baud == SPEEDS[TOP] and works(pn532)


@pytest.mark.parametrize("power", ("low_vbat", "asleep"))
def test_sleeping_chip_should_be_woken_before_it_is_asked(power):
    """PD-14: without wake-up and SAMConfiguration nothing is answered; with them open succeeds,
    and no wake-up stands before ordinary commands.
    """
    pn532, wire, chip = host_of(power=power)
    wire.write(command("02"))
    assert wire.read(20, 100) == b"" and chip.exchanges == 0
    wire.did.clear()
    pn532.open()
    assert wire.writes()[:2] == [WAKE, command("14", b"\x01\x14\x01")]
    assert works(pn532)
    assert wire.writes().count(WAKE) == 1
