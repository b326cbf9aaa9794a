# SPDX-License-Identifier: Apache-2.0
"""The frame of a short command to the simulated card: lengths and Le (ISO 7816-4, 5.1)."""

from collections import namedtuple

from sim.status import Refused

# p1, p2; data without Lc; le None when there is no such byte
Command = namedtuple("Command", "p1 p2 data le")


def parsed(c_apdu):
    """Return the Command of a short C-APDU; 6700 when Lc or the length does not fit."""
    p1, p2, rest = c_apdu[2], c_apdu[3], c_apdu[4:]
    if len(rest) <= 1:
        return Command(p1, p2, b"", rest[0] if rest else None)
    data, left = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
    if not rest[0] or len(data) != rest[0] or len(left) > 1:
        raise Refused("6700")
    return Command(p1, p2, data, left[0] if left else None)


def expect_le(command, length):
    """6Cxx when Le is neither absent, 00 nor what there is to answer (ISO 7816-4).

    `length` 0: the answer is known only after the card has acted, so Le can only be 00.
    """
    if command.le not in (None, 0, length):
        raise Refused(f"6C{length & 0xFF:02X}" if length else "6700")
