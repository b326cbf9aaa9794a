# SPDX-License-Identifier: Apache-2.0
"""HealingReader: the ladder above the chip's own recovery: reset pin, line opened anew (PD-34)."""

from firmware.errors import LinkLost
from firmware.reader.bus import Hsu
from firmware.reader.healing import HealingReader
from firmware.reader.pn532 import Pn532
from tests.reader.scripted import Chip, Line


class Desk:
    """A chip that can die, on a line that can be pulled out; `reports` of its pin."""

    def __init__(self, pin=False):
        self.virtual = Chip()
        self.dead = False
        self.pulled = False
        self.opened = 0
        self.reports = []
        self.line = Line(lambda data, baud: [] if self.dead else self.virtual(data, baud))
        self.line.close = lambda: None
        self.line.reset = self.reset if pin else None
        self.reader = HealingReader(self.open_stream, self.make_chip, self.reports.append)
        self.reader.open()

    def open_stream(self):
        if self.pulled:
            raise LinkLost("no adapter")
        self.opened += 1
        self.line.baud = 115200
        return self.line

    def make_chip(self, stream):
        return Pn532(Hsu(stream, stream.clock), stream.clock)

    def reset(self, level):
        if level:
            self.dead = False
            self.virtual.power_cycle()

    def recovers(self):
        """(whether, ms it took)."""
        begin_us = self.line.clock.now_us
        return self.reader.recover(), (self.line.clock.now_us - begin_us) // 1000


def test_dead_chip_should_be_called_out_of_order_within_half_a_second():
    """PD-34: also when its line is opened anew, and at each later try."""
    desk = Desk()
    desk.dead = True
    for _ in range(3):
        works, took_ms = desk.recovers()
        assert not works and took_ms <= 500, took_ms
    desk.virtual.power_cycle()
    desk.dead = False
    works, took_ms = desk.recovers()
    assert works and took_ms <= 500, took_ms
    assert desk.reader.find(0) == [] and desk.virtual.baud == 921600


def test_line_that_is_gone_should_be_opened_when_it_is_back():
    """PD-34: nothing is asked of a reader without a line."""
    desk = Desk()
    desk.dead = desk.pulled = True
    assert desk.recovers()[0] is False
    assert desk.recovers() == (False, 0)
    try:
        desk.reader.find(0)
    except LinkLost as gone:
        assert str(gone) == "the reader's line is gone"
    else:
        raise AssertionError("no error")
    desk.dead = desk.pulled = False
    assert desk.recovers()[0] is True and desk.opened == 2


def test_reset_pin_should_be_used_before_the_line_is_closed():
    """PD-34: reported, and no second pulse where one was enough."""
    desk = Desk(pin=True)
    desk.dead = True
    works, took_ms = desk.recovers()
    assert works and took_ms <= 500, took_ms
    assert [one["text"] for one in desk.reports] == ["reset by its pin"]
    assert desk.opened == 1 and desk.virtual.baud == 921600
