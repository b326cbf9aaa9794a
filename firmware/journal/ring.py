# SPDX-License-Identifier: Apache-2.0
"""A ring of flash blocks holding entries that are written once, whole and checked.

Works on the block-device protocol of design.md. Every write is whole pages into erased ones, no
page is programmed twice, an entry lies in one block, page-aligned. Entry, big-endian, filled up
with FF to the page:

| offset | size | meaning                                                                         |
|--------|------|---------------------------------------------------------------------------------|
| 0      | 2    | magic "FJ"                                                                      |
| 2      | 1    | kind: 1 BLOCK, 2 OPEN, 3 SETTLE, 4 RECORD, 5 CURSOR, 6 ANSWER, 7 PACK           |
| 3      | 1    | version of this layout, 2                                                       |
| 4      | 4    | generation of the block the entry lies in                                       |
| 8      | 4    | sequence; BLOCK: the next number when the block was begun; CURSOR: acknowledged |
| 12     | 2    | length of the body                                                              |
| 14     | 4    | CRC-32 of bytes 0 to 13 and the body                                            |
| 18     | n    | body; BLOCK: acknowledged (4), page where the block before ends (1), floor (4)  |

Floor: all numbers below it lie in blocks before this one. The body of OPEN begins with the
generation the ring of records had come to (4), that of PACK stands in archive.py. A block has at
most 255 pages. Blocks are numbered by a generation, 1 2 3 ..., which never repeats
and tells the place: (generation - 1) mod count. Page 0 of a block is its BLOCK entry, programmed
after the erase was made durable.

Torn writes: what does not check is passed over. If anything but FF stands behind the last good
entry when power comes back, the owner calls seal(): a new block is begun, whose BLOCK entry states
where the one before ended. A half-written page that reads well some day later is then no entry
(weak cells do that). Cut while sealing, the next start seals again (MP-9). Each write is read back
(MP-7): what differs is given up and written again in a fresh block.
"""

import binascii
from collections import namedtuple

from firmware.errors import FormatError, JournalFull

PAGE = 256
HEAD_BYTES = 18
MAGIC = b"FJ"
VERSION = 2
BLOCK = 1
OPEN = 2
SETTLE = 3
RECORD = 4
CURSOR = 5
ANSWER = 6
PACK = 7
SYNC = 3
BLOCK_SIZE = 5
ERASE = 6
TRIES = 3  # fresh blocks tried for one entry before the storage counts as broken

Entry = namedtuple("Entry", ("kind", "sequence", "body"))
Header = namedtuple("Header", ("sequence", "acknowledged", "end_before", "floor"))


def pages_of(count):
    """Pages an entry with a body of `count` bytes takes."""
    return (HEAD_BYTES + count + PAGE - 1) // PAGE


