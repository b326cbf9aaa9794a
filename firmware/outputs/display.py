# SPDX-License-Identifier: Apache-2.0
"""Two lines of text on a display of few rows: `display: ssd1306:1` or `hd44780:1,columns=20`.

screen (hal.open_display): columns, rows, chinese (False where it has letters only), write(rows,
changed) with the texts of all rows and the numbers of those that differ from what stands there,
close(). LinkLost when it is gone. Where there is no Chinese or no room for both, English stands
alone. A line breaks at its blanks; what does not fit is cut.

What it costs: a tap waits for it twice, as `processing` stands while the card works (QT-242).
By the bytes on the bus a row of an HD44780 behind a PCF8574 is some 20 ms at 100 kHz, a frame of
an SSD1306 some 93 ms, 24 ms at 400 kHz; not measured on hardware.
"""

from firmware.outputs.output import Output

ROWS_A_LINE = 2


def width(text):
    """Cells: a sign that is no letter takes two."""
    return sum(2 if sign > "\u2e7f" else 1 for sign in text)


def broken(text, columns):
    """Rows of a line, broken at blanks; what has no blank is cut."""
    rows = [""]
    for word in text.split(" "):
        joined = rows[-1] + " " + word if rows[-1] else word
        if width(joined) <= columns:
            rows[-1] = joined
            continue
        if rows[-1]:
            rows.append("")
        rows[-1] = cut(word, columns)
    return rows


def cut(text, columns):
    """As much of the text as fits."""
    while width(text) > columns:
        text = text[:-1]
    return text


class Display(Output):
    """opener() -> screen, LinkLost."""

    name = "display"

    def __init__(self, opener):
        self.opener = opener
        self.screen = None
        self.shown = []  # a text a row, None: not known

    def open(self):
        """Reach the screen; what stands on it is not known."""
        self.close()
        self.screen = self.opener()
        self.shown = [None] * self.screen.rows

    def show(self, line1, line2):
        """Chinese above English, where both can be shown."""
        if not self.screen:
            return
        columns, count = self.screen.columns, self.screen.rows
        rows = broken(line2, columns)
        if self.screen.chinese and count >= 2 * ROWS_A_LINE:
            above = broken(line1, columns)[:ROWS_A_LINE]
            rows = above + [""] * (ROWS_A_LINE - len(above)) + rows
        rows = (rows + [""] * count)[:count]
        changed = [row for row in range(count) if rows[row] != self.shown[row]]
        if changed:
            self.screen.write(rows, changed)
            self.shown = rows

    def close(self):
        """Give the screen back."""
        screen, self.screen = self.screen, None
        if screen:
            screen.close()
