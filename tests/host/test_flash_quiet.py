# SPDX-License-Identifier: Apache-2.0
"""Flash is neither programmed nor erased between a command and the end of its answer (PD-30)."""

import pytest

from firmware.reader.frame import ACK
from firmware.reader.iso_dep import IsoDepCard
from sim.faults import Fault, Faults
from tests.host.bus_stand import BUSES
from tests.host.chip_stand import EXCHANGE, ChipStand, RadioCard
from tests.stand import FLASH

ERASE, SYNC = 6, 3


class NotedFlash:
    """The flash of the stand; `log` gets ("flash", what) at each change of it."""

    def __init__(self, flash):
        self.flash = flash
        self.log = []

    def __getattr__(self, name):
        return getattr(self.flash, name)

    def writeblocks(self, *arguments):
        self.log.append(("flash", "program"))
        return self.flash.writeblocks(*arguments)

    def ioctl(self, op, arg=0):
        if op in (ERASE, SYNC):
            self.log.append(("flash", "erase" if op == ERASE else "sync"))
        return self.flash.ioctl(op, arg)


class QuietStand(ChipStand):
    """A stand whose storage and bus write into one log: what came first is seen."""

    flash = NotedFlash(FLASH)

    def __init__(self, *arguments, **settings):
        self.flash.log = self.log_of_both = []
        super().__init__(*arguments, **settings)
        write = self.pn532.bus.write

        def noted(data):
            if len(data) > len(ACK):
                self.log_of_both.append(("bus", "sent"))
            write(data)

        self.pn532.bus.write = noted

    def _trace(self, direction, frame, at_us):
        super()._trace(direction, frame, at_us)
        if direction == "<" and frame != ACK:
            self.log_of_both.append(("bus", "answered"))

    def overlaps(self):
        """Changes of the flash while an answer was due; and how many changes there were in all."""
        due, wrong, changes = False, [], 0
        for where, what in self.log_of_both:
            if where == "bus":
                due = what == "sent"
            else:
                changes += 1
                wrong += [what] * due
        return wrong, changes


@pytest.mark.parametrize("own_card", (None, IsoDepCard))
@pytest.mark.parametrize("name", ("hsu", "spi", "i2c"))
def test_flash_should_be_quiet_while_an_answer_is_due(name, own_card):
    """PD-30: a whole day of taps, with the certificates opened while the card computes: bought,
    torn at the last record and recovered; pending entries, records, erases of blocks.
    """
    stand = QuietStand("same_card_s: 0", make_bus=BUSES[name], own_card=own_card)
    outcomes = []
    for number in range(20):
        card = RadioCard(busy_ms=12.0)
        if number % 4 == 3:
            stand.radio.tear(last=True, acted=number % 8 == 3)
        for _ in range(2 if number % 4 == 3 else 1):
            stand.radio.place(card)
            outcomes += [one["outcome"] for one in stand.turn()]
            stand.radio.remove()
            stand.turn(5)
        for sequence, _ in list(stand.journal.records()):
            stand.journal.acknowledge(sequence)
    wrong, changes = stand.overlaps()
    kinds = {what for where, what in stand.log_of_both if where == "flash"}
    assert outcomes.count("torn_pending") == 5 and outcomes.count("approved") >= 15
    assert changes > 150 and kinds == {"program", "erase", "sync"}
    assert wrong == []


@pytest.mark.parametrize(
    "fault", (Fault(wrong_dcs=True), Fault(drop_answer=True), Fault(status=0x01))
)
def test_flash_should_be_quiet_when_answers_fail(fault):
    """PD-30: at each command; one that was given up is followed by others before anything else."""
    for nth in range(8):
        stand = QuietStand("same_card_s: 0", faults=Faults({(EXCHANGE, nth): fault}))
        stand.radio.place(RadioCard())
        stand.turn(3)
        stand.radio.remove()
        stand.turn(5)
        wrong, changes = stand.overlaps()
        assert changes > 20 and wrong == [], nth


def test_recording_should_see_a_write_at_the_wrong_time():
    """The check itself: work done while the card computes that wrote to flash would be seen."""
    stand = QuietStand()
    stand.radio.place(RadioCard())
    command = stand.pn532.command

    def spoilt(code, data, timeout_ms, spare=None):
        def writes():
            stand.flash.ioctl(SYNC)
            return bool(spare and spare())

        return command(code, data, timeout_ms, writes)

    stand.pn532.command = spoilt
    stand.turn()
    assert "sync" in stand.overlaps()[0]
