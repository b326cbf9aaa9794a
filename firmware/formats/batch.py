# SPDX-License-Identifier: Apache-2.0
"""Upload messages and their frames; the same bytes over serial, TCP or a file (clearing.md 9 and
11).

| offset  | size | frame                                                                    |
|---------|------|--------------------------------------------------------------------------|
| 0       | 2    | magic "FT"                                                               |
| 2       | 1    | version of the messages, 1 or 2; the frame itself is the same in both    |
| 3       | 1    | kind: 1 BATCH, 2 ACK, 3 REJECT, 4 ASK TIME, 5 TIME; more in version 2    |
| 4       | 2    | length of the payload, at most 65526                                     |
| 6       | n    | payload                                                                  |
| 6 + n   | 4    | CRC-32 of all before it                                                  |

BATCH (device): terminal id, then records with their sequence numbers, rising by one. An item
without bytes says that the number was given out and its record is lost: the gap is stated, not
hidden (CL-008).

ACK (collector): terminal id, CRC-32 of the BATCH frame it answers, `upto`: all numbers up to it
are committed to disk (CL-007). The CRC tells a late answer to another batch apart (CL-018).

REJECT (collector): terminal id (0 where it could not be read), code, the sequence expected next
(0: any), a text.

ASK TIME (device): terminal id, a number of its own. TIME (collector): terminal id, CRC-32 of the
frame it answers, seconds since 1970-01-01 UTC, until 2106 (TD-009). The CRC is the proof that the
answer is no older than the question. An end that knows neither kind says REJECT or nothing.

Messages of version 1 say nothing of who sent them; those of version 2 do (messages.py). How long
a frame may be is for each end to say: a board takes FRAME_LIMIT, a collector FRAME_MOST.

Parsers raise FormatError and nothing else. Pure; no line, no clock.
"""

import binascii

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import U8, U32, Rows, Sized, Text

MAGIC = b"FT"
VERSION = 1
HEADER_BYTES = 6
CRC_BYTES = 4
FRAME_LIMIT = 4096  # bytes of a whole frame: the receive buffer of the smallest board
FRAME_MOST = 65536  # what a collector takes: 100 records and more
SHARE = 8  # bytes of which a CRC is made for each byte that comes, at most
PAYLOAD_LIMIT = FRAME_LIMIT - HEADER_BYTES - CRC_BYTES
ITEM_BYTES = 6  # what an item takes beside its record
BATCH_BYTES = 6  # what a BATCH payload takes beside its items

BATCH = 1
ACK = 2
REJECT = 3
ASK_TIME = 4
TIME = 5

DAMAGED = 1  # noise, a cut-off frame, a wrong CRC or a payload that breaks its table: send again
WRONG_VERSION = 2  # this end does not speak the version
UNEXPECTED = 3  # a whole frame, but no BATCH
GAP = 4  # the first number is not the one expected
CONFLICT = 5  # a number that is stored with other bytes: goes to a person, nothing is overwritten
UNKNOWN_TERMINAL = 6
LATER = 7  # the collector cannot commit now
NOT_AUTHENTIC = 8  # unsigned, or its tag is wrong: which of the two, and why, is told to nobody
SESSION_OVER = 9  # say HELLO again
NOT_OFFERED = 10  # a file, a version or an offset that is not to be had

REJECT_NAMES = (
    (DAMAGED, "damaged"),
    (WRONG_VERSION, "wrong version"),
    (UNEXPECTED, "unexpected"),
    (GAP, "gap"),
    (CONFLICT, "conflict"),
    (UNKNOWN_TERMINAL, "unknown terminal"),
    (LATER, "later"),
    (NOT_AUTHENTIC, "not authentic"),
    (SESSION_OVER, "session over"),
    (NOT_OFFERED, "not offered"),
)

