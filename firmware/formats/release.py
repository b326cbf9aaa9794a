# SPDX-License-Identifier: Apache-2.0
"""A release: one build of the firmware for one kind of board, the payload of a signed file.

| offset in the payload | size | meaning |
|---|---|---|
| 0 | 2 | bytes of the manifest |
| 2 | n | the manifest, fields of MANIFEST |
| 2 + n | | zeros |
| start | size | the body; `start` is such that it begins at byte BODY_AT of the file |

The signed file (signed.py, kind FIRMWARE) lies in a slot as it is, so that a body begins at an
erase block and is executed where it lies. A zip is found from its end: Python imports from the
whole file.

| body | what it is | for |
|---|---|---|
| 1 | ROMFS image of .mpy files | boards of our own image: runs in place, takes no heap |
| 2 | zip of the package `firmware` | CPython |

Pure; FormatError alone.
"""

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import U16, U32, Fixed, Number, Word
from firmware.formats.signed import HEAD

FORMAT = 1  # version of this layout, in the head of the signed file
LOADER = 1  # number of the loader of this source: it starts releases that want no higher one
BODY_AT = 4096
MANIFEST_MOST = 256
ROMFS, ZIP = 1, 2
BODIES = ((ROMFS, "ROMFS image"), (ZIP, "zip"))
MARKS = ((ROMFS, b"\xd2\xcd\x31"), (ZIP, b"PK\x03\x04"))  # what each begins with

MANIFEST = (
    ("board", Word(16)),  # word of the board: firmware/boot/layout.py, or that of the hal
    ("number", U32),  # grows with each release; the number of the signed file too
    ("version", Word(24)),  # for people
    ("loader", U16),  # least LOADER that can start it
    ("body", Number(1, ZIP)),  # BODIES
    ("start", U16),  # place of the body in the payload
    ("size", U32),  # of the body
    ("digest", Fixed(32)),  # SHA-256 of the body
)


def pack(values, body, signature_bytes):
    """The payload of `body` with its manifest.

    values: a dict of MANIFEST without start and size; signature_bytes: of the file it goes into.
    """
    start = BODY_AT - HEAD - signature_bytes
    packed = fields.pack(MANIFEST, dict(values, start=start, size=len(body)))
    front = len(packed).to_bytes(2, "big") + packed
    return front + bytes(start - len(front)) + body


def read(head, payload):
    """The manifest, a dict of MANIFEST, of a file whose head was read.

    payload: a blob, the Part behind `head`. FormatError where it cannot be one.
    """
    if head.format != FORMAT:
        raise FormatError("release of layout %d, %d is known" % (head.format, FORMAT))
    count = int.from_bytes(payload.read(0, 2), "big")
    if count > MANIFEST_MOST:
        raise FormatError("manifest of %d bytes, at most %d" % (count, MANIFEST_MOST))
    found = fields.unpack(MANIFEST, payload.read(2, count))
    if found["number"] != head.number:
        raise FormatError("signed as %d, and %d inside" % (head.number, found["number"]))
    if found["start"] + head.start != BODY_AT or found["start"] < 2 + count:
        raise FormatError("release whose body does not begin at %d" % BODY_AT)
    if not found["size"] or found["start"] + found["size"] != head.length:
        raise FormatError("release whose body is not as long as it says")
    mark = [mark for body, mark in MARKS if body == found["body"]]
    if not mark or payload.read(found["start"], len(mark[0])) != mark[0]:
        raise FormatError("release whose body is none of its kind")
    return found


def check(found, board, bodies, capacity, file_bytes, loader=LOADER):
    """FormatError unless a board can hold and start the release of a manifest.

    board: its word; bodies: those of BODIES that it runs; capacity: bytes of its slot.
    """
    if found["board"] != board:
        raise FormatError("release for %s, this is %s" % (found["board"], board))
    if found["body"] not in bodies:
        raise FormatError("release with a body that this board does not run")
    if found["loader"] > loader:
        raise FormatError("release for loader %d, this is %d" % (found["loader"], loader))
    if file_bytes > capacity:
        raise FormatError("release of %d bytes, a slot has %d" % (file_bytes, capacity))
