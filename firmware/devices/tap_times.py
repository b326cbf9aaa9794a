# SPDX-License-Identifier: Apache-2.0
"""How long the last taps took and how many were torn away: 256 of them in some 600 bytes."""

KEPT = 256
STEP_MS = 25
BINS = 41  # the last one is for whatever took longer than a second
TORN = 0x80


class TapTimes:
    """A histogram that forgets the oldest tap when a new one comes.

    `taps`: how many it holds, `torn`: how many of these were torn away.
    """

    def __init__(self):
        self.last = bytearray(KEPT)  # the bin of each, round and round
        self.bins = [0] * BINS
        self.taps = self.torn = self.at = 0

    def add(self, total_us, torn):
        """A tap has ended; torn: before its end the card was gone."""
        if self.taps == KEPT:
            self._count(self.last[self.at], -1)
        place = min(max(total_us, 0) // (1000 * STEP_MS), BINS - 1)
        self.last[self.at] = place | (TORN if torn else 0)
        self._count(self.last[self.at], 1)
        self.at = (self.at + 1) % KEPT

    def p95_ms(self):
        """95 in 100 took no longer, upwards to STEP_MS; 0 without a tap."""
        wanted, seen = (95 * self.taps + 99) // 100, 0
        for place in range(BINS):
            seen += self.bins[place]
            if self.taps and seen >= wanted:
                return (place + 1) * STEP_MS
        return 0

    def _count(self, one, by):
        self.taps += by
        self.bins[one & 0x7F] += by
        if one & TORN:
            self.torn += by
