# SPDX-License-Identifier: Apache-2.0
"""The RSA suite: issuer certificate, ICC certificate, signed dynamic data (JR/T 0025.7 §5.3,
.12 annex B).

Every step is a generator for a Work, so that it runs while the card answers. Lengths are bounded
before any big number is made (QT-215).

| recovered block | layout (JR/T 0025.7 tables 6, 12, 15) |
|---|---|
| issuer, NCA bytes | 6A 02 issuer id 4, then as ICC |
| ICC, NI bytes | 6A 04 PAN 10, MMYY 2, serial 3, hash 1, algorithm 1, lengths 2, key, hash, BC |
| SDAD, NIC bytes | 6A 05 hash 1, LDD 1, dynamic data LDD, BB.., hash 20, BC |
"""

import hashlib
from collections import namedtuple

from firmware.kernel import tags
from firmware.kernel.oda import month, owner_digits, require
from firmware.kernel.rsa import EXPONENTS, recover

NAME = "RSA"
ALGORITHM = 1
MAX_MODULUS = 248  # 1984 bits, QT-016
MIN_MODULUS = 64  # 512 bits: shorter blocks could not hold the fields
ISSUER_FIELDS, ICC_FIELDS = 36, 42  # bytes of a certificate that hold no modulus (tables 6, 12)
HASH_SHA_1 = 1
MANDATORY = (tags.ISSUER_EXPONENT, tags.ICC_EXPONENT)  # beside what every suite needs (QT-144)

# modulus bytes, exponent int, expires (year, month), owner: issuer id (digits), serial bytes 3
Key = namedtuple("Key", ("modulus", "exponent", "expires", "owner", "serial"))
# key: Key; signed, digest: what its hash covers before the static data, and the hash found in it
IccKey = namedtuple("IccKey", ("key", "signed", "digest"))


def is_issuer_whole(tap):
    """False while 92 may still come: the length of 9F46, the issuer's modulus, tells whether it
    is due (QT-196).
    """
    if not tap.value(tags.ISSUER_EXPONENT):
        return False
    room = len(tap.value(tags.ISSUER_CERTIFICATE)) - ISSUER_FIELDS
    certificate = tap.value(tags.ICC_CERTIFICATE)
    return bool(tap.value(tags.ISSUER_REMAINDER) or (certificate and len(certificate) <= room))


def is_icc_whole(tap):
    """9F48 likewise, by the length of 9F4B (QT-202)."""
    if not tap.value(tags.ICC_EXPONENT):
        return False
    room = len(tap.value(tags.ICC_CERTIFICATE)) - ICC_FIELDS
    sdad = tap.value(tags.SDAD)
    return bool(tap.value(tags.ICC_REMAINDER) or (sdad and len(sdad) <= room))


def _exponent(value):
    exponent = int.from_bytes(value, "big") if 1 <= len(value) <= 3 else 0
    require(exponent in EXPONENTS, "exponent")  # QT-020
    return exponent


def opened(block, kind, name):
    """Check trailer, header and format of a recovered block (QT-190, QT-198, QT-204)."""
    require(block[-1] == 0xBC, name + " trailer")
    require(block[0] == 0x6A, name + " header")
    require(block[1] == kind, name + " format")
    return block


def _modulus(part, remainder, length, name):
    """Join the modulus of `length` bytes from its part in the certificate and the remainder
    (QT-196, QT-202).
    """
    require(MIN_MODULUS <= length <= MAX_MODULUS, name + " key length")
    if length <= len(part):
        require(not remainder, name + " remainder not due")
        require(part[length:] == b"\xbb" * (len(part) - length), name + " padding")
    else:
        require(len(remainder) == length - len(part), name + " remainder length")
    modulus = (part + remainder)[:length]
    require(modulus[0] > 0, name + " modulus")  # nothing divides by a zero (QT-215)
    return modulus


