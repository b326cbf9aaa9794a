# SPDX-License-Identifier: Apache-2.0
"""What is MACed, in whole blocks: of 8 bytes with 3DES, of 16 with SM4 (capp.md 2.5)."""

from firmware.errors import FormatError

IV_BYTES = 8
IV_SIDES = ("right", "left")


def padded(data, block):
    """80 00 .. up to a whole block, a whole block of it where the data fill theirs."""
    data = bytes(data) + b"\x80"
    return data + bytes(-len(data) % block)


def whole_iv(initial_value, block, side):
    """8 bytes in a block of 8 or 16. With SM4 no book says where they stand (uncertain): `side`,
    as of a number ("right") or at the beginning ("left").
    """
    if len(initial_value) != IV_BYTES:
        raise FormatError("an initial value has 8 bytes, not %d" % len(initial_value))
    rest = bytes(block - IV_BYTES)
    return rest + initial_value if side == "right" else bytes(initial_value) + rest
