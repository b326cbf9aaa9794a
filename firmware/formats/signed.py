# SPDX-License-Identifier: Apache-2.0
"""A signed file: what the operator ships to its terminals: tables, lists, firmware (TD-020).

| offset | size | meaning |
|---|---|---|
| 0 | 4 | magic "FTSF" |
| 4 | 1 | version of this layout, 1 |
| 5 | 1 | kind of payload: KINDS |
| 6 | 1 | version of the payload's own format |
| 7 | 1 | signature: 1 RSA with SHA-256, 2 SM2 with SM3 |
| 8 | 4 | number: the version of this table or list, 1.. |
| 12 | 7 | effective from, local YYYYMMDDHHMMSS in BCD; zeros: at once |
| 19 | 4 | bytes of the payload |
| 23 | 32 | SHA-256 of the payload |
| 55 | 2 | bytes of the signature |
| 57 | n | signature over bytes 0 to 56, then the payload to the end of the file |

RSA is PKCS #1 v1.5 with exponent 65537, as in seal.py. The signature covers the head alone, so it
is one operation however long the payload is, which is hashed as it comes: by SHA-256 under SM2
too, since SM3 has no code in C on the boards (docs/performance.md: 233 ms for 200 bytes).

A blob is anything with `size` and `read(at, count)` (hal.open_blob). Errors: FormatError alone.
"""

import hashlib
from collections import namedtuple

from firmware.errors import FormatError
from firmware.kernel.rsa import recover
from firmware.kernel.work import Work

MAGIC = b"FTSF"
VERSION = 1
HEAD = 57  # bytes that are signed
RSA, SM2 = 1, 2
FARES, DENY_LIST, DENY_DELTA, ALLOW_LIST, CARD_SUMS, FIRMWARE = 1, 2, 3, 4, 5, 6
KINDS = (
    (FARES, "fare table"),
    (DENY_LIST, "deny list"),
    (DENY_DELTA, "deny list, changes"),
    (ALLOW_LIST, "allow list"),
    (CARD_SUMS, "card sums"),
    (FIRMWARE, "firmware"),
)
EXPONENT = 65537
INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of SHA-256
PIECE = 2048  # bytes hashed in a slice: some 4 ms on a Pico
MOST_SIGNATURE = 512

# Whose signatures count. rsa: modulus, sm2: point X || Y, b"" where there is none
Authority = namedtuple("Authority", ("rsa", "sm2"))

# kind, format, number, length, digest: as in the table; effective: "YYYYMMDDHHMMSS", "" for at
# once; start: place of the payload in the file
Head = namedtuple(
    "Head",
    (
        "kind", "format", "scheme", "number", "effective", "length", "digest", "signed",
        "signature", "start",
    ),
)  # fmt: skip


class Part:
    """A stretch of a blob as a blob of its own: the payload of a signed file."""

    def __init__(self, blob, start, size):
        self.blob = blob
        self.start = start
        self.size = size

    def read(self, at, count):
        """Up to `count` bytes from place `at` of the stretch."""
        return (
            self.blob.read(self.start + at, min(count, self.size - at)) if at < self.size else b""
        )


def pack_head(kind, layout, scheme, number, effective, length, digest, signature_bytes):
    """The HEAD bytes that are to be signed. FormatError where a value cannot stand there.

    layout: version of the payload's format; effective: "YYYYMMDDHHMMSS" or "".
    """
    if effective:
        check_moment(effective)
    ranges = (layout, number, length, signature_bytes)
    if not 1 <= number <= 0xFFFFFFFF or min(ranges) < 0 or layout > 255 or length >> 32:
        raise FormatError("number, format or length of a signed file is out of range")
    return (
        MAGIC
        + bytes((VERSION, kind, layout, scheme))
        + number.to_bytes(4, "big")
        + bytes.fromhex(effective or "0" * 14)
        + length.to_bytes(4, "big")
        + digest
        + signature_bytes.to_bytes(2, "big")
    )


