# SPDX-License-Identifier: Apache-2.0
"""Gate by single pins: a relay pulse opens it, contacts tell of passages and of fire.

    gate: open=PIN passed=PIN fire=PIN ..     with gate_kind: relay; what a PIN is: hal/wiring.py

| word | pin |
|---|---|
| open | output, a pulse of `pulse_ms` lets one person in |
| release | output, held while everybody may walk (fire, mode `free`); without it: pulses |
| passed | input, active for a moment when a person is through |
| back | input, likewise in the other direction; back=alarm where the way out is not free |
| beam | input, active while a body stands between the arms (TD-062) |
| shut | input, active while the arms stand closed; without it: closed after `shut_ms` |
| fire | input of a closed loop, active while there is no fire: a cut wire is a fire (TD-065) |

Of several people the next pulse comes when the one before is through. A pin is an object with
set(level) and get(), contract in hal/__init__.py; one that is gone is a silent controller, except
`fire`, which then burns.
"""

from firmware.errors import FormatError, LinkLost

OUTPUTS = ("open", "release")
INPUTS = ("passed", "back", "beam", "shut", "fire")
NUMBERS = (("pulse_ms", 300, 50, 2000), ("shut_ms", 1000, 0, 20000))
BETWEEN_MS = 200  # a relay rests so long between two pulses
MOST_PERSONS = 50


class RelayGate:
    """pins: dict word -> pin; clock: ticks; numbers: of NUMBERS; free_exit: `back` is no alarm."""

    one_by_one = True  # a pulse is one person's

    def __init__(self, pins, clock, numbers, free_exit=True):
        for word in ("open", "passed"):
            if word not in pins:
                raise FormatError("settings: `gate`: %s=PIN is missing" % word)
        self.pins = pins
        self.clock = clock
        self.numbers = numbers
        self.free_exit = free_exit
        self.passages = 0
        self.levels = {"passed": 0, "back": 0, "beam": 0, "shut": 0}
        self.events = []
        self.wanted = 0  # people to be let in, of whom one may have his pulse already
        self.given = False  # whoever is first has it
        self.high = False  # the relay is pulled now
        self.relay_at = clock.ticks_ms()  # since when it is as it is
        self.shut_at = None  # ticks when the arms were told to close and have not said so
        self.burning = self.silent = self.held = False

    def turn(self):
        """Events since the last turn."""
        events, self.events = self.events, []
        try:
            self._look(events)
            self._pulse(events)
        except LinkLost:
            if not self.silent:
                events.append("silent")
            self.silent = True
            return events
        if self.silent:
            self.silent = False
            events.append("healed")
        return events

    def order(self, word, persons):
        """Do what gate.py says."""
        if word == "open":
            self.wanted = min(MOST_PERSONS, max(1, persons))
            self.shut_at = None
        elif word == "close":
            self.wanted, self.given = 0, False
            self.shut_at = self.clock.ticks_ms()
            self._hold(False)
        elif word in ("release", "free"):
            self._hold(True)
        else:
            self._hold(False)

    def fire(self):
        """The loop is open, or nobody can tell."""
        if "fire" not in self.pins:
            return False
        try:
            return not self.pins["fire"].get()
        except LinkLost:
            return True

    def close(self):
        """Give the pins back, outputs at rest."""
        for word in self.pins:
            self.pins[word].close()

    def _look(self, events):
        burning = self.fire()
        if burning != self.burning:
            self.burning = burning
            events.append("fire" if burning else "fire_over")
        for word in self.levels:
            if word in self.pins:
                self._changed(word, self.pins[word].get(), events)
        if "shut" not in self.pins:
            waited = self.shut_at is not None and self._since(self.shut_at)
            if waited is not False and waited >= self.numbers["shut_ms"]:
                self.shut_at = None
                events.append("closed")
        elif self.shut_at is not None and self.levels["shut"]:
            self.shut_at = None
            events.append("closed")

    def _changed(self, word, level, events):
        if level == self.levels[word]:
            return
        self.levels[word] = level
        if word == "passed" and level:
            self.passages += 1
            self.wanted, self.given = max(0, self.wanted - 1), False
            events.append("cleared")
        elif word == "back" and level:
            events.append("exited" if self.free_exit else "reverse")
        elif word == "beam":
            events.append("blocked" if level else "freed")

    def _pulse(self, events):
        waited = self._since(self.relay_at)
        if self.high and waited >= self.numbers["pulse_ms"]:
            self._relay(0)
        elif self.wanted and not (self.high or self.given) and waited >= BETWEEN_MS:
            self._relay(1)
            self.given = True
            events.append("opened")

    def _relay(self, level):
        self.pins["open"].set(level)
        self.high = bool(level)
        self.relay_at = self.clock.ticks_ms()

    def _hold(self, held):
        self.held = held
        if "release" in self.pins:
            try:
                self.pins["release"].set(1 if held else 0)
            except LinkLost:
                self.events.append("silent")

    def _since(self, ticks):
        return self.clock.ticks_diff(self.clock.ticks_ms(), ticks)