def issuer_key(capk, certificate, remainder, exponent, cache):
    """Generator: the issuer Key of tag 90 (JR/T 0025.7 §5.3.3), without the checks that depend on
    card and date (oda.check_issuer).

    cache: a KeyCache; a certificate that was opened before costs nothing.
    """
    name = "issuer certificate"
    parts = (capk.key, certificate, remainder, exponent)
    seal = bytes([len(one) & 0xFF for one in parts]) + b"".join(parts)
    known = cache.find(seal)
    if known:
        return known
    require(len(certificate) == len(capk.key), name + " length")  # QT-189
    block = opened((yield from recover(certificate, capk.key, capk.exponent)), 0x02, name)
    require(block[11] == HASH_SHA_1, name + " hash algorithm")
    digest = hashlib.sha1(block[1:-21] + remainder + exponent).digest()
    require(digest == block[-21:-1], name + " hash")  # QT-191
    require(block[12] == ALGORITHM, name + " algorithm")  # QT-188, QT-195
    require(block[13] <= len(capk.key), name + " key length")
    require(block[14] == len(exponent), name + " exponent length")
    modulus = _modulus(block[15:-21], remainder, block[13], name)
    owner, expires = owner_digits(block[2:6]), month(block[6:8], name)
    key = Key(modulus, _exponent(exponent), expires, owner, block[8:11])
    cache.keep(seal, key)
    return key


def icc_key(issuer, certificate, remainder, exponent, pan, today):
    """Generator: the IccKey of tag 9F46, all checks but the hash (JR/T 0025.7 §5.3.4).

    issuer: Key. The hash covers records that may come later than the certificate: check_static()
    has to follow before the key counts for anything.
    """
    name = "ICC certificate"
    require(len(certificate) == len(issuer.modulus), name + " length")  # QT-197
    block = opened((yield from recover(certificate, issuer.modulus, issuer.exponent)), 0x04, name)
    require(block[17] == HASH_SHA_1, name + " hash algorithm")
    require(block[2:12].hex().rstrip("f") == pan, name + " card number")  # QT-200
    expires = month(block[12:14], name)
    require(expires >= today[:2], name + " expired")  # QT-201
    require(block[18] == ALGORITHM, name + " algorithm")  # QT-202
    require(block[19] <= len(issuer.modulus), name + " key length")
    require(block[20] == len(exponent), name + " exponent length")
    modulus = _modulus(block[21:-21], remainder, block[19], name)
    key = Key(modulus, _exponent(exponent), expires, pan, block[14:17])
    return IccKey(key, block[1:-21] + remainder + exponent, block[-21:-1])


def check_static(icc, static):
    """The hash of the ICC certificate (QT-199). icc: IccKey; static: the static data to be
    authenticated, AIP included where 9F4A asks for it.
    """
    digest = hashlib.sha1(icc.signed + static).digest()
    require(digest == icc.digest, "ICC certificate hash")


class OpenedSdad:
    """Signed dynamic data that are right but for the hash."""

    def __init__(self, signed, digest):
        self.signed = signed
        self.digest = digest

    def verify(self, data):
        """True when the card signed these terminal dynamic data."""
        return hashlib.sha1(self.signed + data).digest() == self.digest


def open_sdad(icc, sdad, atc):
    """Generator: OpenedSdad of tag 9F4B, all checks but the hash (JR/T 0025.7 §5.3.5.2, QT-149,
    QT-203..205).

    icc: IccKey; atc: 9F36 as in the GPO answer.
    """
    name = "SDAD"
    above = icc.key
    require(len(sdad) == len(above.modulus), name + " length")
    block = opened((yield from recover(sdad, above.modulus, above.exponent)), 0x05, name)
    require(block[2] == HASH_SHA_1, name + " hash algorithm")
    count = block[3]
    require(count <= len(block) - 25, name + " dynamic data length")
    dynamic = block[4 : 4 + count]
    padding = block[4 + count : -21]
    require(padding == b"\xbb" * len(padding), name + " padding")
    require(dynamic == b"\x02" + atc, name + " dynamic number is not the ATC")  # QT-205
    return OpenedSdad(block[1:-21], block[-21:-1])
