# SPDX-License-Identifier: Apache-2.0
"""SM2 signature check in two parts (GB/T 32918.2 §7; JR/T 0025.17 §8.2).

R = e + x1 mod n with (x1, y1) = [s]G + [t]P, t = r + s mod n. The point does not depend on the
message: commitment() makes it in slices while a card answers, matches() adds the digest at the
end. A point is 64 bytes, X || Y; a signature 64 bytes, r || s.
"""

from firmware.kernel import twins
from firmware.kernel.sm2_base import BASE
from firmware.kernel.sm2_curve import B, N, P, halves
from firmware.kernel.sm3 import Sm3

LENGTH = 64  # bytes of a point and of a signature
# What SM3 has made of the 128 bytes that begin every ZA: 0080, the user id 31..38 twice, a, b, xG
# and half of yG (JR/T 0025.17 §8.2.3)
ZA_START = bytes.fromhex("ADADEDB50446043F08A87ACEE86D22438E232383BFC81FE2CF9117C84707011D")
twin = next(twins.each_sm2())


class BadSignature(Exception):
    """A signature or key that no message fits; the text says why."""


def on_curve(point):
    """True for 64 bytes X || Y that are a point of the curve (QT-216, QT-232)."""
    if len(point) != LENGTH:
        return False
    x, y = halves(point)
    return x < P and y < P and (y * y - (x * x - 3) * x - B) % P == 0


def za(point):
    """ZA: the 32 bytes that stand for the signer before the message (QT-218)."""
    made = Sm3(ZA_START, 128)
    made.update(BASE[-18:] + point)
    return made.digest()


def table(point):
    """Generator: 4,096 bytes with which a check by the key `point` takes a third of the time.

    To be kept with a key that is used often; making it takes as long as a check without it.
    BadSignature when `point` is not on the curve.
    """
    _require(on_curve(point), "key is not on the curve")
    made = yield from twin.table(point)
    return made


def commitment(signature, point, table=None):
    """Generator: the part of the check that needs no message, for matches().

    table: what table() made of `point`, or None. BadSignature when no message can fit (QT-232).
    """
    _require(len(signature) == LENGTH, "signature length")  # QT-215
    r, s = halves(signature)
    _require(1 <= r < N and 1 <= s < N, "r or s is out of range")
    t = (r + s) % N
    _require(t, "t is zero")
    if table:
        made = yield from twin.by_table(s, t, table)
    else:
        _require(on_curve(point), "key is not on the curve")
        made = yield from twin.by_point(s, t, point)
    _require(made[1], "sum is the point at infinity")
    return made


def matches(signature, committed, digest):
    """True when the signature fits the message of `digest` = SM3(ZA || M), 32 bytes.

    committed: what commitment() returned: X and Z^2 of x1 = X / Z^2. There is nothing to divide:
    x1 is (r - e) mod n, or that and n more.
    """
    x, zz = committed
    x1 = (int.from_bytes(signature[:32], "big") - int.from_bytes(digest, "big")) % N
    return (x1 * zz - x) % P == 0 or (x1 + N < P and ((x1 + N) * zz - x) % P == 0)


def _require(holds, why):
    if not holds:
        raise BadSignature(why)
