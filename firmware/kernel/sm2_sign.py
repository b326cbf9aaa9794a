# SPDX-License-Identifier: Apache-2.0
"""SM2 signatures made by a terminal (GB/T 32918.2 §6): for tickets alone, never for a card.

r = e + x1 mod n with (x1, y1) = [k]G, s = (k - r d) / (1 + d) mod n. k is drawn of secret and
message, an HMAC, so that no bad random source gives the secret away, and the same message has one
signature. Not constant in time: who can measure this terminal from inside has its key file too,
and what that key can do is bounded (docs/kiosk.md).
"""

import hashlib

from firmware.kernel import sm2, twins
from firmware.kernel.sm2_base import BASE
from firmware.kernel.sm2_curve import N, P, packed
from firmware.kernel.sm3 import sm3


def sign(secret, point, message):
    """64 bytes r || s; secret: 32 bytes of 1..N-2, point: the 64 bytes of [secret]G. Takes as long
    as two checks.
    """
    d = int.from_bytes(secret, "big")
    digest = sm3(sm2.za(point) + message)
    e = int.from_bytes(digest, "big")
    for turn in range(256):
        k = int.from_bytes(_hmac(secret, digest + bytes((turn,))), "big")
        if not 1 < k < N:
            continue
        # [k - 1]G + [1]G, which the check has already
        x, zz = twins.result_of(sm2.twin.by_point(k - 1, 1, BASE))
        r = (e + x * pow(zz, P - 2, P) % P) % N
        s = pow(1 + d, N - 2, N) * (k - r * d) % N
        if r and r + k != N and s:
            return packed(r, s)
    raise ValueError("no signature")  # of 256 numbers each was one in 2^32


def _hmac(key, data):
    """HMAC-SHA256 with a key of up to 64 bytes (RFC 2104)."""
    key = key + bytes(64 - len(key))
    inner = hashlib.sha256(bytes([one ^ 0x36 for one in key]) + data).digest()
    return hashlib.sha256(bytes([one ^ 0x5C for one in key]) + inner).digest()
