# SPDX-License-Identifier: Apache-2.0
"""Powers of RSA by products of the C module (tools/micropython/native): a twin of rsa.py."""

from faretap_sm import rsa_product

WORD = "c"


def power(signature, modulus, squarings):
    """Generator: as plain_power(), for an odd `modulus`. A slice is a product, or the division
    before them.

    Montgomery: a number carries the factor 2^(8 count), which the last product takes away.
    """
    count = (len(modulus) + 3) // 4 * 4
    n, s = int.from_bytes(modulus, "big"), int.from_bytes(signature, "big")
    x = bytearray(((s << 8 * count) % n).to_bytes(count, "little"))
    n, s = n.to_bytes(count, "little"), s.to_bytes(count, "little")
    yield
    for _ in range(squarings):
        rsa_product(x, x, n)
        yield
    rsa_product(x, s, n)
    return int.from_bytes(x, "little").to_bytes(len(modulus), "big")
