# SPDX-License-Identifier: Apache-2.0
"""The two CRCs of ISO/IEC 14443-3 (annex B), low byte first as on the air."""


def crc(octets: bytes, start: int) -> int:
    """CRC-16 of x^16 + x^12 + x^5 + 1, least significant bit first."""
    register = start
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return register


def crc_a(octets: bytes) -> bytes:
    """CRC_A: 0000 gives A0 1E."""
    return crc(octets, 0x6363).to_bytes(2, "little")


def crc_b(octets: bytes) -> bytes:
    """CRC_B, inverted at the end: 000000 gives CC C6."""
    return (crc(octets, 0xFFFF) ^ 0xFFFF).to_bytes(2, "little")


def with_crc_a(octets: bytes) -> bytes:
    return octets + crc_a(octets)


def with_crc_b(octets: bytes) -> bytes:
    return octets + crc_b(octets)
