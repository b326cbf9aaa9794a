# SPDX-License-Identifier: Apache-2.0
"""The archive: records of the ring of records, packed several to an entry in idle time.

Goals: room for many more records; nothing that was durable ever hangs on a write in flight; no
page is programmed twice (MP-9). So a record is first written by itself, as ever; only when it lies
in the archive, checked, does its block in the ring of records come free. A cut in between leaves
it there. Of a pack that is torn nothing counts, and it is made again.

A PACK entry (ring.py), sequence: of its first record; body:

| offset | size | meaning                                                                      |
|--------|------|------------------------------------------------------------------------------|
| 0      | 4    | generation of the ring of records up to which all is packed ...               |
| 4      | 1    | ... and the page in it behind the last packed entry                           |
| 5      | 8    | link of the chain before (chain.py)                                           |
| 13     | 8    | link of this pack                                                             |
| 21     | n    | rows: sequence (4), form and length (2), so many bytes                        |

The form, the two highest bits of the length: 0 the record as it is, 1 coded against nothing, 2
against the template of the block, which is the first record of the pack in its page 1 (delta.py).

RAM: the pack in the making, at most 1.3 KB, and the template while a record is coded.
"""

from firmware.errors import FormatError, JournalFull
from firmware.journal.chain import FIRST, LINK_BYTES
from firmware.journal.delta import decode, encode
from firmware.journal.ring import PACK, RECORD, SETTLE, TRIES, Ring, pages_of

PACK_PAGES = 5
HEAD = 5 + 2 * LINK_BYTES
ROW_HEAD = 6
PLAIN, ALONE, AGAINST = 0, 1 << 14, 2 << 14
LENGTH = (1 << 14) - 1


