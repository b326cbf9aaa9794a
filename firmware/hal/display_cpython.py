# SPDX-License-Identifier: Apache-2.0
"""Displays on I2C under Linux: luma.oled for an SSD1306, RPLCD for an HD44780 behind a PCF8574
(`pip install "faretap[displays]"`); loaded only where settings name one. Not yet run on hardware.

A screen: columns, rows, chinese, write(rows, changed), close(); contract in outputs/display.py.
"""

import contextlib

from firmware.errors import FormatError, LinkLost
from firmware.hal.pins_cpython import needed
from firmware.hal.wiring import read_display

CELL_HEIGHT = 16  # pixels of a row; a Chinese sign is 16 wide, a letter 8


def open_display(where):
    """A screen by its wiring text; FormatError for text, library or font, LinkLost."""
    kind, wired, font = read_display(where)
    return (Oled if kind == "ssd1306" else Letters)(where, wired, font)


class Oled:
    """128 x 64 pixels, four rows of 16 cells; Chinese where `font=` names a TrueType font."""

    def __init__(self, where, wired, font):
        self.columns, self.rows, self.chinese = wired["columns"], wired["rows"], bool(font)
        self.name = "display " + where
        faces = needed("PIL.ImageFont", self.name, "displays")
        self._error = needed("luma.core.error", self.name, "displays").Error
        self._render = needed("luma.core.render", self.name, "displays").canvas
        serial = needed("luma.core.interface.serial", self.name, "displays")
        devices = needed("luma.oled.device", self.name, "displays")
        try:
            self._font = faces.truetype(font, CELL_HEIGHT) if font else faces.load_default()
        except OSError as error:
            raise FormatError("%s: font %s: %s" % (self.name, font, error)) from error
        with self._told():
            bus = serial.i2c(port=wired["bus"], address=wired["address"] or 0x3C)
            self._device = devices.ssd1306(
                bus, width=self.columns * 8, height=self.rows * CELL_HEIGHT
            )

    def write(self, rows, changed):
        """All rows: a frame is one transfer."""
        with self._told(), self._render(self._device) as draw:
            for row, text in enumerate(rows):
                draw.text((0, row * CELL_HEIGHT), text, font=self._font, fill="white")

    def close(self):
        """Dark."""
        with contextlib.suppress(LinkLost), self._told():
            self._device.cleanup()

    @contextlib.contextmanager
    def _told(self):
        try:
            yield
        except (self._error, OSError) as error:
            raise LinkLost("%s: %s" % (self.name, error)) from error


class Letters:
    """An HD44780 behind a PCF8574: rows of ASCII."""

    chinese = False

    def __init__(self, where, wired, font):
        self.columns, self.rows = wired["columns"], wired["rows"]
        self.name = "display " + where
        library = needed("RPLCD.i2c", self.name, "displays")
        with self._told():
            self._lcd = library.CharLCD(
                i2c_expander="PCF8574",
                address=wired["address"] or 0x27,
                port=wired["bus"],
                cols=self.columns,
                rows=self.rows,
                auto_linebreaks=False,
            )

    def write(self, rows, changed):
        """Those that changed."""
        with self._told():
            for row in changed:
                self._lcd.cursor_pos = (row, 0)
                self._lcd.write_string(rows[row].ljust(self.columns)[: self.columns])

    def close(self):
        """Empty."""
        with contextlib.suppress(LinkLost), self._told():
            self._lcd.close(clear=True)

    @contextlib.contextmanager
    def _told(self):
        try:
            yield
        except OSError as error:
            raise LinkLost("%s: %s" % (self.name, error)) from error
