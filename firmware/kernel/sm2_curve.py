# SPDX-License-Identifier: Apache-2.0
"""The SM2 curve y^2 = x^3 - 3x + B over the field of P (GB/T 32918.5 §2; JR/T 0025.17 A.4).

Plain `%` reduces: folding by the form of P takes more operations on big integers than it spares
(docs/performance.md). Costs are counted in M, a multiplication with its reduction.
"""

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123  # order of the base point
# number * HALF + SHIFT mod N has the bits that a comb reads as +1 and -1 (sm2_comb.py)
HALF = (N + 1) // 2
SHIFT = ((1 << 7 * 37) - 1) * HALF % N


def halves(data):
    """Two numbers of 64 bytes."""
    return int.from_bytes(data[:32], "big"), int.from_bytes(data[32:], "big")


def packed(x, y):
    """The 64 bytes of two numbers below 2^256."""
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def doubled(x, y, z):
    """2(X, Y, Z) in Jacobian coordinates, x = X / Z^2, y = Y / Z^3; 8 M."""
    p = P
    zz = z * z % p
    z = 2 * y * z % p
    y = y * y % p
    b = 4 * x * y % p
    a = 3 * (x - zz) * (x + zz) % p  # 3X^2 - 3Z^4
    x = (a * a - 2 * b) % p
    return x, (a * (b - x) - 8 * y * y) % p, z


def inverses(numbers):
    """Generator: the list of the inverses modulo P of `numbers`, none 0, by one Euclid for all.

    MicroPython's pow() takes no negative exponent. A slice: 2 M, or eight steps of Euclid.
    """
    p = P
    products = []
    run = 1
    for one in numbers:
        products.append(run)
        run = run * one % p
        yield
    a, b, x, y = run, p, 1, 0
    steps = 0
    while a != 1:
        quotient = b // a
        a, b, x, y = b - quotient * a, a, y - quotient * x, x
        steps += 1
        if steps % 8 == 0:
            yield
    run = x % p
    for at in range(len(products) - 1, -1, -1):
        products[at] = products[at] * run % p
        run = run * numbers[at] % p
        yield
    return products
