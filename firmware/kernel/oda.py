# SPDX-License-Identifier: Apache-2.0
"""Offline data authentication, RSA: issuer certificate, ICC certificate, fDDA (JR/T 0025.7 §5.3,
.12 annex B).

Every step is a generator for a Work, so that it runs while the card answers. What fails raises
OdaFailed with the step;
the outcome "ODA failed" is made of it in transaction.py. Lengths are bounded before any big
number is made (QT-215).

| recovered block | layout (JR/T 0025.7 tables 6, 12, 15) |
|---|---|
| issuer, NCA bytes | 6A 02 issuer id 4, then as ICC |
| ICC, NI bytes | 6A 04 PAN 10, MMYY 2, serial 3, hash 1, algorithm 1, lengths 2, key, hash, BC |
| SDAD, NIC bytes | 6A 05 hash 1, LDD 1, dynamic data LDD, BB.., hash 20, BC |
"""

import hashlib
from collections import namedtuple

from firmware.errors import FormatError
from firmware.kernel import bcd, tags
from firmware.kernel.rsa import EXPONENTS, recover

MAX_MODULUS = 248  # 1984 bits, QT-016
MIN_MODULUS = 64  # 512 bits: shorter blocks could not hold the fields
ISSUER_FIELDS, ICC_FIELDS = 36, 42  # bytes of a certificate that hold no modulus (tables 6, 12)
HASH_SHA_1 = 1
ALGORITHM_RSA = 1
CACHE_SIZE = 8

# rid bytes 5, index int, exponent int, modulus bytes, expiry (year, month, day) or None
Capk = namedtuple("Capk", ("rid", "index", "exponent", "modulus", "expiry"))
# modulus bytes, exponent int, expires (year, month), owner: issuer id (digits), serial bytes 3
Key = namedtuple("Key", ("modulus", "exponent", "expires", "owner", "serial"))
# key: Key; signed, digest: what its hash covers before the static data, and the hash found in it
IccKey = namedtuple("IccKey", ("key", "signed", "digest"))
# dynamic data, the fields that are hashed, the hash found in the block
OpenedSdad = namedtuple("OpenedSdad", ("dynamic", "signed", "digest"))


class OdaFailed(Exception):
    """A step of offline data authentication failed; the text names it."""


def find_capk(capks, rid, index):
    """The Capk of RID and index, never of the index alone (QT-017); None if absent."""
    for capk in capks:
        if capk.index == index and capk.rid == rid:
            return capk
    return None


def _require(holds, step):
    if not holds:
        raise OdaFailed(step)


def _exponent(value):
    exponent = int.from_bytes(value, "big") if 1 <= len(value) <= 3 else 0
    _require(exponent in EXPONENTS, "exponent")
    return exponent


def _opened(block, kind, name):
    """Check trailer, header and format of a recovered block (QT-190, QT-198, QT-204)."""
    _require(block[-1] == 0xBC, name + " trailer")
    _require(block[0] == 0x6A, name + " header")
    _require(block[1] == kind, name + " format")
    return block


def _modulus(part, remainder, length, name):
    """Join the modulus of `length` bytes from its part in the certificate and the remainder
    (QT-196, QT-202).
    """
    _require(MIN_MODULUS <= length <= MAX_MODULUS, name + " key length")
    if length <= len(part):
        _require(not remainder, name + " remainder not due")
        _require(part[length:] == b"\xbb" * (len(part) - length), name + " padding")
    else:
        _require(len(remainder) == length - len(part), name + " remainder length")
    modulus = (part + remainder)[:length]
    _require(modulus[0] & 0x80, name + " modulus")  # nothing divides by a zero (QT-215)
    return modulus


def _month(data, name):
    try:
        return bcd.to_month(data)
    except FormatError:
        raise OdaFailed(name + " expiry format")


def issuer_key(capk, certificate, remainder, exponent, cache):
    """Generator: the issuer Key of tag 90 (JR/T 0025.7 §5.3.3), without the checks that depend on
    card and date.

    cache: a KeyCache; a certificate that was opened before costs nothing.
    """
    name = "issuer certificate"
    seal = bytes((capk.index,)) + capk.rid + capk.modulus + certificate + remainder + exponent
    known = cache.find(seal)
    if known:
        return known
    _require(len(certificate) == len(capk.modulus), name + " length")  # QT-189
    block = _opened((yield from recover(certificate, capk.modulus, capk.exponent)), 0x02, name)
    _require(block[11] == HASH_SHA_1, name + " hash algorithm")
    digest = hashlib.sha1(block[1:-21] + remainder + exponent).digest()
    _require(digest == block[-21:-1], name + " hash")  # QT-191
    _require(block[12] == ALGORITHM_RSA, name + " algorithm")  # QT-195
    _require(block[13] <= len(capk.modulus), name + " key length")
    _require(block[14] == len(exponent), name + " exponent length")
    modulus = _modulus(block[15:-21], remainder, block[13], name)
    owner = block[2:6].hex()
    while owner.endswith("f"):
        owner = owner[:-1]
    key = Key(modulus, _exponent(exponent), _month(block[6:8], name), owner, block[8:11])
    cache.keep(seal, key)
    return key