class Archive:
    """Packs in `count` blocks of `storage` from block `start`; `source`: the ring of records.

    `packed`: (generation, page) of the source up to which all is here, durable.
    """

    def __init__(self, storage, start, count, source, limit, chain):
        self.ring = Ring(storage, start, count)
        self.source = source
        self.limit = limit  # bytes of a record
        self.chain = chain
        self.link = FIRST
        self.packed = self.at = (1, 1)
        self.rows = bytearray()
        self.fresh = True
        self._recover()
        self._drop()

    def _recover(self):
        """Where the last pack that checks has come to."""
        generation = self.ring.generation
        while generation >= self.ring.oldest and self.packed == (1, 1):
            for _, entry in self.ring.entries(generation):
                if entry.kind == PACK and len(entry.body) > HEAD:
                    self.packed = int.from_bytes(entry.body[:4], "big"), entry.body[4]
                    self.link = entry.body[HEAD - LINK_BYTES : HEAD]
            generation -= 1
        head = self.source.generation, self.source.end
        self.packed = min(max(self.packed, (self.source.oldest, 1)), max(head, (1, 1)))

    def floor(self):
        """All numbers below it lie in blocks before the one that would be begun now."""
        header = self.source.header(self.packed[0])
        return header.floor if header else 0

    def seal(self, header):
        """As Ring.seal(); the next pack begins behind it."""
        self.ring.seal(header)
        self._drop()

    # Packing

    def tidy(self, header):
        """A small piece of work: erase ahead, or pack one record; True if that was an erase."""
        if self.ring.tidy():
            return True
        self.step(header)
        return False

    def step(self, header):
        """Take the next record of the source into the pack; True when there was something to do.

        header: of Ring.append.
        """
        generation, page = self.at
        if generation > self.source.generation:
            return False
        for place, entry in self.source.entries(generation, page):
            kept = entry.kind in (SETTLE, RECORD)
            if kept and not self._take(entry.sequence, entry.body):
                return self.flush(header)
            self.at = generation, place + pages_of(len(entry.body))
            return True
        if generation < self.source.generation:
            self.at = generation + 1, 1
            if not self.rows:
                self.packed = self.at  # a block that a torn end has cost holds no record
            return True
        return False

    def flush(self, header):
        """Write the pack as far as it is; False when it is empty or no block is free for it.

        A pack that begins a block needs no other: it goes to where it is kept. Any other hangs on
        the template of its block; when it is not kept there, the records are packed anew.
        """
        if not self.rows or self.fresh and self.ring.free() < 1:
            return False
        first = int.from_bytes(self.rows[:4], "big")
        before, link = self.link, self.chain.link()
        where = self.at[0].to_bytes(4, "big") + bytes([self.at[1]])
        body = where + before + link + bytes(self.rows)
        try:
            self.ring.append(PACK, first, body, header, TRIES if self.fresh else 1)
            self.packed, self.link = self.at, link
        except JournalFull:
            pass  # tidy() goes on where a block is free
        self._drop()
        return True

    def _drop(self):
        """Begin a pack anew, behind the last durable one."""
        self.rows = bytearray()
        self.at = self.packed
        self.fresh = self.ring.page >= self.ring.pages  # the pack will begin a block
        self.chain.begin(self.link)

    def _take(self, sequence, record):
        """Add a record to the pack; False when it does not fit behind the others."""
        row = self._row(sequence, record)
        pages = pages_of(HEAD + len(self.rows) + len(row))
        left = self.ring.pages - (1 if self.fresh else self.ring.page)
        if self.rows and pages > min(left, PACK_PAGES):
            return False
        if pages > left:  # alone too large for what is left of the block
            self.fresh = True
            row = self._row(sequence, record)
        self.rows.extend(row)
        self.chain.add(sequence, record)
        return True

    def _row(self, sequence, record):
        """The row of a record in its shortest form; what does not decode again is left plain."""
        if self.fresh and self.rows:
            template = self._first_of(self.rows, 0)
        else:
            template = b"" if self.fresh else self.template_of(self.ring.generation)
        form = AGAINST if template else ALONE
        coded = encode(record, template)
        if len(coded) >= len(record) or decode(coded, template, self.limit) != record:
            form, coded = PLAIN, record
        return sequence.to_bytes(4, "big") + (form | len(coded)).to_bytes(2, "big") + coded

    # Reading

    def template_of(self, generation):
        """The template of a block, b"" where it has none that can be read."""
        entry = self.ring.read(generation, 1)
        if entry is None or entry.kind != PACK or len(entry.body) < HEAD + ROW_HEAD:
            return b""
        return self._first_of(entry.body, HEAD)

    def _first_of(self, body, at):
        return self.open_row(body, at, b"")[1] or b""

    def open_row(self, body, at, template):
        """(sequence, record, place behind) of the row at `at`; record None where it is damaged."""
        sequence, length = _head(body, at)
        form, length = length & ~LENGTH, length & LENGTH
        end = at + ROW_HEAD + length
        coded = bytes(body[at + ROW_HEAD : end])
        if form == PLAIN:
            return sequence, coded, end
        if form == AGAINST and not template:
            return sequence, None, end
        try:
            return sequence, decode(coded, template if form == AGAINST else b"", self.limit), end
        except FormatError:
            return sequence, None, end

    def packs(self, generation):
        """Yield (page, body) of the packs of a block, in the order of writing."""
        for page, entry in self.ring.entries(generation):
            if entry.kind == PACK and len(entry.body) >= HEAD + ROW_HEAD:
                yield page, entry.body

    def records(self, generation):
        """Yield (sequence, record) of a block, in the order of writing."""
        template = None
        for _, body in self.packs(generation):
            template = self.template_of(generation) if template is None else template
            for at in rows_of(body):
                sequence, record, _ = self.open_row(body, at, template)
                if record is not None:
                    yield sequence, record

    def backwards(self, generation):
        """Likewise, newest first: one pack in memory."""
        template = self.template_of(generation)
        for page in reversed([page for page, _ in self.packs(generation)]):
            body = self.ring.read(generation, page).body
            for at in reversed(list(rows_of(body))):
                sequence, record, _ = self.open_row(body, at, template)
                if record is not None:
                    yield sequence, record

    def find(self, first, last, wanted, freed=False):
        """{sequence: record bytes} of the numbers in `wanted`, within first..last; freed: also in
        blocks that may be taken and were not yet.
        """
        found = {}
        ring = self.ring
        generation = ring.keep
        if freed:
            generation = max(ring.oldest, ring.generation - ring.count + 1)
        while generation <= self.ring.generation and len(found) < len(wanted):
            header = self.ring.header(generation)
            if header and header.floor > last:
                break  # all of them lie before it, or nowhere
            after = self.ring.header(generation + 1)
            if not after or after.sequence > first:  # numbers before it are below its own
                self._find_in(generation, wanted, found)
            generation += 1
        return found

    def _find_in(self, generation, wanted, found):
        for _, body in self.packs(generation):
            for at in rows_of(body):
                if _head(body, at)[0] in wanted:
                    sequence, record, _ = self.open_row(body, at, self.template_of(generation))
                    if record is not None:
                        found[sequence] = record


def rows_of(body):
    """Yield where each row of a pack begins."""
    at = HEAD
    while at + ROW_HEAD <= len(body):
        yield at
        at += ROW_HEAD + (_head(body, at)[1] & LENGTH)


def _head(body, at):
    """(sequence, form and length) of the row at `at`."""
    return int.from_bytes(body[at : at + 4], "big"), int.from_bytes(body[at + 4 : at + 6], "big")
