# SPDX-License-Identifier: Apache-2.0
"""The boot record: which release is started, which one is on trial, what became of the last one.

| offset | size | meaning |
|---|---|---|
| 0 | 4 | magic "FTBR" |
| 4 | 1 | version of this layout, 1 |
| 5 | 2 | bytes of the fields |
| 7 | 4 | how many records were written before this one |
| 11 | n | the fields of FIELDS |
| 11 + n | 4 | CRC-32 of all before |

Two copies, written in turn: the older one is erased and written, so power may fail at any moment
and one of them is whole; the higher count is in force. What is written is read back. Where no copy
can be read the values are BLANK: the factory release starts, the journal is as it was.

Copies: `InBlocks`, two blocks of a block device; `InFiles`, two files. Neither raises: a copy that
cannot be read is none, one that cannot be written is told by save().
"""

import binascii

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import U8, U32, Fixed, Number, Text

MAGIC = b"FTBR"
VERSION = 1
HEAD = 11
MOST = 256  # bytes of a record: a page
FACTORY, A, B = 0, 1, 2  # slots; FACTORY is what is frozen or installed, and always starts
SLOTS = ((FACTORY, "factory"), (A, "a"), (B, "b"))
TEXT_MOST = 80

# Why a release was left, or a slot not started
FAULTS = (
    (0, ""),
    (1, "never good"),  # its starts on trial were used up
    (2, "damaged"),  # its bytes are not those that were verified
    (3, "crash loop"),  # it was good once, and stopped coming to good
)
NEVER_GOOD, DAMAGED, CRASH_LOOP = 1, 2, 3

FIELDS = (
    ("active", Number(1, B)),  # slot of the release in use
    ("trial", Number(1, B)),  # slot of the one on trial, FACTORY: none
    ("left", U8),  # starts that it has left
    ("number_a", U32),  # release that slot a holds, verified; 0: none
    ("size_a", U32),  # bytes of its signed file
    ("digest_a", Fixed(32)),  # SHA-256 of that file's payload
    ("number_b", U32),  # slot b, likewise
    ("size_b", U32),  # likewise
    ("digest_b", Fixed(32)),  # likewise
    ("floor", U32),  # newest release that was good here: no older one is taken
    ("starts", U8),  # in a row that never came to good
    ("cause", U8),  # of the last start: RESETS of formats/status.py
    ("returned", U32),  # release that was left because of `why`, 0: none
    ("why", Number(1, CRASH_LOOP)),  # FAULTS
    ("text", Text(TEXT_MOST)),  # last error, for people
)
BLANK = fields.blank(FIELDS)
HELD = {A: ("number_a", "size_a", "digest_a"), B: ("number_b", "size_b", "digest_b")}


def pack(values, count):
    """The bytes of a record. FormatError where a value cannot stand in it."""
    body = fields.pack(FIELDS, values)
    head = MAGIC + bytes((VERSION,)) + len(body).to_bytes(2, "big")
    data = head + (count & 0xFFFFFFFF).to_bytes(4, "big") + body
    return data + binascii.crc32(data).to_bytes(4, "big")


def unpack(data):
    """(values, count) of the record at the start of `data`. FormatError."""
    if len(data) < HEAD or bytes(data[:4]) != MAGIC:
        raise FormatError("no boot record")
    if data[4] != VERSION:
        raise FormatError("boot record of layout %d, %d is known" % (data[4], VERSION))
    end = HEAD + (data[5] << 8 | data[6])
    if end + 4 > len(data):
        raise FormatError("boot record cut short")
    if binascii.crc32(bytes(data[:end])) != int.from_bytes(data[end : end + 4], "big"):
        raise FormatError("boot record damaged")
    return fields.unpack(FIELDS, bytes(data[HEAD:end])), int.from_bytes(data[7:HEAD], "big")


def short(text):
    """As much of a text as `text` holds, whole characters."""
    encoded = text.encode()[:TEXT_MOST]
    while encoded:
        try:
            return encoded.decode()
        except UnicodeError:
            encoded = encoded[:-1]
    return ""


class InBlocks:
    """The copies in the first two blocks of a block device."""

    def __init__(self, device):
        self.device = device

    def read(self, place):
        """Up to MOST bytes of a copy, b"" where it cannot be read."""
        data = bytearray(MOST)
        try:
            self.device.readblocks(place, data, 0)
        except OSError:
            return b""
        return data

    def write(self, place, data):
        """Erase and write a copy; durable on return. OSError, ValueError."""
        self.device.ioctl(6, place)
        self.device.writeblocks(place, data, 0)
        self.device.ioctl(3, 0)


class InFiles:
    """The copies in PATH.0 and PATH.1; store: open_blob and write_at of the hal."""

    def __init__(self, store, path):
        self.store = store
        self.path = path

    def read(self, place):
        """Likewise."""
        try:
            blob = self.store.open_blob("%s.%d" % (self.path, place))
        except OSError:
            return b""
        try:
            return blob.read(0, MOST)
        except OSError:
            return b""
        finally:
            blob.close()

    def write(self, place, data):
        """Likewise."""
        self.store.write_at("%s.%d" % (self.path, place), 0, data)


class BootRecord:
    """`values`: the record in force, a dict of FIELDS; `found`: False where no copy was whole."""

    def __init__(self, copies):
        self.copies = copies
        self.values = dict(BLANK)
        self.count = self.place = 0  # of the newest copy
        self.found = False
        self.kept = True  # what save() was last given
        for place in (0, 1):
            try:
                values, count = unpack(copies.read(place))
            except FormatError:
                continue
            if not self.found or _later(count, self.count):
                self.values, self.count, self.place, self.found = values, count, place, True

    def save(self, values):
        """Keep `values`, durably. False: they are not kept, and those before may be lost too.

        The older copy is written; where that fails the other one is, which a cut could cost.
        """
        if self.found and values == self.values:
            return True
        newest = self.place
        self.kept = self._write(1 - newest, values) or self._write(newest, values)
        return self.kept

    def _write(self, place, values):
        count = (self.count + 1) & 0xFFFFFFFF
        data = pack(values, count)
        try:
            self.copies.write(place, data)
        except (OSError, ValueError):
            return False
        if bytes(self.copies.read(place)[: len(data)]) != data:
            return False
        self.values, self.count, self.place, self.found = dict(values), count, place, True
        return True


def _later(count, other):
    """Whether `count` was written after `other`; it may have wrapped."""
    return 0 < (count - other) & 0xFFFFFFFF < 1 << 31
