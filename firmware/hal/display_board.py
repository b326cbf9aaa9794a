# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B904 - MicroPython has no `raise from`
"""Displays on a board's I2C: `ssd1306` of micropython-lib, `lcd.machine_i2c_lcd` of
dhylands/python_lcd, which the integrator installs (mpremote mip install ssd1306); loaded only
where settings name one. Not yet run on hardware.

Both have letters alone: framebuf's font is ASCII of 8 x 8. Contract in outputs/display.py.
"""

import machine

from firmware.errors import FormatError, LinkLost
from firmware.hal.wiring import read_display

CELL_HEIGHT = 16


def open_display(where):
    """A screen by its wiring text; FormatError for text or library, LinkLost."""
    kind, wired, font = read_display(where)
    if font:
        raise FormatError("display %s: a board has no fonts but framebuf's" % where)
    pins = [(name, wired[name]) for name in ("scl", "sda") if wired[name] is not None]
    try:
        if kind == "ssd1306":
            from ssd1306 import SSD1306_I2C as library  # installed by the integrator
        else:
            from lcd.machine_i2c_lcd import I2cLcd as library  # likewise
    except ImportError as error:
        raise FormatError("display %s: install the driver: %s" % (where, error))
    settings = {"freq": 400000}
    for name, number in pins:
        settings[name] = machine.Pin(number)
    try:
        i2c = machine.I2C(wired["bus"], **settings)
        return (Oled if kind == "ssd1306" else Letters)(library, i2c, wired, where)
    except ValueError as error:
        raise FormatError("display %s: %s" % (where, error))
    except OSError as error:
        raise LinkLost("display %s: %s" % (where, error))


class Screen:
    """What both share."""

    chinese = False

    def __init__(self, wired, where):
        self.columns, self.rows = wired["columns"], wired["rows"]
        self.name = "display " + where

    def write(self, rows, changed):
        """LinkLost when the bus does not answer."""
        try:
            self._write(rows, changed)
        except OSError as error:
            raise LinkLost("%s: %s" % (self.name, error))

    def close(self):
        """Empty, where it still answers."""
        try:
            self._write([""] * self.rows, range(self.rows))
        except OSError:
            pass


class Oled(Screen):
    """An ssd1306.SSD1306_I2C."""

    def __init__(self, library, i2c, wired, where):
        Screen.__init__(self, wired, where)
        size = (self.columns * 8, self.rows * CELL_HEIGHT)
        self._device = library(size[0], size[1], i2c, wired["address"] or 0x3C)

    def _write(self, rows, changed):
        self._device.fill(0)
        for row in range(self.rows):
            self._device.text(rows[row], 0, row * CELL_HEIGHT + 4)
        self._device.show()


class Letters(Screen):
    """A lcd.machine_i2c_lcd.I2cLcd."""

    def __init__(self, library, i2c, wired, where):
        Screen.__init__(self, wired, where)
        self._lcd = library(i2c, wired["address"] or 0x27, self.rows, self.columns)

    def _write(self, rows, changed):
        for row in changed:
            self._lcd.move_to(0, row)
            self._lcd.putstr((rows[row] + " " * self.columns)[: self.columns])
