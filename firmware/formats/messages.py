# SPDX-License-Identifier: Apache-2.0
"""Signed upload messages, version 2, in the frames of batch.py (terminals.md 10, clearing.md 11).

The payload ends with a tag of 16 bytes over all before it, head included (session_key.py):

| offset  | size | signed frame                                              |
|---------|------|-----------------------------------------------------------|
| 0       | 6    | head of the frame, version 2; the length counts the tag   |
| 6       | n    | fields                                                    |
| 6 + n   | 16   | tag                                                       |
| 22 + n  | 4    | CRC-32 of all before it                                   |

| request  | from the terminal                                        | answer   |
|----------|----------------------------------------------------------|----------|
| HELLO    | a nonce: open a session                                  | WELCOME  |
| STATUS   | how the terminal is, what tables and lists it has        | STANDING |
| BATCH    | records; without any: how far are we                     | ACK      |
| FETCH    | a piece of a file that was offered                       | PIECE    |
| ASK TIME |                                                          | TIME     |

Each request gets exactly one answer, the one of the table or REJECT. Requests but HELLO begin with
terminal id, session and `turn`, which rises within the session, so that no two are alike. Answers
begin with the terminal id and the tag of the request: an answer to anything else is none. A
collector that cannot sign, because the request was not authentic or no frame, says REJECT of
version 1, which moves nothing at the terminal.

HELLO changes nothing at the collector: a recorded one opens nothing. A session begins to count
with the first request signed in it, and ends those before it.

A BATCH that travels as a file has NO_SESSION and is signed under the terminal's file key; its ACK
names the numbers it had, so that the terminal can make the batch again and find its tag.

Parsers raise FormatError and nothing else. Pure; no line, no clock.
"""

import binascii

from firmware.errors import FormatError
from firmware.formats import batch, fields
from firmware.formats.fields import U8, U16, U32, Fixed, Rows, Sized, Text
from firmware.formats.session_key import NONCE_BYTES, SESSION_BYTES, TAG_BYTES, same

VERSION = 2
HEAD_BYTES = 4 + SESSION_BYTES + 4  # terminal id, session, turn
SIGNED_BYTES = batch.HEADER_BYTES + TAG_BYTES + batch.CRC_BYTES  # what a frame takes beside fields
ROWS_MOST = 16  # files and gaps of one message

HELLO = 6
WELCOME = 7
STATUS = 8
STANDING = 9
FETCH = 10
PIECE = 11

HEAD = (
    ("terminal_id", U32),
    ("session", Fixed(SESSION_BYTES)),  # as WELCOME gave it
    ("turn", U32),  # of this request, rising from 1
)
ANSWER = (
    ("terminal_id", U32),
    ("request", Fixed(TAG_BYTES)),  # tag of the frame that is answered
)
GAP_ROW = (("first", U32), ("last", U32))
FILE_ROW = (("kind", U8), ("version", U32), ("size", U32), ("sha256", Fixed(32)))

