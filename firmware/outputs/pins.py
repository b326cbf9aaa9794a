# SPDX-License-Identifier: Apache-2.0
"""Lamps and a buzzer on single pins: `outputs: green=17 amber=27 red=22 buzzer=18,low=1`.

A lamp that is not wired is not lit: three colours do for a terminal without a blue one.
"""

from firmware.errors import FormatError
from firmware.outputs.output import Output
from firmware.outputs.signals import BLINKS, TONES, Player

BUZZER = "buzzer"
NAMES = ("blue", "green", "amber", "red", BUZZER)


class Pins(Output):
    """open_output: of hal; text: of the setting `outputs`. FormatError when it cannot be read."""

    name = "outputs"

    def __init__(self, text, open_output, clock):
        self.open_output = open_output
        self.clock = clock
        self.wired = []  # (name, wiring text)
        self.players = {}
        for word in text.split():
            name, _, where = word.partition("=")
            if name not in NAMES or not where or name in [one for one, _ in self.wired]:
                raise FormatError(
                    "outputs: `%s` is not NAME=PIN, or stands twice; names: %s"
                    % (word, ", ".join(NAMES))
                )
            self.wired.append((name, where))

    def open(self):
        """All pins, at rest."""
        self.close()
        for name, where in self.wired:
            self.players[name] = Player(self.open_output(where), self.clock)

    def lamp(self, colour):
        """This one, and no other."""
        for name in self.players:
            if name != BUZZER and name != colour:
                self.players[name].rest()
        if colour in self.players:
            self.players[colour].blink(BLINKS[colour])

    def beep(self, kind):
        """A new tone ends the one that sounds."""
        if BUZZER in self.players:
            self.players[BUZZER].play(TONES[kind])

    def refresh(self):
        """Blink and sound."""
        for name in self.players:
            self.players[name].turn()

    def close(self):
        """Pins at rest and given back."""
        players, self.players = self.players, {}
        for name in players:
            players[name].pin.close()
