# SPDX-License-Identifier: Apache-2.0
"""SM2 signature check in two parts (GB/T 32918.2 §7; curve of GB/T 32918.5; JR/T 0025.17 §8.2).

R = e + x1 mod n with (x1, y1) = [s]G + [t]P, t = r + s mod n. The point does not depend on the
message: commitment() makes it in slices while a card answers, matches() adds the digest at the
end. A point is 64 bytes, X || Y; a signature 64 bytes, r || s.
"""

from firmware.kernel.sm3 import Sm3

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
USER_ID = b"1234567812345678"  # of every signer (JR/T 0025.17 §8.2.3)
LENGTH = 64  # bytes of a point and of a signature


class BadSignature(Exception):
    """A signature or key that no message fits; the text says why."""


def on_curve(point):
    """True for 64 bytes X || Y that are a point of the curve (QT-216, QT-232)."""
    if len(point) != LENGTH:
        return False
    x, y = _halves(point)
    return x < P and y < P and (y * y - (x * x - 3) * x - B) % P == 0


def za(point):
    """ZA: the 32 bytes that stand for the signer before the message (QT-218)."""
    made = Sm3()
    made.update((8 * len(USER_ID)).to_bytes(2, "big") + USER_ID)
    for number in (P - 3, B, G[0], G[1]):
        made.update(number.to_bytes(32, "big"))
    made.update(point)
    return made.digest()


def table(point):
    """Generator: what makes checks by the key `point` cheaper, to be kept with the key.

    BadSignature when it is no point of the curve.
    """
    if not on_curve(point):
        raise BadSignature("key is not on the curve")
    yield
    return _halves(point)


def commitment(signature, point, table=None):
    """Generator: x1 of the check, for matches(). BadSignature when no message can fit (QT-232).

    table: what table() made of `point`, or None.
    """
    if len(signature) != LENGTH:
        raise BadSignature("signature of %d bytes" % len(signature))
    r, s = _halves(signature)
    if not 1 <= r < N or not 1 <= s < N:
        raise BadSignature("r or s is out of range")
    t = (r + s) % N
    if t == 0:
        raise BadSignature("t is zero")
    if table is None and not on_curve(point):
        raise BadSignature("key is not on the curve")
    key = _halves(point)
    both = _sum(G[0], G[1], 1, key)
    x, y, z = 0, 1, 0
    for bit in range(255, -1, -1):
        x, y, z = _double(x, y, z)
        which = (s >> bit & 1) + 2 * (t >> bit & 1)
        if which == 1:
            x, y, z = _sum(x, y, z, G)
        elif which == 2:
            x, y, z = _sum(x, y, z, key)
        elif which == 3:
            x, y, z = _sum_of(x, y, z, both)
        yield
    if z == 0:
        raise BadSignature("sum is the point at infinity")
    return x * pow(z, 2 * P - 4, P) % P


def matches(signature, x1, digest):
    """True when the signature fits the message of `digest` = SM3(ZA || M), 32 bytes."""
    r = int.from_bytes(signature[:32], "big")
    return (int.from_bytes(digest, "big") + x1) % N == r


def _halves(data):
    return int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big")


def _double(x, y, z):
    """2(X, Y, Z), Jacobian, a = -3."""
    zz = z * z % P
    yy = y * y % P
    beta = x * yy % P
    alpha = 3 * (x - zz) * (x + zz) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _sum(x, y, z, point):
    """(X, Y, Z) + an affine point."""
    return _sum_of(x, y, z, (point[0], point[1], 1))


def _sum_of(x1, y1, z1, other):
    """Sum of two Jacobian points; Z = 0 is the point at infinity."""
    x2, y2, z2 = other
    if z1 == 0:
        return other
    if z2 == 0:
        return x1, y1, z1
    za, zb = z1 * z1 % P, z2 * z2 % P
    u, h = x1 * zb % P, x2 * za % P
    v, r = y1 * zb * z2 % P, y2 * za * z1 % P
    h, r = (h - u) % P, (r - v) % P
    if h == 0:
        return _double(x1, y1, z1) if r == 0 else (0, 1, 0)
    hh = h * h % P
    hhh = hh * h % P
    u = u * hh % P
    x3 = (r * r - hhh - 2 * u) % P
    return x3, (r * (u - x3) - v * hhh) % P, h * z1 * z2 % P
