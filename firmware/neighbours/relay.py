# SPDX-License-Identifier: Apache-2.0
"""Relay: a door strike or a barrier that opens by a pulse on one output (hal.open_output).

It says that the contact was closed, never that somebody passed. An output that cannot be set is a
`fault`; it is opened again once a second, and a pulse that was due then is not made up for: who
stood there has gone, or taps again.
"""

from firmware.errors import LinkLost

REOPEN_MS = 1000


class Relay:
    """opener() -> output (hal), LinkLost where there is none."""

    def __init__(self, opener, pulse_ms, clock):
        self.opener = opener
        self.pulse_ms = pulse_ms
        self.clock = clock
        self.output = None
        self.fault = ""
        self.is_closed = False  # the contact
        self.since = clock.ticks_ms()  # of the pulse, or of the fault
        self._open()

    def turn(self):
        """End the pulse that is over, open an output that was lost; never waits."""
        past_ms = self.clock.ticks_diff(self.clock.ticks_ms(), self.since)
        if self.output is None:
            if past_ms >= REOPEN_MS:
                self._open()
        elif self.is_closed and past_ms >= self.pulse_ms:
            self._set(0)

    def pulse(self):
        """Close the contact for `pulse_ms` from now on; True when that was done."""
        self.since = self.clock.ticks_ms()
        return self._set(1)

    def close(self):
        """Give the output back at rest."""
        self._set(0)
        if self.output:
            self.output.close()
        self.output = None

    def _open(self):
        try:
            self.output = self.opener()
            self.fault = ""
        except (LinkLost, OSError) as gone:
            self._lost(gone)

    def _set(self, level):
        if self.output is None:
            return False
        try:
            self.output.set(level)
            self.is_closed = level == 1
        except (LinkLost, OSError) as gone:
            self._lost(gone)
        return self.output is not None

    def _lost(self, gone):
        self.output, self.is_closed = None, False
        self.fault = str(gone) or "gone"
        self.since = self.clock.ticks_ms()
