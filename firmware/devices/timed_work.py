# SPDX-License-Identifier: Apache-2.0
"""How long background work takes (kernel/work.py), for terminals whose settings
say `trace: frames`; loaded only there.

    {"event": "work", "us": so long it took, "hidden_us": as much of it while a card was computing,
     "last": whether it was done behind the last exchange}

One event an exchange at most, behind it, and one at the end; the sum of `us` is the cryptography
of a tap, and what is not hidden made the tap longer.
"""

from firmware.errors import LinkLost


def metered(steps, exchange, clock, report):
    """(steps, exchange) that do the same and tell what background work took."""
    meter = WorkMeter(exchange, clock, report)
    return meter.timed(steps), meter.exchange


class WorkMeter:
    """Times the slices of every Work that `steps` yields; `exchange` is the one around it."""

    def __init__(self, exchange, clock, report):
        self.inner = exchange
        self.clock = clock
        self.report = report
        self.us = self.hidden_us = 0
        self.waiting = False

    def timed(self, steps):
        """The same steps; each Work has its slices timed on its way through."""
        reply = lost = None
        while True:
            try:
                wanted = steps.throw(lost) if lost else steps.send(reply)
            except StopIteration as end:
                self.tell(True)
                return end.value
            reply = lost = None
            if not isinstance(wanted, bytes):
                wanted.step = self._timed_step(wanted.step)
            try:
                reply = yield wanted
            except LinkLost as gone:
                lost = gone

    def exchange(self, command, spare=None):
        """The inner one, with what was done in its waiting time told apart."""
        self.waiting = True
        try:
            return self.inner(command, spare)
        finally:
            self.waiting = False
            self.tell()

    def tell(self, last=False):
        """Report what was done since the last time."""
        if self.us:
            event = {"event": "work", "us": self.us, "hidden_us": self.hidden_us, "last": last}
            self.report(event)
        self.us = self.hidden_us = 0

    def _timed_step(self, step):
        def timed():
            began_us = self.clock.ticks_us()
            try:
                return step()
            finally:
                spent_us = self.clock.ticks_diff(self.clock.ticks_us(), began_us)
                self.us += spent_us
                if self.waiting:
                    self.hidden_us += spent_us

        return timed
