# SPDX-License-Identifier: Apache-2.0
"""drive(steps, exchange): runs any generator of commands and uses its waiting time.

`steps` yields `bytes`, a command, and is sent the answer; or a Work (kernel/work.py), which is put
on a list and done a slice at a time while the other end computes; or an Ask, a call that is made
at once. A lost link is thrown in at the step where it happened. Nothing here knows cards, batches
or clocks.
"""

from firmware.errors import LinkLost


class Backlog:
    """Work waiting for spare time, oldest first."""

    def __init__(self):
        self.waiting = []

    def add(self, work):
        self.waiting.append(work)

    def spare(self):
        """Do one slice; False when nothing is left to do."""
        while self.waiting:
            if self.waiting[0].step():
                return True
            self.waiting.pop(0)
        return False


def drive(steps, exchange):
    """Run `steps` to its end over `exchange(command, spare) -> answer`; return what it returns.

    Only Works are done while an answer is due, and they compute: flash is written where `steps`
    has the answer already (PD-30).
    """
    backlog = Backlog()
    reply = lost = None
    while True:
        try:
            wanted = steps.throw(lost) if lost else steps.send(reply)
        except StopIteration as end:
            return end.value
        reply = lost = None
        if not isinstance(wanted, bytes):
            if hasattr(wanted, "call"):
                reply = wanted.call(*wanted.values)
            else:
                backlog.add(wanted)
            continue
        try:
            reply = exchange(wanted, backlog.spare)
        except LinkLost as gone:
            lost = gone
