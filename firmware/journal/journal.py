# SPDX-License-Identifier: Apache-2.0
"""Journal(storage): every sale and event of a terminal, numbered, kept until they are uploaded.

Goals: what was written is durable when the call returns (CL-001, QT-157, QT-262, MP-1); each
number is given out once and belongs to one resolved record (CL-008, QT-184); nothing is erased
that is not acknowledged (CL-007); a sale is only begun when its end has room too (QT-155, CL-014).

Plan: two rings of blocks (ring.py). The first few blocks hold pending entries, which are large and
live for seconds, and the last answer of the card to each; the rest hold what is kept: records,
settled or plain, and the cursor of what is acknowledged (where torn writes left no page for it, in
the first). Large storages have a third ring, where records are packed (archived.py). A number is
* pending, if an OPEN entry carries it and no record does and it is above the cursor;
* resolved, if a record carries it;
* lost, if neither is found (damage): unsent() then gives it out without bytes.
Numbers are taken when an entry is written. A torn entry never returned its number to anybody; it
is sealed off at the next start (ring.py), and its number used again.

RAM: no list of records, only the pending ones; where a block begins in the numbers is read from
its header. Times: a block erase (45 ms on a Pico, MP-12) never falls into open or settle if tidy()
is called when nothing else is due (MP-13). The start reads one header a block, the pending ring
and the blocks written since the oldest entry in that.
"""

from firmware.errors import FormatError, JournalFull
from firmware.journal.ring import ANSWER, CURSOR, OPEN, RECORD, SETTLE, Ring, pages_of

PENDING_LIMIT = 2560  # bytes of a pending entry: seven records of 255 bytes, GPO and trade data
ANSWER_LIMIT = 256  # bytes of the last record as the card answered it
RECORD_LIMIT = 1774  # bytes of a record, seven pages; version 4 takes at most 1,769
PENDING_BLOCKS = 32  # wear: 100,000 sales erase each of these some 1,500 to 3,000 times
ITEM_BYTES = 6  # what the upload adds to a record
CARRY_AT = 2  # blocks left: one takes the copies, one the next start after a cut
SPARE_BLOCKS = 2  # a torn write costs the rest of its block: settling survives so many when full


