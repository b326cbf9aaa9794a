# SPDX-License-Identifier: Apache-2.0
"""SM2 signatures checked from the standard's formulas alone, for the card tests.

The card signs with gmssl and the kernel has curve code of its own; here points are pairs, added as
GB/T 32918.1 writes it, and SM3 is that of `cryptography`: a mistake of one of them shows.
"""

from cryptography.hazmat.primitives import hashes

from tests.host.card_reading import ok, records_of, tags

P = 2**256 - 2**224 - 2**96 + 2**64 - 1
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
USER_ID = bytes.fromhex("31323334353637383132333435363738")
ALGORITHM = bytes.fromhex("04001140")


def sm3(data):
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def pair(point):
    """(x, y) of X and Y in 64 bytes, which must lie on the curve."""
    x, y = int.from_bytes(point[:32], "big"), int.from_bytes(point[32:], "big")
    assert len(point) == 64 and (y * y - x * x * x - A * x - B) % P == 0, "not on the curve"
    return x, y


def added(one, two):
    """The sum of two points; None is the point at infinity."""
    if one is None or two is None:
        return one or two
    if one[0] == two[0]:
        if (one[1] + two[1]) % P == 0:
            return None
        slope = (3 * one[0] * one[0] + A) * pow(2 * one[1], -1, P)
    else:
        slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, P)
    x = (slope * slope - one[0] - two[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(number, point):
    total = None
    while number:
        if number & 1:
            total = added(total, point)
        point, number = added(point, point), number >> 1
    return total


def verify(point, text, signature):
    """AssertionError unless r, s sign `text` under `point` (GB/T 32918.2, 7.1)."""
    parts = (A, B, *G, *pair(point))
    numbers = b"".join(part.to_bytes(32, "big") for part in parts)
    za = sm3(bytes.fromhex("0080") + USER_ID + numbers)
    e = int.from_bytes(sm3(za + text), "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    assert len(signature) == 64 and 0 < r < N and 0 < s < N
    t = (r + s) % N
    assert t != 0 and (e + added(times(s, G), times(t, pair(point)))[0]) % N == r, "signature"


def verify_chain(found, static, ca_point):
    """The card's point, after both certificates (qpboc.md 2.9)."""
    issuer = found["90"]
    assert len(issuer) == 142 and issuer[0] == 0x12 and issuer[10:14] == ALGORITHM
    assert found["5A"].hex().startswith(issuer[1:5].hex().rstrip("f"))
    verify(ca_point, issuer[:78], issuer[78:])
    icc = found["9F46"]
    assert len(icc) == 148 and icc[0] == 0x14 and icc[16:20] == ALGORITHM
    assert icc[1:11].hex().rstrip("f") == found["5A"].hex().rstrip("f")
    verify(issuer[14:78], icc[:84] + static, icc[84:])
    return icc[20:84]


def verify_fdda(found, point, dynamic):
    """9F4B over `dynamic`, the terminal's part; 9F69 is added when the card gave it."""
    sdad = found["9F4B"]
    assert len(sdad) == 69 and sdad[:3] == bytes.fromhex("150302") and sdad[3:5] == found["9F36"]
    verify(point, sdad[:5] + dynamic + found.get("9F69", b""), sdad[5:])


def gpo(amount_fen, sm="01", ttq="28000080"):
    """A GPO for the PDOL of a card that asks for DF69: 34 bytes."""
    data = f"{ttq}{amount_fen:012d}{0:012d}0156{0:010d}015626112100A1B2C3D4{sm}"
    return bytes.fromhex(f"80A80000248322{data}00")


def read(exchange, gpo_command):
    """After SELECT: all elements and the static data of the signed record 1 of SFI 3."""
    found, static = tags(ok(exchange(gpo_command))), b""
    for sfi, number in records_of(found.get("94", b"")):
        record = ok(exchange(bytes([0x00, 0xB2, number, sfi << 3 | 4, 0x00])))
        assert len(record) <= 254
        fresh = tags(record)
        assert not found.keys() & fresh.keys(), "an element came twice"
        found.update(fresh)
        if (sfi, number) == (3, 1):
            static = record[2:] + found["82"]
    assert found.get("9F4A", b"\x82") == b"\x82"
    return found, static