BATCH_V1 = (
    ("terminal_id", U32),
    ("items", Rows((("sequence", U32), ("record", Sized(PAYLOAD_LIMIT))))),
)
ACK_V1 = (("terminal_id", U32), ("batch_crc", U32), ("upto", U32))
REJECT_V1 = (("terminal_id", U32), ("code", U8), ("expected", U32), ("text", Text(120)))

ASK_TIME_V1 = (("terminal_id", U32), ("nonce", U32))
TIME_V1 = (("terminal_id", U32), ("batch_crc", U32), ("time_utc_s", U32))
TABLES = (
    (BATCH, BATCH_V1),
    (ACK, ACK_V1),
    (REJECT, REJECT_V1),
    (ASK_TIME, ASK_TIME_V1),
    (TIME, TIME_V1),
)


def seal(kind, values, limit=FRAME_LIMIT):
    """The frame of one message; FormatError where it would exceed `limit` bytes."""
    payload = fields.pack(table_of(TABLES, kind), values)
    head = header(VERSION, kind, len(payload), limit)
    crc = binascii.crc32(payload, binascii.crc32(head)) & 0xFFFFFFFF
    return b"".join((head, payload, crc.to_bytes(CRC_BYTES, "big")))  # one copy: heaps are small


def header(version, kind, count, limit):
    """The head of a frame with `count` bytes of payload."""
    most = limit - HEADER_BYTES - CRC_BYTES
    if count > most:
        raise FormatError("a payload of %d bytes, at most %d" % (count, most))
    return MAGIC + bytes([version, kind]) + count.to_bytes(2, "big")


def unseal(frame):
    """(kind, values) of one whole frame; FormatError where anything is wrong with it."""
    if not whole(frame):
        raise FormatError("no whole frame")
    if frame[2] != VERSION:
        raise FormatError("version %d of the messages is not known" % frame[2])
    return frame[3], fields.unpack(table_of(TABLES, frame[3]), frame[HEADER_BYTES:-CRC_BYTES])


def whole(frame):
    """True if magic, length and CRC are right; says nothing of version and payload."""
    if not HEADER_BYTES + CRC_BYTES <= len(frame) <= FRAME_MOST or frame[:2] != MAGIC:
        return False
    if int.from_bytes(frame[4:6], "big") != len(frame) - HEADER_BYTES - CRC_BYTES:
        return False
    return _crc(memoryview(frame)[:-CRC_BYTES]) == crc_of(frame)  # no copy: heaps are small


def crc_of(frame):
    """The CRC a frame ends with: the name of a batch in its ACK."""
    return int.from_bytes(frame[-CRC_BYTES:], "big")


def pack_batch(terminal_id, items, limit=FRAME_LIMIT):
    """Frame of [(sequence, record bytes)]."""
    return seal(BATCH, {"terminal_id": terminal_id, "items": items}, limit)


def pack_ack(terminal_id, batch_crc, upto):
    """Frame saying that every number up to `upto` is on disk."""
    return seal(ACK, {"terminal_id": terminal_id, "batch_crc": batch_crc, "upto": upto})


def pack_reject(terminal_id, code, expected, text):
    """Frame saying why nothing was taken; a long text is cut."""
    values = {"terminal_id": terminal_id, "code": code, "expected": expected, "text": plain(text)}
    return seal(REJECT, values)


def plain(text):
    """A text as REJECT has room for it."""
    return "".join([c if " " <= c <= "~" else "?" for c in text[:120]])


def pack_ask_time(terminal_id, nonce):
    """Frame asking for the time; nonce: any number of 32 bits, another for each question."""
    return seal(ASK_TIME, {"terminal_id": terminal_id, "nonce": nonce})


def pack_time(terminal_id, batch_crc, time_utc_s):
    """Frame saying what the time was when the frame of that CRC was answered."""
    values = {"terminal_id": terminal_id, "batch_crc": batch_crc, "time_utc_s": time_utc_s}
    return seal(TIME, values)


