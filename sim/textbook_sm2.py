# SPDX-License-Identifier: Apache-2.0
"""SM2 by the textbook: what firmware/kernel/sm2.py is measured and tested against.

Double-and-add, each of the two multiples on its own, once on affine points with an inversion a
step, once on Jacobian points with one inversion at the end (GB/T 32918.1 A.3, A.4). Nothing is
slowed down on purpose and nothing is clever. Runs on CPython and MicroPython; shares no code with
the kernel.
"""

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
INFINITY = (0, 1, 0)  # Jacobian


def inverse(number):
    """1 / number modulo P, by Euclid's extended algorithm: pow() takes no -1 on MicroPython."""
    a, b, x, y = number % P, P, 1, 0
    while a != 1:
        quotient = b // a
        a, b, x, y = b - quotient * a, a, y - quotient * x, x
    return x % P


def affine_sum(one, other):
    """Sum of two points (x, y); None is the point at infinity."""
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 != x2:
        slope = (y2 - y1) * inverse(x2 - x1) % P
    elif (y1 + y2) % P:
        slope = (3 * x1 * x1 + A) * inverse(2 * y1) % P
    else:
        return None
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def affine_multiple(number, point):
    """[number]point, bit by bit from the top."""
    total = None
    for bit in range(255, -1, -1):
        total = affine_sum(total, total)
        if number >> bit & 1:
            total = affine_sum(total, point)
    return total


def jacobian_double(point):
    """2(X, Y, Z)."""
    x, y, z = point
    if z == 0:
        return INFINITY
    yy = y * y % P
    zz = z * z % P
    s = 4 * x * yy % P
    m = (3 * x * x + A * zz * zz) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def jacobian_sum(one, other):
    """Sum of two points (X, Y, Z)."""
    (x1, y1, z1), (x2, y2, z2) = one, other
    if z1 == 0 or z2 == 0:
        return other if z1 == 0 else one
    zz1 = z1 * z1 % P
    zz2 = z2 * z2 % P
    u1 = x1 * zz2 % P
    u2 = x2 * zz1 % P
    s1 = y1 * zz2 * z2 % P
    s2 = y2 * zz1 * z1 % P
    if u1 == u2:
        return jacobian_double(one) if s1 == s2 else INFINITY
    h = u2 - u1
    r = s2 - s1
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P


def jacobian_multiple(number, point):
    """[number]point as (X, Y, Z), bit by bit from the top; point: (x, y)."""
    total = INFINITY
    for bit in range(255, -1, -1):
        total = jacobian_double(total)
        if number >> bit & 1:
            total = jacobian_sum(total, point + (1,))
    return total


def affine_x1(s, t, key):
    """x1 of [s]G + [t]key; None at infinity."""
    made = affine_sum(affine_multiple(s, G), affine_multiple(t, key))
    return made and made[0]


def jacobian_x1(s, t, key):
    """The same by Jacobian points."""
    x, _, z = jacobian_sum(jacobian_multiple(s, G), jacobian_multiple(t, key))
    if z == 0:
        return None
    by_z = inverse(z)
    return x * by_z * by_z % P
