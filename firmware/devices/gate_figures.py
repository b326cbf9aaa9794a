# SPDX-License-Identifier: Apache-2.0
"""Figures: how many people a lane has seen, by what became of them, beside the machine's count."""

THROUGH = ("passed", "stray", "free")


class Figures:
    """`counts`: word -> people, since the start or the last day_count()."""

    def __init__(self):
        self.counts = {}
        self.told = 0  # what the machine had counted then

    def count(self, word, people=1):
        """Add to the figures of this day."""
        self.counts[word] = self.counts.get(word, 0) + people

    def day_count(self, told):
        """Event dict of the day, and a fresh start; told: people the machine has counted in all,
        None where it does not count (TD-069).
        """
        ours = sum([self.counts.get(word, 0) for word in THROUGH])
        machine = ours if told is None else told - self.told
        event = {"event": "day_count", "machine": machine, "difference": machine - ours}
        event.update(self.counts)
        self.counts, self.told = {}, told or 0
        return event