def time_of(answer, request, terminal_id):
    """time_utc_s of a TIME frame that answers this very ASK TIME; None for anything else."""
    try:
        kind, values = unseal(answer)
    except FormatError:
        return None
    mine = kind == TIME and values["terminal_id"] == terminal_id
    return values["time_utc_s"] if mine and values["batch_crc"] == crc_of(request) else None


def reject_name(code):
    """The word for a REJECT code."""
    for number, name in REJECT_NAMES:
        if number == code:
            return name
    return "code %d" % code


class FrameReader:
    """Finds whole frames in a stream of bytes and finds its way again after noise, loss or a wrong
    CRC.

    Frames of any version come out, so that a wrong one can be answered. `damaged` counts what
    began like a frame and was none: who answers compares it before and after and sends REJECT
    damaged. Holds at most `limit` bytes of a frame, and takes one that says it is longer for
    noise; behind that it may keep a quarter as much that is done with.

    Noise may be made of heads that each promise a long frame, and a CRC over each would be the
    square of the bytes. So CRCs are made over at most SHARE bytes for each one that comes
    (`checked` counts them), and SHARE times `limit` beforehand; a head for which that does not do
    is noise. The price: a frame right behind such noise may be passed over, and is sent again.
    """

    def __init__(self, limit=FRAME_LIMIT):
        self.limit = limit
        self.damaged = 0
        self.checked = 0
        self._kept = bytearray()
        self._at = 0  # what lies before is done with
        self._left = SHARE * limit  # bytes that may be checked

    def feed(self, data):
        """Take bytes as they come; return the list of frames they completed."""
        frames = []
        at = 0
        while True:  # in pieces, so that a flood never holds more than one frame of memory
            piece = data[at : at + self.limit - self.held()]
            at += len(piece)
            self._kept += piece
            self._left = min(self._left + SHARE * len(piece), SHARE * self.limit)
            self._collect(frames)
            if at >= len(data):
                return frames

    def held(self):
        """How many bytes are held of what may be a frame."""
        return len(self._kept) - self._at

    def wanted(self):
        """How many bytes are missing to the end of the frame begun, at least 1: read so many."""
        if self.held() < HEADER_BYTES:
            return HEADER_BYTES + CRC_BYTES - self.held()
        return max(1, self._size() - self.held())

    def stale(self):
        """The line fell silent: give up the half frame; return whole frames hidden in it."""
        frames = []
        while self.held():
            self.damaged += 1
            self._at += 1
            self._collect(frames)
        self._left = SHARE * self.limit
        return frames

    def _size(self):
        at = self._at
        return (self._kept[at + 4] << 8 | self._kept[at + 5]) + HEADER_BYTES + CRC_BYTES

    def _collect(self, frames):
        while True:
            self._find_magic()
            if self.held() < HEADER_BYTES:
                break
            size = self._size()
            if size <= self.limit and self.held() < size:
                break
            if size <= min(self.limit, self._left) and self._is_whole(size):
                frames.append(bytes(self._kept[self._at : self._at + size]))
                self._at += size
            else:
                self.damaged += 1
                self._at += 1
        if self._at == len(self._kept) or self._at >= self.limit // 4:  # each byte moves 4 times
            self._kept[: self._at] = b""
            self._at = 0

    def _is_whole(self, size):
        self._left -= size
        self.checked += size
        return whole(memoryview(self._kept)[self._at : self._at + size])  # no copy

    def _find_magic(self):
        at = self._kept.find(MAGIC, self._at)
        if at < 0:
            at = len(self._kept)
            if at > self._at and self._kept[-1] == MAGIC[0]:
                at -= 1
        self._at = at


def _crc(data):
    return binascii.crc32(data) & 0xFFFFFFFF


def table_of(tables, kind):
    """The table of a kind of message; FormatError where there is none."""
    for number, table in tables:
        if number == kind:
            return table
    raise FormatError("kind %d of message is not known" % kind)
