# SPDX-License-Identifier: Apache-2.0
"""The clock of tests: what a device asks of time, and the hand that moves it."""


class HandClock:
    """A clock that moves when it is told to."""

    def __init__(self):
        self.ms = 0
        self.utc_s = 1795000000
        self.now = (2026, 11, 21, 10, 15, 0)

    def ticks_ms(self):
        return self.ms

    def ticks_us(self):
        return self.ms * 1000

    def ticks_diff(self, later, earlier):
        return later - earlier

    def local_now(self):
        return self.now

    def time_utc_s(self):
        return self.utc_s

    def advance(self, seconds):
        """Let time pass; the local time stays, nothing here depends on its minutes."""
        self.ms += int(seconds * 1000)
        self.utc_s += int(seconds)
