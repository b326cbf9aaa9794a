# SPDX-License-Identifier: Apache-2.0
"""How tones sound and lamps blink: tables in milliseconds, and a player that never waits.

Paid, present again and refused differ in number and length of their tones, and in how their lamps
blink, so that nobody needs to tell colours apart or to hear (TD-002).
"""

TONES = {  # kind of panel.py -> ms on, off, on, ..
    "ok": (150,),
    "double": (80, 80, 80),
    "again": (200, 120, 200, 120, 200),
    "known": (30,),
    "no": (900,),
    "power": (60,),  # TD-016
    "ready": (60, 60, 60),  # TD-016
}
BLINKS = {  # colour -> ms on, off, and from the beginning; (): steady
    "blue": (),
    "green": (),
    "amber": (400, 400),
    "red": (120, 120),
}


class Player:
    """Plays a pattern on an output pin (hal.open_output); `turn(now)` is called often.

    Time is taken as it comes: a turn that is late makes a tone longer, never loses one.
    """

    def __init__(self, pin, clock):
        self.pin = pin
        self.clock = clock
        self.left: tuple = ()  # of the pattern: ms
        self.again: tuple = ()  # the pattern that begins anew, () for none
        self.level = 0
        self.since_ms = 0

    def play(self, pattern):
        """Once from the beginning; () is silence."""
        self.again = ()
        self._begin(pattern)

    def blink(self, pattern):
        """For ever; () is steady."""
        self.again = pattern
        self._begin(pattern)
        if not pattern:
            self._set(1)

    def rest(self):
        """Silence, darkness."""
        self.play(())

    def turn(self):
        """Go on with the pattern where its time has come."""
        if not self.left:
            return
        now = self.clock.ticks_ms()
        if self.clock.ticks_diff(now, self.since_ms) < self.left[0]:
            return
        self.left = self.left[1:] or self.again
        self.since_ms = now
        self._set(self.level ^ 1 if self.left else 0)

    def _begin(self, pattern):
        self.left = pattern
        self.since_ms = self.clock.ticks_ms()
        self._set(1 if pattern else 0)

    def _set(self, level):
        self.level = level
        self.pin.set(level)