class Ring:
    """`count` blocks of `storage` from block `start`; blocks from generation `keep` on are never
    erased. An entry is there whole or not at all (QT-013).

    `generation` is the head, 0 in an empty ring; `page` the next free page in it. The owner moves
    `keep`.
    """

    def __init__(self, storage, start, count):
        self.storage = storage
        self.start = start
        self.count = count
        self.pages = storage.ioctl(BLOCK_SIZE, 0) // PAGE
        self.generation = 0
        self.page = self.end = self.pages
        self.oldest = 1
        self.keep = 1
        self.ready = 0  # generation whose block was erased ahead since power came
        self.damaged = 0  # 1: something unreadable stood behind the last good entry at start
        self._recover()

    def free(self):
        """Blocks that may be taken next."""
        return self.count - (self.generation - self.keep + 1)

    def fits(self, sizes, spare=0):
        """True if entries of so many pages each fit in this order and `spare` blocks are left."""
        return self.free() - self.blocks_for(sizes) >= spare

    def blocks_for(self, sizes):
        """How many blocks entries of so many pages each would begin."""
        page, blocks = self.page, 0
        for size in sizes:
            if page + size > self.pages:
                blocks += 1
                page = 1
            page += size
        return blocks

    def times(self, sizes, most):
        """How often, up to `most`, entries of these sizes fit one behind the other."""
        count = 0
        while count < most and self.fits(sizes * (count + 1)):
            count += 1
        return count

    def append(self, kind, sequence, body, header, tries=TRIES):
        """Write one entry, durable on return; -> (generation, page) where it lies.

        `header` is (next sequence, acknowledged, floor) for the block that may have to be begun.
        JournalFull if no block is free or the storage does not keep what is written.
        """
        size = pages_of(len(body))
        for _ in range(tries):
            if self.page + size > self.pages:
                self._begin_block(header)
            page = self.page
            if page + size <= self.pages and self._program(page, kind, sequence, body):
                self.page = self.end = page + size
                return self.generation, page
            self.page = self.pages
        raise JournalFull("the storage does not keep what is written")

    def seal(self, header):
        """Begin a new block if the end of this one is torn, so that nothing in it ever counts."""
        if self.damaged and self.page == self.pages and self.free() > 0:
            self._begin_block(header)

    def used_pages(self):
        """Pages that are not free."""
        return (self.count - self.free()) * self.pages - (self.pages - self.page)

    def tidy(self):
        """Erase the next block ahead of need if it is free; True if that took an erase (45 ms)."""
        if self.free() < 1 or self.ready == self.generation + 1:
            return False
        self._erase(self.generation + 1)
        return True

    def read(self, generation, page):
        """The Entry that lies there, None if it does not check."""
        found, entry, _ = self._load(self._block(generation), page)
        return entry if found == generation else None

    def header(self, generation):
        """Header of a block, None if it does not check."""
        entry = self.read(generation, 0) if generation > 0 else None
        if entry is None or entry.kind != BLOCK or len(entry.body) != 9:
            return None
        body = entry.body
        return Header(entry.sequence, _u32(body, 0), body[4], _u32(body, 5))

    def entries(self, generation, page=1):
        """Yield (page, Entry) of the good entries of a block from `page` on, in the order of
        writing.

        A block whose header does not check is walked too: its entries stand for themselves.
        """
        limit = self._limit(generation)
        while page < limit:
            found, entry, size = self._load(self._block(generation), page)
            if entry is not None and found == generation:
                yield page, entry
            page += size

    def _recover(self):
        for index in range(self.count):
            self._refuse_older(self.start + index)
            found, entry, _ = self._load(self.start + index, 0)
            if (
                entry is not None
                and entry.kind == BLOCK
                and self._block(found) == self.start + index
            ):
                self.generation = max(self.generation, found)
        if self.generation == 0:
            return
        self.oldest = self.keep = max(1, self.generation - self.count + 1)
        while self.header(self.oldest) is None:
            self.oldest += 1
        self.keep = self.oldest
        end = 1
        for page, entry in self.entries(self.generation):  # to the end of the block: end is pages
            end = page + pages_of(len(entry.body))
        self.end = end
        if self._erased_from(self.end) and self._next_untouched():
            self.page = self.end
        else:
            self.damaged = 1

    def _refuse_older(self, block):
        """FormatError where a block was begun by a layout before this one: it is not misread."""
        head = bytearray(HEAD_BYTES + 5)
        self.storage.readblocks(block, head, 0)
        if head[:4] != MAGIC + bytes((BLOCK, 1)):
            return
        if binascii.crc32(head[HEAD_BYTES:], binascii.crc32(head[:14])) == _u32(head, 14):
            raise FormatError(
                "a journal of layout 1: upload it with the firmware that wrote it, then erase it"
            )

    def _limit(self, generation):
        if generation == self.generation:
            return self.end
        header = self.header(generation + 1)
        return header.end_before if header else self.pages

    def _block(self, generation):
        return self.start + (generation - 1) % self.count

    def _load(self, block, page):
        """(generation, Entry, pages to go on by); Entry None where nothing checks."""
        head = bytearray(HEAD_BYTES)
        self.storage.readblocks(block, head, page * PAGE)
        length = int.from_bytes(head[12:14], "big")
        size = pages_of(length)
        if head[:2] != MAGIC or head[3] != VERSION or page + size > self.pages:
            return 0, None, 1
        body = bytearray(length)
        if length:
            self.storage.readblocks(block, body, page * PAGE + HEAD_BYTES)
        if binascii.crc32(body, binascii.crc32(head[:14])) & 0xFFFFFFFF != _u32(head, 14):
            return 0, None, size  # by its length: its body must not be taken for entries
        return _u32(head, 4), Entry(head[2], _u32(head, 8), bytes(body)), size

    def _erased_from(self, page):
        blank = b"\xff" * PAGE
        found = bytearray(PAGE)
        while page < self.pages:
            self.storage.readblocks(self._block(self.generation), found, page * PAGE)
            if found != blank:
                return False
            page += 1
        return True

    def _next_untouched(self):
        """True if page 0 of the next block is erased or the header it had a round ago.

        Otherwise a header was torn there; this block must not grow behind the end it states.
        """
        block = self._block(self.generation + 1)
        found = bytearray(PAGE)
        self.storage.readblocks(block, found, 0)
        entry = self._load(block, 0)[1]
        return found == b"\xff" * PAGE or (entry is not None and entry.kind == BLOCK)

    def _begin_block(self, header):
        if self.free() < 1:
            raise JournalFull("no block is free")
        generation = self.generation + 1
        if self.ready != generation:
            self._erase(generation)
        self.generation = generation
        body = header[1].to_bytes(4, "big") + bytes([self.end])
        body += header[2].to_bytes(4, "big")
        kept = self._program(0, BLOCK, header[0], body)
        self.end = 1
        self.page = 1 if kept else self.pages

    def _erase(self, generation):
        try:
            self.storage.ioctl(ERASE, self._block(generation))
            # Durable before the header: a file may otherwise show it over old entries.
            self.storage.ioctl(SYNC, 0)
        except OSError:
            return  # reading back the header will tell
        self.ready = generation

    def _program(self, page, kind, sequence, body):
        """Write at `page` of the head and make it durable; False if it reads otherwise."""
        size = pages_of(len(body)) * PAGE
        head = MAGIC + bytes([kind, VERSION]) + self.generation.to_bytes(4, "big")
        head += sequence.to_bytes(4, "big") + len(body).to_bytes(2, "big")
        head += (binascii.crc32(body, binascii.crc32(head)) & 0xFFFFFFFF).to_bytes(4, "big")
        block = self._block(self.generation)
        pages = [_page_of(head, body, at) for at in range(0, size, PAGE)]
        found = bytearray(PAGE)
        try:
            for number, data in enumerate(pages, page):
                self.storage.writeblocks(block, data, number * PAGE)
            self.storage.ioctl(SYNC, 0)
            for number, data in enumerate(pages, page):
                self.storage.readblocks(block, found, number * PAGE)
                if found != data:
                    return False
        except (OSError, ValueError):  # ValueError: not erased, as the erase failed half-way
            return False
        return True


def _page_of(head, body, at):
    """The page at `at` of an entry; a small heap has no second KB in one piece for the whole."""
    at -= len(head)
    part = head + body[: PAGE - len(head)] if at < 0 else body[at : at + PAGE]
    return part + b"\xff" * (PAGE - len(part))


def _u32(data, at):
    return int.from_bytes(data[at : at + 4], "big")
