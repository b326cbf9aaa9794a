# SPDX-License-Identifier: Apache-2.0
"""Witness: a report that tells the trial of a release what it has seen of it (trial.py)."""

from firmware.boot.trial import Trial

NOT_READ = ("card_lost", "not_accepted")  # of an inspector's cards


class Witness:
    """report: where events go on to; record: record.BootRecord; clock: ticks_ms, ticks_diff."""

    def __init__(self, report, record, clock):
        self.inner = report
        self.trial = Trial(record, clock)

    def report(self, event):
        """Pass it on; a sale and an answer of the host count."""
        kind = event["event"]
        if kind == "tap" and event.get("outcome") == "approved":
            self.trial.mark(tapped=True)
        elif kind == "enquiry" and event["outcome"] not in NOT_READ:
            self.trial.mark(tapped=True)  # an inspector, which sells nothing
        elif kind == "upload":
            self.trial.mark(hosted=True)
        self.inner(event)

    def turn(self, terminal):
        """Between customers: what is due is written."""
        if getattr(terminal, "sound", True):  # an inspector tests nothing
            self.trial.mark(selftest_passed=True)
        if told_host(terminal):
            self.trial.mark(hosted=True)
        if self.trial.turn():
            self.inner({"event": "boot", "text": "the release is good"})


def told_host(terminal):
    """Whether a host has signed an answer to what the terminal says of itself."""
    condition = getattr(terminal, "condition", None)
    host = condition.host if condition else None
    return bool(host and host.session and host.told_ms is not None)
