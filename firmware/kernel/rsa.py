# SPDX-License-Identifier: Apache-2.0
"""RSA recovery of a signed block, one modular multiplication a slice (JR/T 0025.7 §12.2.1).

X = S^e mod n with e = 3 or 65537. `pow` would be one slice of up to 140 ms on a Pico; a
multiplication at 1984 bits is 8 ms (docs/design.md, background work).
"""

EXPONENTS = (3, 65537)  # QT-020


def recover(signature, modulus, exponent):
    """Generator: the recovered block, as long as `modulus` (both bytes of equal length, the caller
    has checked).
    """
    n = int.from_bytes(modulus, "big")
    s = int.from_bytes(signature, "big")
    x = s
    for _ in range(1 if exponent == 3 else 16):
        x = x * x % n
        yield
    x = x * s % n
    return x.to_bytes(len(modulus), "big")
