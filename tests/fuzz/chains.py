# SPDX-License-Identifier: Apache-2.0
"""The chain of certificates a second time, for verifier.py: pow() and SHA-1 for RSA, the textbook
and OpenSSL's SM3 for SM2, slices of the tables of JR/T 0025.7 (6, 12, 15) and .17 (4, 8, 11).
"""

import hashlib
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SM3, Hash

from sim import textbook_sm2


class Wrong(Exception):
    """The transaction must not go on; the text says why."""


def require(holds, why):
    """Wrong that says `why`, unless `holds`."""
    if not holds:
        raise Wrong(why)


def opened(one, terms):
    """A function: True when the card signed these terminal dynamic data. one: a
    verifier.Transaction; Wrong when certificates or signature do not hold from the CA key down.
    """
    index = one.value(0x8F)
    found = [ca for ca in terms.cas if len(index) == 1 and ca[:2] == (one.aid[:5], index[0])]
    require(found, "CA key")
    _, _, exponent, key = found[0]
    sm4 = one.value(0x9F10)[7] == 4
    require(sm4 == (exponent == 0), "9F10 of another suite")
    if exponent == 0:
        return _sm_sdad(one, _sm_icc(one, _sm_issuer(one, key, terms), terms))
    fields, digest = _open_sdad(one, _icc(one, _issuer(one, key, exponent, terms), terms))
    return lambda data: hashlib.sha1(fields + data).digest() == digest


def _check_owner(one, owner):
    require(3 <= len(owner) <= 8 and one.pan().startswith(owner), "issuer id")


# --- RSA ----------------------------------------------------------------------------------------


def _recovered(sealed, modulus, exponent, kind):
    require(len(sealed) == len(modulus) and modulus[0] & 0x80, "length of a sealed block")
    number = pow(int.from_bytes(sealed), exponent, int.from_bytes(modulus))
    block = number.to_bytes(len(modulus))
    require(block[:2] == bytes([0x6A, kind]) and block[-1:] == b"\xbc", "form %d" % kind)
    return block


def _month(value, terms):
    require(value.hex().isdecimal() and 1 <= int(value.hex()[:2]) <= 12, "month")
    year = int(value.hex()[2:])
    month = (year + (2000 if year < 50 else 1900), int(value.hex()[:2]))
    require(month >= terms.today[:2], "certificate expired")


def _key(block, fixed, above, remainder, exponent):
    """(modulus, exponent) of a certificate whose fields before the key take `fixed` bytes."""
    assert len(block) == len(above)
    sha_1, rsa, length, size = block[fixed - 4 : fixed]
    require((sha_1, rsa, size) == (1, 1, len(exponent)), "algorithms")
    require(64 <= length <= min(248, len(above)), "key length")
    inside = block[fixed:-21]
    require(len(remainder) == max(0, length - len(inside)), "remainder")
    require(set(inside[length:]) <= {0xBB}, "padding")
    require(int.from_bytes(exponent) in (3, 65537) and len(exponent) <= 3, "exponent")
    return (inside + remainder)[:length], int.from_bytes(exponent)


def _issuer(one, modulus, exponent, terms):
    rest, own = one.data.get(0x92, b""), one.value(0x9F32)
    block = _recovered(one.value(0x90), modulus, exponent, 2)
    require(hashlib.sha1(block[1:-21] + rest + own).digest() == block[-21:-1], "issuer hash")
    owner = block[2:6].hex().rstrip("f")
    _check_owner(one, owner)
    _month(block[6:8], terms)
    return _key(block, 15, modulus, rest, own)


def _icc(one, issuer, terms):
    modulus, exponent = issuer
    rest, own = one.data.get(0x9F48, b""), one.value(0x9F47)
    block = _recovered(one.value(0x9F46), modulus, exponent, 4)
    digest = hashlib.sha1(block[1:-21] + rest + own + one.static()).digest()
    require(digest == block[-21:-1], "ICC hash")
    require(block[2:12].hex().rstrip("f") == one.pan(), "card number of the certificate")
    _month(block[12:14], terms)
    return _key(block, 21, modulus, rest, own)


def _open_sdad(one, icc):
    modulus, exponent = icc
    block = _recovered(one.value(0x9F4B), modulus, exponent, 5)
    dynamic = b"\x02" + one.value(0x9F36)
    require(block[2:7] == b"\x01\x03" + dynamic, "dynamic data")
    require(set(block[7:-21]) <= {0xBB}, "padding of the signature")
    return block[1:-21], block[-21:-1]


# --- SM2 ----------------------------------------------------------------------------------------


def _sm3(data):
    made = Hash(SM3())
    made.update(data)
    return made.finalize()


def _words(data):
    return int.from_bytes(data[:32]), int.from_bytes(data[32:])


def _za(key):
    fixed = (textbook_sm2.A, CURVE_B, *textbook_sm2.G, *_words(key))
    user = b"1234567812345678"
    return _sm3(b"\x00\x80" + user + b"".join([number.to_bytes(32) for number in fixed]))


CURVE_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93


@lru_cache(maxsize=2048)
def _x1(signature, key):
    r, s = _words(signature)
    t = (r + s) % textbook_sm2.N
    right = 1 <= r < textbook_sm2.N and 1 <= s < textbook_sm2.N and t
    return textbook_sm2.jacobian_x1(s, t, _words(key)) if right else None


def _is_signed(key, signature, data):
    """GB/T 32918.2 7."""
    x1 = _x1(signature, key)
    if x1 is None:
        return False
    return (int.from_bytes(_sm3(_za(key) + data)) + x1) % textbook_sm2.N == _words(signature)[0]


def _sm_key(certificate, kind, width, terms):
    """(owner digits, point) of a certificate whose owner takes `width` bytes."""
    require(len(certificate) == width + 138 and certificate[0] == kind, "form of a certificate")
    owner, rest = certificate[1 : width + 1].hex().rstrip("f"), certificate[width + 1 :]
    _month(rest[:2], terms)
    require(rest[5:9] == b"\x04\x00\x11\x40", "algorithms")
    x, y = _words(rest[9:73])
    p = textbook_sm2.P
    on_curve = (y * y - x * x * x - textbook_sm2.A * x - CURVE_B) % p == 0 and max(x, y) < p
    require(on_curve, "key off the curve")
    return owner, rest[9:73]


def _sm_issuer(one, key, terms):
    certificate = one.value(0x90)
    owner, point = _sm_key(certificate, 0x12, 4, terms)
    require(_is_signed(key, certificate[-64:], certificate[:-64]), "issuer signature")
    _check_owner(one, owner)
    return point


def _sm_icc(one, key, terms):
    certificate = one.value(0x9F46)
    owner, point = _sm_key(certificate, 0x14, 10, terms)
    require(owner == one.pan(), "card number of the certificate")
    require(_is_signed(key, certificate[-64:], certificate[:-64] + one.static()), "ICC signature")
    return point


def _sm_sdad(one, key):
    sdad = one.value(0x9F4B)
    require(sdad[:-64] == b"\x15\x03\x02" + one.value(0x9F36), "dynamic data")
    return lambda data: _is_signed(key, sdad[-64:], sdad[:-64] + data)
