# SPDX-License-Identifier: Apache-2.0
"""Powers of RSA in Python: the reference of twins.py, and what every interpreter has."""


def plain_power(signature, modulus, squarings):
    """Generator: the power by so many squarings and one product, a slice each."""
    n = int.from_bytes(modulus, "big")
    s = int.from_bytes(signature, "big")
    x = s
    for _ in range(squarings):
        x = x * x % n
        yield
    x = x * s % n
    return x.to_bytes(len(modulus), "big")