def read_head(blob, kinds):
    """Head of a file of one of `kinds`, whole in length, not yet verified."""
    data = blob.read(0, HEAD)
    if len(data) < HEAD or data[:4] != MAGIC:
        raise FormatError("no signed file, or cut short")
    if data[4] != VERSION:
        raise FormatError("signed file of layout %d, %d is known" % (data[4], VERSION))
    if data[5] not in kinds:
        raise FormatError("a %s is not wanted here" % kind_name(data[5]))
    count = data[55] << 8 | data[56]
    head = Head(
        kind=data[5],
        format=data[6],
        scheme=data[7],
        number=int.from_bytes(data[8:12], "big"),
        effective="" if data[12:19] == bytes(7) else data[12:19].hex(),
        length=int.from_bytes(data[19:23], "big"),
        digest=data[23:55],
        signed=data,
        signature=blob.read(HEAD, count) if count <= MOST_SIGNATURE else b"",
        start=HEAD + count,
    )
    if head.effective:
        check_moment(head.effective)
    if not head.number:
        raise FormatError("signed file with number 0")
    if head.start + head.length != blob.size or len(head.signature) != count:
        raise FormatError("signed file of %d bytes, not what its head says" % blob.size)
    return head


def verify(blob, head, authority):
    """Work: the signature, then the hash, a slice at a time; its result is the payload, a Part.

    finish() raises FormatError when another one signed, or when one bit was changed.
    """
    return Work(_slices(blob, head, authority), FormatError)


def hashed(blob, head):
    """Work: the hash alone, whoever signed it; the result is the payload, a Part."""
    return Work(_hashed(blob, head), FormatError)


def verify_head(head, authority):
    """Work: the signature alone, for a file whose payload was hashed before; result None."""
    return Work(_signature(head, authority), FormatError)


def opened(blob, authority, kinds):
    """(Head, payload as a Part) of a file, verified in one call."""
    head = read_head(blob, kinds)
    return head, verify(blob, head, authority).finish()


def check_newer(head, number):
    """FormatError unless the file is newer than `number`, the one in force (TD-020)."""
    if head.number <= number:
        raise FormatError("version %d, %d is in force" % (head.number, number))


def is_due(head, now):
    """True when its moment has come; now: (year, month, day, hour, minute, second), local."""
    return head.effective <= "%04d%02d%02d%02d%02d%02d" % tuple(now[:6])


def check_moment(text):
    """FormatError unless it is YYYYMMDDHHMMSS, a moment that can be."""
    wrong = [sign for sign in text if not "0" <= sign <= "9"]
    if len(text) != 14 or wrong:
        raise FormatError("effective is YYYYMMDDHHMMSS")
    month, day, hour = int(text[4:6]), int(text[6:8]), int(text[8:10])
    minute, second = int(text[10:12]), int(text[12:])
    possible = 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60
    if not possible:
        raise FormatError("effective: there is no moment " + text)


def kind_name(kind):
    """Words for a kind of payload."""
    for number, name in KINDS:
        if number == kind:
            return name
    return "file of kind %d" % kind


def expected(data, count):
    """The block that a good RSA signature over `data` opens to, `count` bytes."""
    info = INFO + hashlib.sha256(data).digest()
    return b"\x00\x01" + b"\xff" * (count - len(info) - 3) + b"\x00" + info


def _slices(blob, head, authority):
    yield from _signature(head, authority)
    return (yield from _hashed(blob, head))


def _hashed(blob, head):
    hashed = hashlib.sha256()
    for at in range(head.start, head.start + head.length, PIECE):
        piece = blob.read(at, min(PIECE, head.start + head.length - at))
        hashed.update(piece)
        yield
    if hashed.digest() != head.digest:
        raise FormatError("the payload was changed: its hash does not fit")
    return Part(blob, head.start, head.length)


def _signature(head, authority):
    """Generator: FormatError unless the authority signed this head."""
    key = {RSA: authority.rsa, SM2: authority.sm2}.get(head.scheme)
    if key is None:
        raise FormatError("signature of an unknown kind, %d" % head.scheme)
    if not key:
        raise FormatError("the settings name no authority for this kind of signature")
    if len(head.signature) != len(key):
        raise FormatError("a signature of %d bytes" % len(head.signature))
    good = yield from (_by_rsa if head.scheme == RSA else _by_sm2)(head, key)
    if not good:
        raise FormatError("the signature does not fit: changed, or not by this authority")


def _by_rsa(head, modulus):
    if head.signature >= modulus:
        return False
    block = yield from recover(head.signature, modulus, EXPONENT)
    return block == expected(head.signed, len(modulus))


def _by_sm2(head, point):
    from firmware.kernel import sm2  # for units whose authority has such a key
    from firmware.kernel.sm3 import Sm3  # likewise

    try:
        committed = yield from sm2.commitment(head.signature, point)
    except sm2.BadSignature:
        return False
    hashed = Sm3()
    yield from hashed.steps(sm2.za(point) + head.signed)
    return sm2.matches(head.signature, committed, hashed.digest())
