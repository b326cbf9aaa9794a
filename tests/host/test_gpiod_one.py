# SPDX-License-Identifier: Apache-2.0
"""Pins by libgpiod 1, as Debian bookworm has it: the same pins, by other calls.

The stand-in has the names of gpiod 1.6.3; tests/deb holds the real library against them.
"""

import errno
import sys
from types import SimpleNamespace

import pytest

from firmware.errors import LinkLost
from firmware.hal import pins_cpython, pins_gpiod

NAMES = (
    "LINE_REQ_DIR_IN", "LINE_REQ_DIR_OUT", "LINE_REQ_EV_FALLING_EDGE", "LINE_REQ_FLAG_ACTIVE_LOW",
    "LINE_REQ_FLAG_BIAS_PULL_DOWN", "LINE_REQ_FLAG_BIAS_PULL_UP",
)  # fmt: skip
BITS = {name: 1 << at for at, name in enumerate(NAMES)}


class Chip:
    """gpiod.Chip with four lines; `pins`: number -> Line, of all that were asked for."""

    pins: dict = {}
    closed = 0

    def __init__(self, path):
        if path != "/dev/gpiochip0":
            raise FileNotFoundError(errno.ENOENT, path)

    def get_line(self, number):
        if number > 27:
            raise OSError(errno.EINVAL, "no such line")
        return Chip.pins.setdefault(number, Line())

    def close(self):
        Chip.closed += 1


class Line:
    """gpiod.Line: `level` by what is active, as the library counts it."""

    def __init__(self):
        self.asked, self.level, self.waited = None, 0, []

    def request(self, consumer, type=0, flags=0, default_val=0):  # noqa: A002
        if self.asked:
            raise OSError(errno.EBUSY, "in use")
        self.asked, self.level = (consumer, type, flags), default_val

    def set_value(self, value):
        self.level = value

    def get_value(self):
        return self.level

    def event_wait(self, sec=0, nsec=0):
        self.waited.append(sec * 1_000_000_000 + nsec)
        self.level = 0  # the chip pulls it low
        return True

    def event_read(self):
        return "falling"

    def release(self):
        self.asked = None


@pytest.fixture(autouse=True)
def library(monkeypatch):
    Chip.pins, Chip.closed = {}, 0
    monkeypatch.setitem(sys.modules, "gpiod", SimpleNamespace(Chip=Chip, **BITS))


def flags_of(number):
    _, kind, flags = Chip.pins[number].asked
    return [name for name in NAMES if (kind | flags) & BITS[name]]


def test_pins_of_a_reader_should_be_asked_for_by_their_roles():
    """PD-32: the interrupt line is waited for by its edge."""
    pins = pins_cpython.open_pins({"irq": 25, "reset": 24, "cs": 8}, "spi:0.0")
    assert flags_of(25) == ["LINE_REQ_EV_FALLING_EDGE"]
    assert flags_of(24) == flags_of(8) == ["LINE_REQ_DIR_OUT"]
    assert Chip.pins[24].level == Chip.pins[8].level == 1, "neither reset nor selected"
    pins.put("cs", 0)
    pins.reset(0)
    assert Chip.pins[8].level == Chip.pins[24].level == 0
    Chip.pins[25].level = 1
    assert pins.irq(20) is True and 0 < Chip.pins[25].waited[0] <= 20_000_000
    pins.close()
    assert Chip.closed == 1 and not Chip.pins[25].asked


def test_single_pins_should_have_level_and_pull():
    out = pins_gpiod.open_output("17,low=1", None)
    assert flags_of(17) == ["LINE_REQ_DIR_OUT", "LINE_REQ_FLAG_ACTIVE_LOW"]
    out.set(1)
    assert Chip.pins[17].level == 1
    out.close()
    assert Chip.pins[17].level == 0 and Chip.closed == 1
    contact = pins_gpiod.open_input("4,low=1", None)
    assert flags_of(4) == [
        "LINE_REQ_DIR_IN", "LINE_REQ_FLAG_ACTIVE_LOW", "LINE_REQ_FLAG_BIAS_PULL_UP",
    ]  # fmt: skip
    assert contact.get() == 0
    pins_gpiod.open_input("5", None)
    assert flags_of(5) == ["LINE_REQ_DIR_IN", "LINE_REQ_FLAG_BIAS_PULL_DOWN"]


@pytest.mark.parametrize("where", ["17,chip=4", "99"])
def test_what_is_not_there_should_be_a_lost_link(where):
    with pytest.raises(LinkLost):
        pins_gpiod.open_output(where, None)


def test_a_line_in_use_should_give_back_the_others():
    first = pins_gpiod.open_output("24", None)
    with pytest.raises(LinkLost, match="in use"):
        pins_cpython.open_pins({"irq": 25, "reset": 24}, "spi:0.0")
    assert not Chip.pins[25].asked and Chip.closed == 1
    first.close()
