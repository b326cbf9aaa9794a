# SPDX-License-Identifier: Apache-2.0
"""SM3: the examples of the standard, and messages around the edge of a block."""

from firmware.kernel.sm3 import Sm3, sm3

PUBLISHED = (  # GB/T 32905-2016 Annex A, and the empty message
    (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    (b"", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
)


def test_published_examples():
    for message, digest in PUBLISHED:
        assert sm3(message).hex() == digest


def test_pieces_make_the_digest_of_the_whole():
    message = bytes(range(256))
    for length in (55, 56, 63, 64, 65, 119, 120, 128, 200):
        for cut in (0, 1, 54, 55, 63, 64, length):
            made = Sm3()
            made.update(message[: min(cut, length)])
            made.update(message[min(cut, length) : length])
            assert made.digest() == sm3(message[:length])


def test_a_digest_on_the_way_changes_nothing():
    made = Sm3()
    made.update(b"a")
    assert made.digest() == sm3(b"a")
    made.update(b"bc")
    assert made.digest().hex() == PUBLISHED[0][1]


def test_every_bit_counts():
    message = bytearray(b"abcd" * 16)
    for at in (0, 31, 63):
        for bit in (0x01, 0x80):
            message[at] ^= bit
            assert sm3(bytes(message)).hex() != PUBLISHED[1][1]
            message[at] ^= bit