def check_issuer(key, pan, today):
    """What of the issuer certificate depends on card and date. today: (year, month, day)."""
    _require(
        3 <= len(key.owner) <= 8 and pan.startswith(key.owner), "issuer certificate issuer id"
    )  # QT-192
    _require(key.expires >= today[:2], "issuer certificate expired")  # QT-193


def icc_key(issuer, certificate, remainder, exponent, pan, today):
    """Generator: the IccKey of tag 9F46, all checks but the hash (JR/T 0025.7 §5.3.4).

    issuer: the Work of issuer_key. The hash covers records that may come later than the
    certificate: check_static() has to follow before the key counts for anything.
    """
    name = "ICC certificate"
    above = issuer.finish()
    check_issuer(above, pan, today)
    _require(len(certificate) == len(above.modulus), name + " length")  # QT-197
    block = _opened((yield from recover(certificate, above.modulus, above.exponent)), 0x04, name)
    _require(block[17] == HASH_SHA_1, name + " hash algorithm")
    _require(block[2:12].hex().rstrip("f") == pan, name + " card number")  # QT-200
    expires = _month(block[12:14], name)
    _require(expires >= today[:2], name + " expired")  # QT-201
    _require(block[18] == ALGORITHM_RSA, name + " algorithm")
    _require(block[19] <= len(above.modulus), name + " key length")
    _require(block[20] == len(exponent), name + " exponent length")
    modulus = _modulus(block[21:-21], remainder, block[19], name)
    key = Key(modulus, _exponent(exponent), expires, pan, block[14:17])
    return IccKey(key, block[1:-21] + remainder + exponent, block[-21:-1])


def check_static(icc, static):
    """The hash of the ICC certificate (QT-199). icc: IccKey; static: the static data to be
    authenticated, AIP included where 9F4A asks for it.
    """
    digest = hashlib.sha1(icc.signed + static).digest()
    _require(digest == icc.digest, "ICC certificate hash")


def open_sdad(icc, sdad, atc):
    """Generator: OpenedSdad of tag 9F4B, all checks but the hash (JR/T 0025.7 §5.3.5.2, QT-149,
    QT-203..205).

    icc: the Work of icc_key; atc: 9F36 as in the GPO answer.
    """
    name = "SDAD"
    above = icc.finish().key
    _require(len(sdad) == len(above.modulus), name + " length")
    block = _opened((yield from recover(sdad, above.modulus, above.exponent)), 0x05, name)
    _require(block[2] == HASH_SHA_1, name + " hash algorithm")
    count = block[3]
    _require(count <= len(block) - 25, name + " dynamic data length")
    dynamic = block[4 : 4 + count]
    padding = block[4 + count : -21]
    _require(padding == b"\xbb" * len(padding), name + " padding")
    _require(dynamic == b"\x02" + atc, name + " dynamic number is not the ATC")  # QT-205
    return OpenedSdad(dynamic, block[1:-21], block[-21:-1])


def check_fdda(opened, version, un, amount, currency, card_authentication_data):
    """The hash of fDDA version 0 or 1 (JR/T 0025.12 tables B.1, B.2; QT-207..209).

    Values exactly as sent in the GPO.
    """
    data = opened.signed + un
    if version == 1:
        data += amount + currency + card_authentication_data
    _require(hashlib.sha1(data).digest() == opened.digest, "SDAD hash, version %02d" % version)


def static_data(signed_records, sda_tag_list, aip):
    """Static data to be authenticated (JR/T 0025.7 §5, QT-138..140).

    signed_records: list of (sfi, record bytes); sda_tag_list: value of 9F4A or None.
    """
    parts = []
    for sfi, record in signed_records:
        _require(record[:1] == b"\x70", "signed record is not coded 70")
        parts.append(record[_value_at(record) :] if sfi <= 10 else record)
    if sda_tag_list is not None:
        _require(sda_tag_list == bytes((tags.AIP,)), "9F4A is not 82")
        parts.append(aip)
    return b"".join(parts)


def _value_at(record):
    """Where the value of a template with a one-byte tag begins; the record was parsed before."""
    return 2 if record[1] < 0x80 else 2 + (record[1] & 0x7F)


class KeyCache:
    """Recovered issuer keys between taps, newest last, at most CACHE_SIZE (QT-162)."""

    def __init__(self):
        self.entries = []

    def find(self, seal):
        """The Key kept for all the bytes it was made of, or None."""
        mark = hashlib.sha256(seal).digest()
        for known, key in self.entries:
            if known == mark:
                return key
        return None

    def keep(self, seal, key):
        """Keep `key`; the oldest one goes."""
        self.entries.append((hashlib.sha256(seal).digest(), key))
        if len(self.entries) > CACHE_SIZE:
            self.entries.pop(0)
