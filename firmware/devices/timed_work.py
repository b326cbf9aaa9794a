# SPDX-License-Identifier: Apache-2.0
"""How long background work takes (kernel/work.py), for terminals whose settings
say `trace: frames`; loaded only there.

    {"event": "work", "us": so long it took, "hidden_us": as much of it while a card was computing,
     "last": whether it was done behind the last exchange}

One event an exchange at most, behind it, and one at the end; the sum of `us` is the cryptography
of a tap, and what is not hidden made the tap longer.
"""


def metered(steps, exchange, clock, report):
    """(steps, exchange) that do the same and tell what background work took."""
    meter = WorkMeter(steps, exchange, clock, report)
    return meter, meter.exchange


class WorkMeter:
    """Times the slices of every Work that `steps` yields: its send() and throw() are those of
    `steps`, its exchange() is the one around `exchange`. No command is its own.
    """

    def __init__(self, steps, exchange, clock, report):
        self.steps = steps
        self.inner = exchange
        self.clock = clock
        self.report = report
        self.us = self.hidden_us = 0
        self.waiting = False

    def send(self, reply):
        """The next command, Work or Ask of the steps; StopIteration at their end."""
        return self._passed(self.steps.send, reply)

    def throw(self, lost):
        """The same, with a lost link thrown in."""
        return self._passed(self.steps.throw, lost)

    def _passed(self, go_on, value):
        try:
            wanted = go_on(value)
        except StopIteration:
            self.tell(True)
            raise
        if hasattr(wanted, "step"):
            wanted.step = self._timed_step(wanted.step)
        return wanted

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
