# SPDX-License-Identifier: Apache-2.0
"""A chip that is deaf until its power is cut is reset by its pin, where one is wired (PD-34)."""

from functools import partial

import pytest

from firmware.errors import LinkLost
from firmware.reader.bus import Hsu
from firmware.reader.healing import HealingReader
from firmware.reader.pn532 import Pn532
from sim.chip import Chip
from sim.faults import Faults
from sim.field import Field
from sim.timing import Timing
from tests.host.bus_stand import i2c, spi
from tests.host.chip_stand import ChipClock, ChipStand, PinnedWire, RadioCard

BY_PIN = {"event": "reader", "text": "reset by its pin"}
STEP = 61  # of the bytes at which the chip stops: each phase of a tap has some


class PinlessWire(PinnedWire):
    reset = None


def over_hsu(line, clock):
    return Hsu(line, clock)


LINES = {
    "hsu": lambda chip, clock: (PinnedWire(chip, clock), over_hsu),
    "spi": lambda chip, clock: face(partial(spi, reset=True), chip, clock),
    "i2c": lambda chip, clock: face(partial(i2c, reset=True), chip, clock),
}


def face(make, chip, clock):
    bus = make(chip, clock)
    return bus.face, lambda line, clock: bus


class Healed:
    """A HealingReader to a chip, and what it reported."""

    def __init__(self, make_line, power="low_vbat"):
        self.clock = ChipClock()
        self.chip = Chip(Field(), Timing(), power=power)
        self.line, self.make_bus = make_line(self.chip, self.clock)
        self.told = []
        self.reader = HealingReader(
            lambda: self.line,
            lambda line: Pn532(self.make_bus(line, self.clock), self.clock),
            self.told.append,
        )


@pytest.mark.parametrize("name", LINES)
def test_stuck_chip_should_be_reset_by_its_pin_and_reported(name):
    """PD-34: low, high, LowVbat, set up anew, within 500 ms; said once."""
    healed = Healed(LINES[name])
    healed.reader.open()
    assert healed.told == []
    healed.chip.reset("dead")
    with pytest.raises(LinkLost):
        healed.reader.find(30)
    begin_us = healed.clock.us
    assert healed.reader.recover() is True
    assert healed.clock.us - begin_us <= 500_000
    assert healed.told == [BY_PIN]
    assert healed.reader.find(30) == []


def test_pin_should_be_low_and_high_for_their_times():
    """PD-34: RSTPD_N low for 2 ms, then the oscillator's time before a word is said."""
    healed = Healed(LINES["hsu"])
    healed.reader.open()
    healed.chip.reset("dead")
    healed.reader.recover()
    (low, low_us), (high, high_us) = healed.line.levels
    assert (low, high) == (0, 1) and 2000 <= high_us - low_us <= 10_000


def test_chip_stuck_at_the_start_should_be_reset_as_well():
    """PD-34: a terminal that is switched on finds it so."""
    healed = Healed(LINES["hsu"], power="dead")
    healed.reader.open()
    assert healed.told == [BY_PIN] and healed.reader.find(30) == []


def test_chip_that_was_reset_should_need_no_pin():
    """PD-34: what heals by words is not reset."""
    healed = Healed(LINES["hsu"])
    healed.reader.open()
    healed.chip.reset()
    assert healed.reader.recover() is True
    assert healed.told == [] and healed.line.levels == []


def test_chip_without_a_pin_should_stay_out_of_order():
    """PD-34: and be tried again; nothing is said of a pin that is not there."""
    healed = Healed(lambda chip, clock: (PinlessWire(chip, clock), over_hsu))
    healed.reader.open()
    healed.chip.reset("dead")
    assert healed.reader.recover() is False and healed.reader.recover() is False
    assert healed.told == []
    healed.chip.reset()
    assert healed.reader.recover() is True


def test_pin_that_cannot_be_set_should_be_no_pin():
    """PD-34: pins of a system can fail too."""
    healed = Healed(LINES["hsu"])
    healed.reader.open()
    healed.chip.reset("dead")

    def fail(level):
        raise OSError(5, "pin")

    healed.line.reset = fail
    assert healed.reader.recover() is False and healed.told == []


class PinnedStand(ChipStand):
    """A terminal whose reader has its reset pin."""

    def restart(self):
        self.line = PinnedWire(self.chip, self.chip_clock)
        self.healing = HealingReader(
            lambda: self.line,
            lambda line: Pn532(Hsu(line, self.chip_clock), self.chip_clock, trace=self._trace),
            lambda event: self.events.append(event),
        )
        self.line.baud = self.chip.baud
        self.healing.open()
        self.pn532 = self.healing
        super().restart()


def bytes_of_a_tap():
    stand = PinnedStand()
    stand.radio.place(RadioCard())
    before = stand.chip.passed
    stand.turn()
    return stand.chip.passed - before


@pytest.mark.parametrize("at", range(1, bytes_of_a_tap(), STEP))
def test_chip_stuck_at_any_byte_of_a_tap_should_serve_the_next_card(at):
    """PD-34: deaf until its power is cut, in any phase; it works again within 500 ms, and no debit
    is without its trace in the journal.
    """
    stand = PinnedStand("same_card_s: 0")
    heal, took_us = stand.healing.recover, []

    def timed():
        begin_us = stand.chip_clock.us
        healed = heal()
        took_us.append(stand.chip_clock.us - begin_us)
        return healed

    stand.healing.recover = timed
    card, following = RadioCard(), RadioCard("6228000100000028")
    stand.radio.place(card)
    stand.chip.faults = Faults(stop_at=stand.chip.passed + at, stop="power")
    stand.turn(2)
    seen = list(stand.events)
    assert seen.count(BY_PIN) == 1 and max(took_us) <= 500_000
    stand.radio.remove()
    stand.turn(5)
    assert len(card.debits) <= len(stand.records()) + len(stand.journal.pending())
    stand.radio.place(following)
    assert [one["outcome"] for one in stand.turn()] == ["approved"]
    assert len(following.debits) == 1
