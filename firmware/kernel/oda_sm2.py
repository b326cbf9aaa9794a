# SPDX-License-Identifier: Apache-2.0
"""The SM2 suite: certificates in clear text with a signature behind (JR/T 0025.17 §5, tables 4, 8,
11). Imported only where parameters hold an SM2 key.

| tag | layout | bytes |
|---|---|---|
| 90 | 12, issuer id 4, MMYY 2, serial 3, 04, 00, curve 11, length 40, X, Y 64, r, s 64 | 142 |
| 9F46 | 14, PAN 10, then as 90 | 148 |
| 9F4B | 15, LDD, dynamic data LDD, r and s 64 | 66 + LDD |

The point that a signature is checked by does not depend on what was signed (sm2.py): it is made in
slices as soon as the bytes are there. SM3 over the data and one comparison stay for when the data
are complete.
"""

from collections import namedtuple

from firmware.kernel import sm2
from firmware.kernel.oda import OdaFailed, month, owner_digits, require
from firmware.kernel.sm3 import sm3

NAME = "SM2"
ALGORITHM = 4  # SM2 with SM3 (JR/T 0025.17 annex A)
ENCRYPTION = 0  # a key of a certificate encrypts nothing
MANDATORY = ()  # neither exponents nor remainders (QT-144)
OWNER_ISSUER, OWNER_CARD = 4, 10  # bytes of issuer id and card number

# The key of 9F46 before its static data are known. point: 64 bytes; above: SmKey of the issuer;
# signed: the fields under the signature; signature: r and s; committed: of
# sm2.commitment()
IccKey = namedtuple("IccKey", ("point", "above", "signed", "signature", "committed"))


class SmKey:
    """A key that certificates and signatures are checked by: of a CA, an issuer or a card.

    owner: digits of the issuer id, expires: (year, month), serial: 3 bytes, for an issuer alone.
    `table`: what improve() made, to check faster, or None.
    """

    def __init__(self, point, owner="", expires=None, serial=b"", curves=b""):
        self.point = point
        self.owner = owner
        self.expires = expires
        self.serial = serial
        self.curves = curves
        self.za = sm2.za(point)
        self.table = None

    def improve(self):
        """Generator: make the table, in idle time (oda.KeyCache)."""
        self.table = yield from sm2.table(self.point)

    def commitment(self, signature, name):
        """Generator: the part of a check that needs no data; OdaFailed when none can fit."""
        try:
            committed = yield from sm2.commitment(signature, self.point, self.table)
        except sm2.BadSignature as wrong:
            raise OdaFailed("%s: %s" % (name, wrong))
        return committed

    def signed(self, signature, committed, data):
        """True when `data` are what this key signed."""
        return sm2.matches(signature, committed, sm3(self.za + data))


def is_issuer_whole(tap):
    """A certificate of this suite never has a remainder."""
    return True


is_icc_whole = is_issuer_whole


def _owner(certificate, kind, width, curves, name):
    """(owner, expires, serial, point) of a certificate whose owner has `width` bytes."""
    require(len(certificate) == width + 138, name + " length")  # QT-219, QT-225
    require(certificate[0] == kind, name + " format")
    at = width + 6
    algorithm, encryption, curve, length = certificate[at : at + 4]
    require(algorithm == ALGORITHM, name + " algorithm")  # QT-188, QT-217, QT-223, QT-228
    require(encryption == ENCRYPTION, name + " encryption algorithm")
    require(curve in curves, name + " curve %02X" % curve)
    require(length == sm2.LENGTH, name + " key length")
    point = certificate[at + 4 : at + 68]
    require(sm2.on_curve(point), name + " key is not on the curve")  # QT-232
    expires = month(certificate[width + 1 : width + 3], name)
    owner = owner_digits(certificate[1 : width + 1])
    return owner, expires, certificate[width + 3 : at], point


def issuer_key(capk, certificate, remainder, exponent, cache):
    """Generator: SmKey of tag 90, without the checks that depend on card and date
    (oda.check_issuer). remainder, exponent: of the other suite, not looked at.

    cache: a KeyCache; a certificate that was checked before costs nothing.
    """
    name = "issuer certificate"
    seal = capk.key + capk.curves + certificate
    known = cache.find(seal)
    if known:
        return known
    owner, expires, serial, point = _owner(certificate, 0x12, OWNER_ISSUER, capk.curves, name)
    above = cache.find(capk.key)
    if not above:
        above = SmKey(capk.key)
        cache.keep(capk.key, above)
        yield
    signed, signature = certificate[:-64], certificate[-64:]
    committed = yield from above.commitment(signature, name)
    yield
    require(above.signed(signature, committed, signed), name + " signature")  # QT-224
    yield
    key = SmKey(point, owner, expires, serial, capk.curves)
    cache.keep(seal, key)
    yield
    return key


def icc_key(issuer, certificate, remainder, exponent, pan, today):
    """Generator: IccKey of tag 9F46, all but the comparison with the static data, which may come
    later: check_static() has to follow before the key counts for anything.
    """
    name = "ICC certificate"
    owner, expires, _, point = _owner(certificate, 0x14, OWNER_CARD, issuer.curves, name)
    require(owner == pan, name + " card number")  # QT-226
    require(expires >= today[:2], name + " expired")  # QT-227
    signature = certificate[-64:]
    committed = yield from issuer.commitment(signature, name)
    return IccKey(point, issuer, certificate[:-64], signature, committed)


def check_static(icc, static):
    """The signature of the ICC certificate over its fields and the static data (QT-228)."""
    good = icc.above.signed(icc.signature, icc.committed, icc.signed + static)
    require(good, "ICC certificate signature")


class OpenedSdad:
    """Signed dynamic data that are right but for the comparison."""

    def __init__(self, key, signed, signature, committed):
        self.key = key
        self.signed = signed
        self.signature = signature
        self.committed = committed

    def verify(self, data):
        """True when the card signed these terminal dynamic data (QT-230)."""
        return self.key.signed(self.signature, self.committed, self.signed + data)


def open_sdad(icc, sdad, atc):
    """Generator: OpenedSdad of tag 9F4B, all but the comparison (JR/T 0025.17 §5.2.4.2; QT-149,
    QT-229).

    icc: IccKey; atc: 9F36 as in the GPO answer.
    """
    name = "SDAD"
    require(len(sdad) >= 66, name + " length")
    require(sdad[0] == 0x15, name + " format")
    require(len(sdad) == 66 + sdad[1], name + " dynamic data length")
    dynamic, signature = sdad[2:-64], sdad[-64:]
    require(dynamic == b"\x02" + atc, name + " dynamic number is not the ATC")
    key = SmKey(icc.point)
    yield
    committed = yield from key.commitment(signature, name)
    return OpenedSdad(key, sdad[:-64], signature, committed)
