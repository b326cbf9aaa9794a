# SPDX-License-Identifier: Apache-2.0
"""A virtual meter on a pseudo terminal, and the driver's commands.

with MeterServer(Meter("jtt905")) as server: ...   # server.path is the device
    server.do("in"); server.until("signed_in", 5)
"""

import queue
import time

from sim.pty_line import PtyLine


class MeterServer(PtyLine):
    """machine: of sim/meter.py; link: a symbolic link to make."""

    def __init__(self, machine, link=None):
        super().__init__(machine, link)
        self.events: queue.Queue = queue.Queue()

    def do(self, text):
        """A command of the driver; FormatError at the wrong moment."""
        with self.lock:
            self.machine.do(text)

    def heard(self, events):
        """For whoever waits."""
        for event in events:
            self.events.put(event)

    def until(self, words, timeout_s):
        """The next event whose word is in `words`, None when it does not come in time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                event = self.events.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return None
            if event[0] in words:
                return event
        return None
