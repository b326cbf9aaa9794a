# SPDX-License-Identifier: Apache-2.0
"""Output: one device that riders see or hear, as a panel (devices/panel.py) that may fail.

`open()` reaches the device and may be called again after a failure; every call may raise LinkLost.
A device does what it can and lets the rest pass.
"""


class Output:
    """Does nothing."""

    name = "output"

    def open(self):
        """Reach the device; LinkLost when it is not there."""

    def lamp(self, colour):
        """Colour: one of panel.LAMPS."""

    def beep(self, kind):
        """Kind: a key of signals.TONES."""

    def show(self, line1, line2):
        """Chinese, English."""

    def voice(self, number):
        """Number of a prompt."""

    def refresh(self):
        """Go on with what takes time; never waits."""

    def close(self):
        """Dark and silent."""