class Journal:
    """Takes the whole storage, erased or as a Journal left it; recovers on construction.

    ValueError if the storage is too small: fewer than 9 blocks, or a block that is not two
    pages larger than the largest entry.
    `acknowledged` is the highest number the collector has.
    """

    def __init__(self, storage, pending_limit=PENDING_LIMIT, record_limit=RECORD_LIMIT):
        count = storage.ioctl(4, 0)
        own = max(4, min(PENDING_BLOCKS, count // 8))
        self.pending_limit = pending_limit
        self.record_limit = record_limit
        self.settle_pages = pages_of(record_limit)
        if count < own + SPARE_BLOCKS + 3:
            raise ValueError("a journal needs 9 blocks, not %d" % count)
        self.pending_ring = Ring(storage, 0, own)
        self.record_ring = self._open_records(storage, own, count - own)
        if self.pending_ring.pages < 2 + max(pages_of(4 + pending_limit), self.settle_pages):
            raise ValueError("blocks too small for the limits")
        self.next = 1  # the number the next entry takes
        self.acknowledged = 0
        self.opened = {}  # sequence -> (generation, page) in the pending ring
        self.answers = {}  # likewise, of the open ones whose last answer has come
        self._recover()

    def _open_records(self, storage, start, count):
        return Ring(storage, start, count)

    @property
    def damaged(self):
        """How many torn ends were found at the start."""
        return sum([ring.damaged for ring in self.rings()])

    def rings(self):
        """All of them, for sums over the storage."""
        return (self.record_ring, self.pending_ring)

    # Writing

    def room(self):
        """How many more sales surely fit, each with the largest record; 0: open() would refuse."""
        size = self.settle_pages
        largest = pages_of(4 + self.pending_limit)
        if not self._may_open(largest):
            return 0
        ring = self.record_ring
        blocks = ring.free() - SPARE_BLOCKS
        slots = (ring.pages - ring.page) // size + blocks * ((ring.pages - 1) // size)
        slots = max(1, slots - len(self.opened) - 1)
        if not self.opened:
            return slots
        # An open entry holds its block, and no block behind it comes free before it is closed or
        # carried on, which the next tidy() does.
        return self.pending_ring.times([largest, pages_of(ANSWER_LIMIT)], slots)

    def open(self, pending):
        """Write a pending entry before the last READ RECORD (QT-157); -> its sequence number.

        JournalFull if it or the settling of every open entry does not fit; FormatError if it is
        larger than pending_limit.
        """
        if len(pending) > self.pending_limit:
            raise FormatError("a pending entry of %d bytes" % len(pending))
        self._carry()
        if not self._may_open(pages_of(4 + len(pending))):
            raise JournalFull("no room for one more sale")
        since = max(1, self.record_ring.generation).to_bytes(4, "big")
        sequence = self.next
        place = self.pending_ring.append(OPEN, sequence, since + bytes(pending), self._header())
        self.next += 1
        self.opened[sequence] = place
        self._keep_pendings()
        return sequence

    def note_answer(self, sequence, answer):
        """Keep the last record as the card answered it, beside its pending entry (QT-163).

        There is room for it. FormatError if the entry is not open or the answer is too large;
        JournalFull only if the storage fails.
        """
        if sequence not in self.opened or len(answer) > ANSWER_LIMIT:
            raise FormatError("no entry %d for an answer of %d bytes" % (sequence, len(answer)))
        place = self.pending_ring.append(ANSWER, sequence, bytes(answer), self._header())
        self.answers[sequence] = place

    def settle(self, sequence, record):
        """Close the pending entry `sequence` with its one record (QT-184); there is room for it.

        FormatError if it is not open; JournalFull only if the storage fails.
        """
        if sequence not in self.opened:
            raise FormatError("%d is not pending" % sequence)
        self._check(record)
        self._write(SETTLE, sequence, bytes(record))
        del self.opened[sequence]
        self.answers.pop(sequence, None)
        self._keep_pendings()

    def append(self, record):
        """Write a record that had no pending entry; -> its sequence number. Raises as open()."""
        self._check(record)
        if not self.record_ring.fits([pages_of(len(record))] + self._reserve(), SPARE_BLOCKS):
            raise JournalFull("no room for one more record")
        sequence = self.next
        self._write(RECORD, sequence, bytes(record))
        self.next += 1
        return sequence

    def acknowledge(self, sequence):
        """All numbers up to `sequence` are on the collector's disk. Idempotent, never goes back.

        FormatError if a number up to it is still pending or was never given out. The cursor is
        durable on return unless the last pages are needed for sales in flight; then records
        already sent may be sent again after a restart, which does no harm (clearing.md 9).
        """
        if sequence > self.settled_upto():
            raise FormatError("%d acknowledged, %d is the last" % (sequence, self.settled_upto()))
        if sequence <= self.acknowledged:
            return
        self.acknowledged = sequence
        keep = self._first_needed(self.record_ring)
        # The reserve's last page is for a cursor that sets a block free; any other leaves it.
        if self._would_free() or self.record_ring.fits([1] + self._reserve(), SPARE_BLOCKS):
            if not self.record_ring.fits([1]):
                # Torn writes took the cursor's page. The block it sets free must not be erased
                # before it is durable, or a settled entry would be open again: the other ring.
                self.pending_ring.append(CURSOR, sequence, b"", self._header())
                self.record_ring.keep = keep
            self._write(CURSOR, sequence, b"")
            self._free()

    def tidy(self):
        """Erase one block ahead of need, and carry open entries out of the way of the others; call
        when no byte is due from chip or line (MP-13).

        True if it took an erase, about 45 ms on a Pico.
        """
        self._carry()
        return self.record_ring.tidy() or self.pending_ring.tidy()

    # Reading

    def pending(self):
        """[(sequence, entry bytes)] of what is open, oldest first; b"" where it cannot be read."""
        found = []
        for sequence in sorted(self.opened):
            entry = self.pending_ring.read(*self.opened[sequence])
            found.append((sequence, entry.body[4:] if entry else b""))
        return found

    def pending_entry(self, sequence):
        """Bytes of one open entry, b"" where it cannot be read; FormatError if it is not open."""
        if sequence not in self.opened:
            raise FormatError("%d is not pending" % sequence)
        entry = self.pending_ring.read(*self.opened[sequence])
        return entry.body[4:] if entry else b""

    def answer_of(self, sequence):
        """The last record of an open entry as the card answered it; None where none was noted."""
        place = self.answers.get(sequence)
        entry = self.pending_ring.read(*place) if place else None
        return entry.body if entry else None

    def waiting(self):
        """How many numbers could be sent now."""
        return self.settled_upto() - self.acknowledged

    def settled_upto(self):
        """The last number before the first pending one; 0 if there is none."""
        return min(self.opened, default=self.next) - 1

    def unsent(self, limit_bytes, limit_count, first=0):
        """[(sequence, record bytes)] after the cursor, or from number `first` on, rising by one,
        ending before a pending one.

        limit_bytes counts records and 6 bytes for each; the first comes whatever its size. A
        lost number comes with b"", and so does an acknowledged one whose block was taken since.
        """
        first = first or self.acknowledged + 1
        last = min(self.settled_upto(), first - 1 + limit_count)
        places = self._find(first, last)
        items = []
        for sequence in range(first, last + 1):
            record = self._read(places.get(sequence))
            limit_bytes -= len(record) + ITEM_BYTES
            if limit_bytes < 0 and items:
                break
            items.append((sequence, record))
        return items

    def records(self):
        """Yield (sequence, record bytes) of all that is still here, in the order of writing."""
        for generation in range(self._oldest(), self.record_ring.generation + 1):
            for _, entry in self._kept_in(generation):
                yield entry.sequence, entry.body

    def backwards(self):
        """Generator of (sequence, record bytes), newest first, one block in memory at a time;
        nothing may be written meanwhile.
        """
        generation = self.record_ring.generation
        while generation >= self._oldest():
            block = [(entry.sequence, entry.body) for _, entry in self._kept_in(generation)]
            while block:
                yield block.pop()
            generation -= 1

    def recent(self, count):
        """[(sequence, record bytes)] of the last `count` records written, newest first."""
        newest = []
        for one in self.backwards():
            if len(newest) >= count:
                break
            newest.append(one)
        return newest

    def fill(self):
        """Share of what may be used, 0.0 to 1.0; 1.0 where room() is 0 (CL-014: 0.8, 0.95)."""
        if self.room() == 0:
            return 1.0
        rings = [ring for ring in self.rings() if ring is not self.pending_ring]
        used = sum([ring.used_pages() for ring in rings])
        whole = sum([ring.count * ring.pages for ring in rings])
        return min(1.0, used / (whole - SPARE_BLOCKS * self.record_ring.pages))

    # Inside

    def _check(self, record):
        if not 0 < len(record) <= self.record_limit:
            raise FormatError("a record of %d bytes" % len(record))

    def _write(self, kind, sequence, body):
        began = self.record_ring.generation
        self.record_ring.append(kind, sequence, body, self._header())
        if self.record_ring.generation > began:  # its header holds the cursor, durable
            self._free()

    def _free(self):
        """Blocks whose records are acknowledged may be taken; the cursor is durable."""
        self.record_ring.keep = self._first_needed(self.record_ring)

    def _would_free(self):
        return self._first_needed(self.record_ring) > self.record_ring.keep

    def _header(self):
        return self.next, self.acknowledged, self.settled_upto() + 1

    def _reserve(self, more=0):
        """What must always fit: the settling of every open entry, and one cursor."""
        return [self.settle_pages] * (len(self.opened) + more) + [1]

    def _may_open(self, pages):
        answer = pages_of(ANSWER_LIMIT)
        return self.pending_ring.fits([pages, answer]) and self.record_ring.fits(
            self._reserve(1), SPARE_BLOCKS
        )

    def _carry(self):
        """Blocks run short while an old entry is open: out of its block with it (carry.py)."""
        ring = self.pending_ring
        if self.opened and ring.keep < ring.generation and ring.free() <= CARRY_AT:
            from firmware.journal.carry import carry  # few terminals, few minutes

            if carry(ring, self.opened, self.answers, self._header()):
                self._keep_pendings()

    def _keep_pendings(self):
        ring = self.pending_ring
        places = list(self.opened.values()) + list(self.answers.values())
        ring.keep = min([place[0] for place in places] + [max(1, ring.generation)])

    def _oldest(self):
        return max(
            self.record_ring.oldest, self.record_ring.generation - self.record_ring.count + 1
        )

    def _first_needed(self, ring):
        """Generation of the first block of `ring` that may hold a number above the cursor.

        All numbers in a block are below the one its successor began with.
        """
        needed = generation = ring.keep
        while generation < ring.generation:
            generation += 1
            header = ring.header(generation)
            if header and header.sequence > self.acknowledged + 1:
                break
            if header:
                needed = generation
        return needed

    def _kept_in(self, generation):
        """Yield (page, Entry) of the records of a block that count."""
        for page, entry in self.record_ring.entries(generation):
            if entry.kind in (SETTLE, RECORD):
                yield page, entry

    def _find(self, first, last):
        """{sequence: place} of those that are there."""
        places = {}
        generation = self._oldest()
        if first > self.acknowledged:
            generation = max(generation, self.record_ring.keep)
        while generation <= self.record_ring.generation and len(places) < last - first + 1:
            for page, entry in self._kept_in(generation):
                if first <= entry.sequence <= last:
                    places[entry.sequence] = (generation, page)
            generation += 1
        return places

    def _read(self, place):
        """Bytes of the record that _find() has found, b"" where there is none."""
        entry = self.record_ring.read(*place) if place else None
        return entry.body if entry else b""

    def _recover(self):
        head = self.record_ring.header(self.record_ring.generation)
        if head:
            self.next, self.acknowledged = head.sequence, head.acknowledged
        for _, entry in self.record_ring.entries(self.record_ring.generation) if head else ():
            if entry.kind == CURSOR:
                self.acknowledged = max(self.acknowledged, entry.sequence)
            else:
                self.next = max(self.next, entry.sequence + 1)
        self._recover_pendings()
        self.next = max(self.next, self.acknowledged + 1)  # the last record may be damaged
        # Before any number is given out again: a torn entry that carries it must never count.
        for ring in (self.record_ring, self.pending_ring):
            ring.seal(self._header())
        self._keep_pendings()

    def _recover_pendings(self):
        """Find OPEN entries without a record: devices close them as suspect (QT-183)."""
        since = self.record_ring.generation + 1
        ring = self.pending_ring
        for generation in range(ring.oldest, ring.generation + 1):
            for page, entry in ring.entries(generation):
                self.next = max(self.next, entry.sequence + 1)
                if entry.kind == CURSOR:
                    self.acknowledged = max(self.acknowledged, entry.sequence)
                if entry.kind == ANSWER:
                    self.answers[entry.sequence] = (generation, page)
                if entry.kind == OPEN and entry.sequence > self.acknowledged:
                    self.opened[entry.sequence] = (generation, page)
                    since = min(since, int.from_bytes(entry.body[:4], "big"))
        for sequence in list(self.opened):
            if sequence <= self.acknowledged:
                del self.opened[sequence]
        ring = self.record_ring
        self._free()
        for generation in range(max(since, ring.keep), ring.generation + 1):
            for _, entry in ring.entries(generation):
                if entry.kind in (SETTLE, RECORD):
                    self.opened.pop(entry.sequence, None)
        self._forget_resolved()
        for sequence in list(self.answers):
            if sequence not in self.opened:
                del self.answers[sequence]
        self._keep_pendings()

    def _forget_resolved(self):
        """Open entries whose record lies elsewhere are open no more."""