HELLO_V2 = (
    ("terminal_id", U32),
    ("nonce", Fixed(NONCE_BYTES)),  # the terminal's, at random
)
WELCOME_V2 = ANSWER + (
    ("session", Fixed(SESSION_BYTES)),  # ms since 1970 (6 bytes), the terminal's nonce
    ("nonce", Fixed(NONCE_BYTES)),  # the collector's
    ("time_utc_s", U32),
)
STATUS_V2 = HEAD + (
    ("boot", Fixed(8)),  # drawn at each start: two that take turns are two terminals
    ("last_number", U32),  # last number given out, 0: none yet
    ("time_utc_s", U32),  # by the terminal's clock
    ("status", Sized(1024)),  # STATUS_V1 of status.py; nothing from a terminal that says nothing
)
STANDING_V2 = ANSWER + (
    ("time_utc_s", U32),
    ("upto", U32),  # all numbers up to it are on disk
    ("gaps", Rows(GAP_ROW, ROWS_MOST)),  # numbers up to it whose records were stated lost
    ("files", Rows(FILE_ROW, ROWS_MOST)),  # that this terminal should fetch
)
BATCH_V2 = HEAD + (("items", Rows((("sequence", U32), ("record", Sized(batch.PAYLOAD_LIMIT))))),)
ACK_V2 = ANSWER + (
    ("first", U32),  # of the batch, 0 for one without items
    ("last", U32),  # likewise
    ("upto", U32),  # all numbers up to it are on disk
)
REJECT_V2 = ANSWER + (("code", U8), ("expected", U32), ("text", Text(120)))
ASK_TIME_V2 = HEAD
TIME_V2 = ANSWER + (("time_utc_s", U32),)
FETCH_V2 = HEAD + (
    ("kind", U8),  # of file
    ("version", U32),  # of the file
    ("offset", U32),  # of the first byte
    ("count", U16),  # bytes wanted; fewer may come
)
PIECE_V2 = ANSWER + (
    ("kind", U8),  # of file
    ("version", U32),  # of the file
    ("offset", U32),  # of the first byte
    ("data", Sized(0xFFFF)),  # none: the file ends before
)
TABLES = (
    (batch.BATCH, BATCH_V2),
    (batch.ACK, ACK_V2),
    (batch.REJECT, REJECT_V2),
    (batch.ASK_TIME, ASK_TIME_V2),
    (batch.TIME, TIME_V2),
    (HELLO, HELLO_V2),
    (WELCOME, WELCOME_V2),
    (STATUS, STATUS_V2),
    (STANDING, STANDING_V2),
    (FETCH, FETCH_V2),
    (PIECE, PIECE_V2),
)
ANSWERS = (
    (batch.BATCH, batch.ACK),
    (batch.ASK_TIME, batch.TIME),
    (HELLO, WELCOME),
    (STATUS, STANDING),
    (FETCH, PIECE),
)
KIND_NAMES = (
    (batch.BATCH, "BATCH"),
    (batch.ACK, "ACK"),
    (batch.REJECT, "REJECT"),
    (batch.ASK_TIME, "ASK TIME"),
    (batch.TIME, "TIME"),
    (HELLO, "HELLO"),
    (WELCOME, "WELCOME"),
    (STATUS, "STATUS"),
    (STANDING, "STANDING"),
    (FETCH, "FETCH"),
    (PIECE, "PIECE"),
)


def body(kind, values, limit=batch.FRAME_LIMIT):
    """What is signed of a message: head and fields. FormatError where its frame would exceed
    `limit` bytes.
    """
    packed = fields.pack(batch.table_of(TABLES, kind), values)
    return batch.header(VERSION, kind, len(packed) + TAG_BYTES, limit) + packed


def closed(signed, tag):
    """The frame of a body and its tag."""
    crc = binascii.crc32(tag, binascii.crc32(signed)) & 0xFFFFFFFF
    return b"".join((signed, tag, crc.to_bytes(batch.CRC_BYTES, "big")))


def seal(kind, values, key, limit=batch.FRAME_LIMIT):
    """The frame of one message, signed with `key` at once."""
    signed = body(kind, values, limit)
    return closed(signed, key.tag(signed))


def tag_of(frame):
    """The tag of a frame: by that its answer names it."""
    return frame[-batch.CRC_BYTES - TAG_BYTES : -batch.CRC_BYTES]


def signed_part(frame):
    """What the tag is over."""
    return frame[: -batch.CRC_BYTES - TAG_BYTES]


def addressed(frame):
    """(kind, terminal id, session) of a whole frame of version 2, nothing of it believed yet.

    session: b"" of a message that has none. FormatError where it is no such frame.
    """
    if not batch.whole(frame) or frame[2] != VERSION:
        raise FormatError("no whole frame of version %d" % VERSION)
    kind, table = frame[3], batch.table_of(TABLES, frame[3])
    at = batch.HEADER_BYTES
    in_session = table[:3] == HEAD
    if len(frame) < SIGNED_BYTES + (HEAD_BYTES if in_session else 4):
        raise FormatError("a frame of %d bytes is too short for its kind" % len(frame))
    session = frame[at + 4 : at + 4 + SESSION_BYTES] if in_session else b""
    return kind, int.from_bytes(frame[at : at + 4], "big"), session


def fields_of(frame):
    """The dict of a frame whose tag was found good. FormatError where it breaks its table."""
    table = batch.table_of(TABLES, frame[3])
    return fields.unpack(table, frame[batch.HEADER_BYTES : -batch.CRC_BYTES - TAG_BYTES])


def unseal(frame, key):
    """(kind, values) of a frame signed with `key`; FormatError for anything else."""
    kind, _, _ = addressed(frame)
    if not same(key.tag(signed_part(frame)), tag_of(frame)):
        raise FormatError("the tag of this frame is not of this key")
    return kind, fields_of(frame)


def answers(request, kind, values):
    """Whether an opened message is the answer to the frame `request`, REJECT included."""
    if "request" not in values or values["request"] != tag_of(request):
        return False
    return kind == batch.REJECT or (request[3], kind) in ANSWERS
