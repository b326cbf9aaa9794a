# SPDX-License-Identifier: Apache-2.0
"""What watches that the program goes on, and how long it was ever left alone.

    dog = hal.watchdog(8000)
    dog.feed()                 at least once in dog.timeout_ms, else this program is started anew
    dog.limit(20000)           another time-out from here on
    dog.kind                   "machine": the board's own; "systemd"; "none": nobody watches
    dog.longest_ms             the longest time between two feeds

Who watches differs: a board resets itself (watchdog_board.py), a service manager kills and starts
the program (systemd.py), MicroPython's unix port has nobody, and says so.
"""

from firmware.hal.ticks import ticks_diff, ticks_ms

SHARE = 8  # who watches is told at most so many times in its time-out


class Watchdog:
    """begin(timeout_ms) -> the time-out in force; kick(): tells who watches that all is well;
    tell(text): lines of `NAME=value` for a service manager. Each None where there is none.
    """

    def __init__(self, kind="none", begin=None, kick=None, tell=None):
        self.kind = kind
        self.timeout_ms = 0  # in force; 0: nobody watches
        self.begin = begin
        self.kick = kick
        self.tell = tell
        self.longest_ms = 0
        self.fed_ms = self.kicked_ms = ticks_ms()

    def limit(self, timeout_ms):
        """From here on this time-out, or the nearest there is. Returns the Watchdog."""
        if self.begin:
            self.timeout_ms = self.begin(timeout_ms)
        return self

    def feed(self):
        """The program goes on; cheap enough for each turn of a loop."""
        now = ticks_ms()
        self.longest_ms = max(self.longest_ms, ticks_diff(now, self.fed_ms))
        self.fed_ms = now
        if self.kick and ticks_diff(now, self.kicked_ms) * SHARE >= self.timeout_ms:
            self.kicked_ms = now
            self.kick()

    def ready(self, text):
        """Service has begun; text: a line for who looks after it."""
        if self.tell:
            self.tell("READY=1\nSTATUS=" + text)

    def status(self, text):
        """A line for who looks after it."""
        if self.tell:
            self.tell("STATUS=" + text)

    def stopping(self):
        """Service ends because somebody asked for it."""
        if self.tell:
            self.tell("STOPPING=1")


def watchdog(timeout_ms):
    """Where nobody watches: `kind` says so, the longest time is counted all the same."""
    return Watchdog()
