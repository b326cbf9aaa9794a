# SPDX-License-Identifier: Apache-2.0
"""A door strike or a barrier on the stage: what a contact opens, and who goes through behind it.

The contact tells nothing back (firmware/neighbours/relay.py): each time it is closed one may go.
"""

OPENING_MS = 1500  # nobody waits longer behind a green lamp


class Opener:
    """What hangs on the output `pin`. `pulses`: how often it was told to open."""

    def __init__(self, world, pin):
        self.world = world
        self.pin = pin
        self.pulses = 0
        self.unused = 0  # openings that nobody has gone through yet
        self.fails = False  # the power goes at the very moment it is told to open next
        self.failed = 0  # how often that came true
        world.on_pin[pin] = self._set

    def _set(self, level):
        if not level:
            return
        if self.fails:
            self.fails = False
            self.failed += 1
            self.world.pins[self.pin] = 0
            self.world.pull_plug()
            return
        self.pulses += 1
        self.unused += 1

    def opened(self):
        """Generator: wait for it; returns whether it opened."""
        waited_ms = 0
        while not self.unused and waited_ms < OPENING_MS:
            yield 50
            waited_ms += 50
        if not self.unused:
            return False
        self.unused -= 1
        return True
