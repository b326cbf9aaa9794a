# SPDX-License-Identifier: Apache-2.0
"""RSA recovery of the kernel against pow() and against signatures of `cryptography`."""

import functools

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.kernel.rsa import EXPONENTS, recover
from firmware.kernel.work import Work


def recovered(signature, modulus, exponent):
    return Work(recover(signature, modulus, exponent), ArithmeticError).finish()


@st.composite
def blocks(draw):
    """(signature, modulus) of equal length, 512 to 1984 bits; any odd modulus."""
    length = draw(st.integers(64, 248))
    modulus = bytearray(draw(st.binary(min_size=length, max_size=length)))
    modulus[0] |= draw(st.sampled_from((0x80, 0x01)))  # a leading byte that is small, too
    modulus[-1] |= 1
    return draw(st.binary(min_size=length, max_size=length)), bytes(modulus)


@settings(deadline=None)
@given(blocks(), st.sampled_from(EXPONENTS))
def test_recovery_is_the_power(block, exponent):
    signature, modulus = block
    n = int.from_bytes(modulus)
    wanted = pow(int.from_bytes(signature), exponent, n).to_bytes(len(modulus))
    assert recovered(signature, modulus, exponent) == wanted


@functools.cache
def key(bits, exponent):
    return rsa.generate_private_key(public_exponent=exponent, key_size=bits)


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("bits", (1024, 1152, 1408, 1984))
def test_recovery_opens_what_another_library_signed(bits, exponent):
    """The lengths of live keys; the block is that of PKCS #1, whose inside the library tells."""
    private = key(bits, exponent)
    modulus = private.public_key().public_numbers().n.to_bytes(bits // 8)
    for message in (b"", b"message", bytes(200)):
        signature = private.sign(message, padding.PKCS1v15(), hashes.SHA1())
        inside = private.public_key().recover_data_from_signature(
            signature, padding.PKCS1v15(), hashes.SHA1()
        )
        block = recovered(signature, modulus, exponent)
        assert block[:2] == b"\x00\x01" and block.endswith(b"\x00" + _digest_info(inside))
        assert set(block[2 : -len(_digest_info(inside)) - 1]) == {0xFF}


def _digest_info(digest):
    """ASN.1 of a SHA-1 digest (RFC 8017, 9.2)."""
    return bytes.fromhex("3021300906052B0E03021A05000414") + digest


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_recovery_is_sliced(exponent):
    """One multiplication a slice: a power at once would keep a board from its card."""
    slices = sum(1 for _ in recover(bytes(248), b"\xff" * 248, exponent))
    assert slices == {3: 1, 65537: 16}[exponent]
