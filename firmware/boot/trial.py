# SPDX-License-Identifier: Apache-2.0
"""Trial: when the release that runs counts as good, and the record is told so.

    trial.mark(selftest_passed=True)     from the start
    trial.mark(tapped=True)              a sale was approved and is in the journal
    trial.mark(hosted=True)              the host has answered, authentic
    trial.turn()                         between customers: writes what is due, an erase of 45 ms

Good is who has passed the self-test and has either sold or reached its host: a terminal that can
do neither would have to be fetched from the road. Until then its starts stay counted, and the
loader goes back to the old release when they are used up.
"""

from firmware.boot import slots

STEADY_MS = 300000  # so long without a reset: not a crash loop
AGAIN_MS = 60000  # a record that could not be written is tried again


class Trial:
    """record: record.BootRecord; clock: ticks_ms, ticks_diff."""

    def __init__(self, record, clock):
        self.record = record
        self.clock = clock
        self.selftest_passed = self.tapped = self.hosted = False
        self.settled = self.steady = False
        self.began_ms = clock.ticks_ms()
        self.failed_ms = None

    def mark(self, selftest_passed=False, tapped=False, hosted=False):
        """Note what was seen; nothing is written."""
        self.selftest_passed = self.selftest_passed or selftest_passed
        self.tapped = self.tapped or tapped
        self.hosted = self.hosted or hosted

    def turn(self):
        """Write what is due; True where the release has become good by it."""
        if self.settled or not self.selftest_passed:
            return False
        now = self.clock.ticks_ms()
        if self.failed_ms is not None and self.clock.ticks_diff(now, self.failed_ms) < AGAIN_MS:
            return False
        if self.tapped or self.hosted:
            self.settled = self._save(slots.good(self.record.values), now)
            return self.settled
        if not self.steady and self.clock.ticks_diff(now, self.began_ms) >= STEADY_MS:
            self.steady = self._save(slots.steady(self.record.values), now)
        return False

    def _save(self, values, now):
        kept = self.record.save(values)
        self.failed_ms = None if kept else now
        return kept
