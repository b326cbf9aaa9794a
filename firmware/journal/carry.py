# SPDX-License-Identifier: Apache-2.0
"""Carries open entries forward, so that one torn tap does not stop the sale of all others.

An open entry holds its block, and no block behind it comes free before it is closed: a minute is
long when a queue pays. So entries in the oldest block are copied to the head before the ring is
full, with their number and their bytes. Of two copies the later one counts; both say the same, and
the record that closes one closes both. Cut in between, the older one is still there.
"""

from firmware.errors import JournalFull
from firmware.journal.ring import ANSWER, OPEN, pages_of


def carry(ring, opened, answers, header):
    """Copy what holds the oldest block of `ring` to its head; True when that sets blocks free.

    opened, answers: dict sequence -> (generation, page), brought up to date. Does nothing where
    it would take as many blocks as it frees, so that it never copies for ever.
    """
    held, later, sizes = [], [ring.generation], []
    for kind, places in ((OPEN, opened), (ANSWER, answers)):
        for sequence in sorted(places):
            if places[sequence][0] > ring.keep:
                later.append(places[sequence][0])
                continue
            entry = ring.read(*places[sequence])
            if entry is None:
                return False  # decayed: it is closed as damaged, and stays where it is
            held.append((kind, places, sequence))
            sizes.append(pages_of(len(entry.body)))
    if min(later) - ring.keep <= ring.blocks_for(sizes) or not ring.fits(sizes):
        return False
    try:
        for kind, places, sequence in held:
            body = ring.read(*places[sequence]).body
            places[sequence] = ring.append(kind, sequence, body, header)
    except JournalFull:
        return False  # a failing storage: the older copies stand
    return True
