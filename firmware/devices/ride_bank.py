# SPDX-License-Identifier: Apache-2.0
"""What each card has paid here, kept over restarts: two banks of flash, one of which counts.

Cards that rode lately are rows in RAM (riders.py). Between customers they are worked into the
other bank, which is written from its first page to its last; then its head, and from that moment
it counts. Power may be cut at any write: before the head the old bank counts, behind it the new
one; what was sold since is in the journal. Nothing is erased or written while a card is there.

Bank: half of the blocks. Pages of 256 bytes; the first is the head, each other one a set of ROWS
places. A card has its place in one set, by its key. A full set forgets the card whose last ride
is longest ago, `forgotten` counts those whose month was not over.

| offset | size | head | | offset | size | row |
|---|---|---|---|---|---|---|
| 0 | 4 | magic "FTRB" | | 0 | 8 | key (fares/paid.py) |
| 4 | 1 | version, 1 | | 8 | 4 | number of the first record in the sums |
| 5 | 4 | generation, the higher bank counts | | 12 | 4 | number of the last one |
| 9 | 4 | number up to which records are in it | | 16 | 2 | day of the last one |
| 13 | 4 | CRC-32 of the rest | | 18 | 9 | day_fen, week_fen, month_fen as of that day |

Each set begins with its CRC-32 and the number of rows (1). RAM: none but one page while it works.
"""

from binascii import crc32

from firmware.devices import options
from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.fares.paid import KEY, Paid, fen_bytes, fen_of

PAGE = 256
SYNC, BLOCKS, BLOCK_SIZE, ERASE = 3, 4, 5, 6  # of ioctl
MAGIC = b"FTRB\x01"
HEAD = 17
ROW = KEY + 19
ROWS = (PAGE - 5) // ROW


class RideBank:
    """Both banks on a block device of their own. ValueError: less than two blocks."""

    def __init__(self, storage):
        self.storage = storage
        self.blocks = storage.ioctl(BLOCKS, 0) // 2
        self.pages = storage.ioctl(BLOCK_SIZE, 0) // PAGE
        self.sets = self.blocks * self.pages - 1
        if self.blocks < 1 or self.sets < 1:
            raise ValueError("two banks need 2 blocks")
        self.forgotten = 0
        heads = [self._head(bank) for bank in (0, 1)]
        self.bank = 1 if heads[1] > heads[0] else 0
        self.generation, self.upto = heads[self.bank]

    def of(self, key):
        """[Paid] of all cards of a number; key: of any of them. One read; none where it fails."""
        if not self.generation:
            return []
        return [row for row in self._set(self._place(key)) if row.key[:-1] == key[:-1]]

    def written(self, rows, upto):
        """Generator that works [Paid] into the other bank, a page or an erased block a slice.

        upto: every record up to this number is in the rows or was worked in before. Raises
        OSError as the storage does; what counted before counts on.
        """
        bank = 1 - self.bank
        for block in range(self.blocks):
            self.storage.ioctl(ERASE, bank * self.blocks + block)
            yield
        for place in range(self.sets):
            mine = [row for row in rows if self._place(row.key) == place]
            held = self._set(place) if self.generation else []
            if mine or held:
                self._program(bank, place + 1, _packed(self._merged(held, mine)))
                yield
        self.storage.ioctl(SYNC, 0)
        head = MAGIC + (self.generation + 1).to_bytes(4, "big") + upto.to_bytes(4, "big")
        self._program(bank, 0, head + _crc(head))
        self.storage.ioctl(SYNC, 0)
        self.bank, self.generation, self.upto = bank, self.generation + 1, upto

    def _merged(self, held, mine):
        keys = [row.key for row in mine]
        rows = mine + [row for row in held if row.key not in keys]
        rows.sort(key=lambda row: row.last, reverse=True)
        latest = max([row.day for row in rows])
        for row in rows[ROWS:]:
            self.forgotten += calendar.date_of(row.day)[:2] == calendar.date_of(latest)[:2]
        return rows[:ROWS]

    def _place(self, key):
        return int.from_bytes(key[:3], "big") % self.sets

    def _set(self, place):
        """Rows of a set of the bank that counts; none where it was never written or is damaged:
        a debit lost, not a rider charged twice.
        """
        page = self._read(self.bank, place + 1)
        count = page[4]
        body = page[5 : 5 + ROW * count]
        if count > ROWS or _crc(page[4:5] + body) != page[:4]:
            return []
        return [_unpacked(body, at) for at in range(0, len(body), ROW)]

    def _head(self, bank):
        """(generation, upto) of a bank, zeros where it does not count."""
        head = self._read(bank, 0)[:HEAD]
        if head[:5] != MAGIC or _crc(head[:13]) != head[13:]:
            return 0, 0
        return int.from_bytes(head[5:9], "big"), int.from_bytes(head[9:13], "big")

    def _read(self, bank, page):
        found = bytearray(PAGE)
        block = bank * self.blocks + page // self.pages
        self.storage.readblocks(block, found, page % self.pages * PAGE)
        return bytes(found)

    def _program(self, bank, page, data):
        block = bank * self.blocks + page // self.pages
        data += b"\xff" * (PAGE - len(data))
        self.storage.writeblocks(block, data, page % self.pages * PAGE)


def open_bank(more, hal):
    """RideBank of the settings; FormatError where they name none."""
    kind, _, where = more["riders"].partition(":")
    if kind not in ("file", "flash") or not where:
        raise FormatError("`riders: %s` is not file:PATH or flash:PARTITION" % more["riders"])
    return RideBank(hal.open_flash(where, options.number(more, "riders_blocks", 32, 2, 4096)))


def _crc(data):
    return (crc32(data) & 0xFFFFFFFF).to_bytes(4, "big")


def _packed(rows):
    body = bytes((len(rows),))
    for row in rows:
        body += row.key + row.first.to_bytes(4, "big") + row.last.to_bytes(4, "big")
        body += row.day.to_bytes(2, "big") + fen_bytes(row.sums)
    return _crc(body) + body


def _unpacked(data, at):
    first, last = [int.from_bytes(data[at + n : at + n + 4], "big") for n in (8, 12)]
    day = data[at + 16] << 8 | data[at + 17]
    return Paid(data[at : at + KEY], first, last, day, fen_of(data, at + 18))
