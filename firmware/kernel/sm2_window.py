# SPDX-License-Identifier: Apache-2.0
"""Windows: the multiple of a point seen once, beside a comb of the base point.

The number becomes 257 digits, one in six of them not 0 and odd (NAF of width 5); each bit takes a
doubling, each such digit a sum with one of 8 odd multiples.
"""

from array import array

from firmware.kernel.sm2_curve import P, doubled, halves, packed

LENGTH = 257  # digits of a number of 256 bits


def window_digits(number):
    """Generator: array of the LENGTH digits, the lowest first. A slice: 8 digits that count.

    Digit 2i + 1 is entry i of odd_multiples(), a negative one its mirror image.
    """
    bits = number.to_bytes(34, "little")
    digits = array("h", [0] * LENGTH)
    at = carry = found = 0
    while at < LENGTH:
        digit = ((bits[at >> 3] | bits[(at >> 3) + 1] << 8) >> (at & 7) & 31) + carry
        if not digit & 1:
            at += 1
            continue
        carry = digit >> 4
        digits[at] = digit - 32 * carry
        at += 5
        found += 1
        if found % 8 == 0:
            yield
    return digits


def odd_multiples(point, count=8):
    """Generator: ([1]P, [3]P ... packed, (Z, Z^2, Z^3) of each). A slice is 9 M.

    Each sum leaves [2]P rewritten with the Z of the sum, so that the next one is cheap (Meloni).
    No summands are equal: the order of the curve is a large prime.
    """
    p = P
    x, y = halves(point)
    made, scales = [packed(x, y)], [(1, 1, 1)]
    z = 2 * y
    a = 3 * (x * x - 1) % p
    b = y * y % p
    y = 8 * b * b % p  # (x, y): [1]P, (u, v): [2]P, both with this Z
    x = 4 * x * b % p
    u = (a * a - 2 * x) % p
    v = (a * (x - u) - y) % p
    while len(made) < count:
        yield
        a = u - x
        b = v - y
        z = z * a % p
        a = a * a % p
        u = u * a % p
        a = x * a % p
        v = v * (u - a) % p
        x = (b * b - u - a) % p
        y = (b * (u - x) - v) % p
        a = z * z % p
        made.append(packed(x, y))
        scales.append((z, a, a * z % p))
    return b"".join(made), scales


def window_sum(parts):
    """Generator: (X, Z^2) of the sum of the parts; Z^2 = 0 is the point at infinity.

    parts: (digits, table, scales) each, LENGTH digits; scales: as of odd_multiples(), or None
    where Z is 1. Jacobian coordinates: a slice is a doubling, 8 M, or half a sum, 4 to 7 M.
    """
    p = P
    number = int.from_bytes
    x = y = z = 0
    for column in range(LENGTH - 1, -1, -1):
        if z:  # doubled(), written here: a call would cost 4 % of a check
            zz = z * z % p
            z = 2 * y * z % p
            y = y * y % p
            b = 4 * x * y % p
            a = 3 * (x - zz) * (x + zz) % p
            x = (a * a - 2 * b) % p
            y = (a * (b - x) - 8 * y * y) % p
            yield
        for digits, table, scales in parts:
            at = digits[column]
            if not at:
                continue
            sign = at
            at = (at if at > 0 else -at) >> 1
            scale = scales[at] if scales else None
            at <<= 6
            u, v = number(table[at : at + 32], "big"), number(table[at + 32 : at + 64], "big")
            if sign < 0:
                v = -v
            if not z:
                x, y, z = u, v, scale[0] if scale else 1
                continue
            zz = z * z % p
            a = u * zz % p
            b = v * (zz * z % p) % p
            if scale:  # what is there already, written with the product of both Z
                x = x * scale[1] % p
                y = y * scale[2] % p
                z = z * scale[0] % p
            yield
            a -= x
            b -= y
            if not a:  # the same point, or its mirror image
                x, y, z = (0, 0, 0) if b % p else doubled(x, y, z)
                continue
            z = z * a % p
            zz = a * a % p
            a = a * zz % p
            zz = x * zz % p
            x = (b * b - a - 2 * zz) % p
            y = (b * (zz - x) - y * a) % p
            yield
    return x, z * z % p
