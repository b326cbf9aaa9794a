# SPDX-License-Identifier: Apache-2.0
"""Buttons of a window without a cashier: one input for each dish, and one that takes all back.

    buttons: b1=1 b2=2 b0=clear          INPUT=DISH; inputs as docs/porting.md has them

A button counts once, when it is pressed; two looks must agree, as contacts bounce. An input that
cannot be read is out of order and counts as not pressed.
"""

from firmware.devices import options
from firmware.errors import FormatError, LinkLost

CLEAR = "clear"


class Buttons:
    """inputs: [(input (hal), dish number or CLEAR)]."""

    def __init__(self, inputs):
        self.inputs = inputs
        self.levels = [0] * len(inputs)  # of the last look
        self.down = [False] * len(inputs)

    def turn(self):
        """What was pressed since the last turn, in the order of the setting."""
        pressed = []
        for at, (contact, meaning) in enumerate(self.inputs):
            try:
                level = contact.get()
            except (LinkLost, OSError):
                level = 0
            if level == self.levels[at] and bool(level) != self.down[at]:
                self.down[at] = bool(level)
                if level:
                    pressed.append(meaning)
            self.levels[at] = level
        return pressed

    def close(self):
        """Give the inputs back."""
        for contact, _ in self.inputs:
            contact.close()


def open_buttons(text, menu, hal):
    """Buttons of the setting `buttons`; FormatError."""
    inputs = []
    for word in text.split():
        where, _, meaning = word.rpartition("=")
        if meaning != CLEAR:
            meaning = options.number({"buttons": meaning}, "buttons", 0, 1, 99)
        if not where or (meaning != CLEAR and meaning not in menu):
            raise FormatError("`buttons: %s`: INPUT=DISH of the menu, or INPUT=clear" % word)
        inputs.append((hal.open_input(where), meaning))
    return Buttons(inputs)
