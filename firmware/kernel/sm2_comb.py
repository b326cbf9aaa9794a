# SPDX-License-Identifier: Apache-2.0
"""Combs: multiples of points for which there is a table (Lim and Lee; signs as Hedabou).

A comb of 7 teeth lays a number out as 37 columns of 7 bits, each bit of another seventh of it and
read as +1 or -1. With a table of the 64 sums that a column can be, sign apart, a multiple takes 36
doublings and 37 sums. A table is one bytes object of 4,096 bytes, 64 a point.
"""

from array import array

from firmware.kernel.sm2_curve import HALF, SHIFT, N, P, doubled, halves, inverses, packed

TEETH, COLUMNS = 7, 37
AT_ONCE = 16  # sums that share one inversion
# four bits, TEETH places apart
SPREAD = tuple([v & 1 | (v & 2) << 6 | (v & 4) << 12 | (v & 8) << 18 for v in range(16)])


def comb_digits(number, count=COLUMNS + 3):
    """Generator: array of the columns of `number`, below N, the lowest first, and zeros.

    Digit 2m + 1 is entry m of a table, a negative one its mirror image. A slice is 8 columns.
    """
    # Each bit b of what is cut into columns stands for 2b - 1; number * HALF + SHIFT undoes that.
    bits = ((number * HALF + SHIFT) % N).to_bytes(36, "little")
    digits = array("h", [0] * count)
    spread = SPREAD
    for column in range(0, COLUMNS, 4):
        four = 0
        for at in range(column + COLUMNS * (TEETH - 1), -1, -COLUMNS):
            four = four << 1 | spread[(bits[at >> 3] | bits[(at >> 3) + 1] << 8) >> (at & 7) & 15]
        for place in range(column, min(column + 4, COLUMNS)):
            digits[place] = 2 * (four & 127) - 127
            four >>= 7
        if column & 4:
            yield
    return digits


def comb_sum(parts):
    """Generator: (X, Z^2) of the sum of the parts, (digits, table) each; Z^2 = 0: at infinity.

    Coordinates X, Y, Z^2, Z^3: a doubling is 9 M, a sum 10 M; a slice is one of them.
    """
    p = P
    number = int.from_bytes
    x = y = zz = zzz = 0
    for column in range(COLUMNS - 1, -1, -1):
        if zz:
            b = 2 * y
            a = b * b % p
            b = b * a % p
            u = x * a % p
            v = 3 * (x - zz) * (x + zz) % p
            x = (v * v - 2 * u) % p
            y = (v * (u - x) - b * y) % p
            zz = zz * a % p
            zzz = zzz * b % p
            yield
        for digits, table in parts:
            at = digits[column]
            if at > 0:
                at = at >> 1 << 6
                u, v = number(table[at : at + 32], "big"), number(table[at + 32 : at + 64], "big")
            else:
                at = -at >> 1 << 6
                u, v = number(table[at : at + 32], "big"), -number(table[at + 32 : at + 64], "big")
            if not zz:
                x, y, zz, zzz = u, v, 1, 1
                continue
            a = u * zz % p - x
            b = v * zzz % p - y
            if not a:  # the same point, or its mirror image
                if b % p:
                    x = y = zz = zzz = 0
                    continue
                x, y, a = doubled(u, v, 1)
                zz = a * a % p
                zzz = zz * a % p
                continue
            u = a * a % p
            a = a * u % p
            v = x * u % p
            x = (b * b - a - 2 * v) % p
            y = (b * (v - x) - y * a) % p
            zz = zz * u % p
            zzz = zzz * a % p
            yield
    return x, zz


def comb_table(point):
    """Generator: the table of `point`, 64 bytes on the curve. A slice is at most 8 M.

    A tooth is [2^(37 i)]P; the top one is always +, entry m has tooth i with + where bit i of m is
    set. No sum meets equal or mirrored points: they are multiples of P that differ by less than N.
    """
    x, y = halves(point)
    z = 1
    jacobian = [(x, y, z)]
    for _ in range(TEETH - 1):
        for _ in range(COLUMNS):
            x, y, z = doubled(x, y, z)
            yield
        jacobian.append((x, y, z))
    by_z = yield from inverses([one[2] for one in jacobian])
    teeth = [_affine(x, y, by) for (x, y, _), by in zip(jacobian, by_z)]
    table = bytearray(32 << TEETH)  # filled in place: a board has no room for 128 big integers
    table[:64] = packed(*teeth.pop())
    count = 1
    for x, y in teeth:
        for first in range(0, count, AT_ONCE):
            yield from _both_ways(table, range(first, min(first + AT_ONCE, count)), count, x, y)
        count *= 2
    return table


def _affine(x, y, by_z):
    zz = by_z * by_z % P
    return x * zz % P, y * zz % P * by_z % P


def _both_ways(table, entries, count, x, y):
    """Generator: each of `entries` less the point (x, y), in its place, and with it `count` on."""
    p = P
    points = [halves(table[64 * entry : 64 * entry + 64]) for entry in entries]
    slopes = yield from inverses([u - x for u, _ in points])
    for entry, (u, v), by in zip(entries, points, slopes):
        for to, signed in ((entry, -y), (entry + count, y)):
            a = (v - signed) * by % p
            b = (a * a - u - x) % p
            table[64 * to : 64 * to + 64] = packed(b, (a * (x - b) - signed) % p)
        yield
