# SPDX-License-Identifier: Apache-2.0
"""The journal of a large storage: records are packed into an archive when nothing is due.

As Journal, whose promises it keeps (journal.py); its ring of records is small, and a block in it
comes free when its records are acknowledged or lie in the archive (archive.py), durable and
checked.
"""

from firmware.journal.archive import Archive
from firmware.journal.chain import Chain
from firmware.journal.journal import PENDING_LIMIT, RECORD_LIMIT, SPARE_BLOCKS, Journal
from firmware.journal.ring import Ring

STAGING_BLOCKS = 32  # of the ring of records


class ArchivedJournal(Journal):
    """chain: a Chain of its own, None: one without a key; staging: blocks of the ring of records.

    ValueError as Journal, and where nothing is left for the archive.
    """

    def __init__(
        self,
        storage,
        pending_limit=PENDING_LIMIT,
        record_limit=RECORD_LIMIT,
        staging=STAGING_BLOCKS,
        chain=None,
    ):
        self.staging = staging
        self.chain = chain or Chain()
        Journal.__init__(self, storage, pending_limit, record_limit)

    def _open_records(self, storage, start, count):
        if count < self.staging + 2:
            raise ValueError("no block is left for the archive")
        ring = Ring(storage, start, self.staging)
        self.archive = Archive(
            storage,
            start + self.staging,
            count - self.staging,
            ring,
            self.record_limit,
            self.chain,
        )
        return ring

    def rings(self):
        return (self.record_ring, self.pending_ring, self.archive.ring)

    # Writing

    def open(self, pending):
        self._pack()
        return Journal.open(self, pending)

    def append(self, record):
        self._pack()
        return Journal.append(self, record)

    def tidy(self):
        """Also erases ahead in the archive, or packs one record; True if it took an erase."""
        if Journal.tidy(self):
            return True
        packed = self.archive.packed
        erased = self.archive.tidy(self._archive_header())
        if self.archive.packed > packed:
            self._free()
        return erased

    # Reading

    def records(self):
        ring = self.archive.ring
        for generation in range(_oldest(ring), ring.generation + 1):
            yield from self.archive.records(generation)
        yield from Journal.records(self)

    def backwards(self):
        yield from Journal.backwards(self)
        generation = self.archive.ring.generation
        while generation >= _oldest(self.archive.ring):
            yield from self.archive.backwards(generation)
            generation -= 1

    # Inside

    def _pack(self):
        """Blocks run short because nobody called tidy(): pack as many records as it takes."""
        while self.record_ring.free() <= SPARE_BLOCKS + 1:
            header = self._archive_header()
            if not self.archive.step(header) and not self.archive.flush(header):
                return
            self._free()

    def _archive_header(self):
        return self.next, self.acknowledged, self.archive.floor()

    def _free(self):
        Journal._free(self)
        self.archive.ring.keep = self._first_needed(self.archive.ring)

    def _would_free(self):
        ring = self.archive.ring
        return Journal._would_free(self) or self._first_needed(ring) > ring.keep

    def _first_needed(self, ring):
        if ring is self.record_ring:
            ring.keep = max(ring.keep, min(self.archive.packed[0], max(1, ring.generation)))
        return Journal._first_needed(self, ring)

    def _oldest(self):
        return max(Journal._oldest(self), self.archive.packed[0])

    def _kept_in(self, generation):
        """What is packed counts no more."""
        for page, entry in Journal._kept_in(self, generation):
            if (generation, page) >= self.archive.packed:
                yield page, entry

    def _find(self, first, last):
        places = Journal._find(self, first, last)
        absent = [number for number in range(first, last + 1) if number not in places]
        if absent:
            places.update(self.archive.find(first, last, absent, first <= self.acknowledged))
        return places

    def _read(self, place):
        """The archive has given the bytes themselves."""
        return place if isinstance(place, bytes) else Journal._read(self, place)

    def _recover(self):
        Journal._recover(self)
        self.archive.seal(self._archive_header())
        self._pack()  # torn ends cost blocks, and a sale is refused before it could pack

    def _forget_resolved(self):
        numbers = list(self.opened)
        if numbers:
            for sequence in self.archive.find(min(numbers), max(numbers), numbers):
                del self.opened[sequence]


def _oldest(ring):
    """Generation of the oldest block that may be read."""
    return max(ring.oldest, ring.generation - ring.count + 1)
