# SPDX-License-Identifier: Apache-2.0
"""RSA recovery of a signed block, one modular multiplication a slice (JR/T 0025.7 §12.2.1).

X = S^e mod n with e = 3 or 65537. `pow` would be one slice of up to 140 ms on a Pico; a
multiplication at 1984 bits is 8 ms (docs/design.md, background work). The 17 of e = 65537 are done
in C where there is that twin (twins.py); for the two of e = 3 it has nothing to gain.
"""

from firmware.kernel.rsa_plain import plain_power

EXPONENTS = (3, 65537)  # QT-020
C_BYTES = 512  # of the longest modulus that the C module takes, and it takes odd ones alone


def recover(signature, modulus, exponent):
    """Generator: the recovered block, as long as `modulus` (both bytes of equal length, the caller
    has checked).
    """
    power, squarings = plain_power, 1
    if exponent != 3:
        from firmware.kernel import twins  # few keys have this exponent

        squarings = 16
        if modulus[-1] & 1 and len(modulus) <= C_BYTES:  # whoever forges a key may choose
            power = twins.power()
    made = yield from power(signature, modulus, squarings)
    return made
