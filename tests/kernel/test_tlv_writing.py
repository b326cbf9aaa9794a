# SPDX-License-Identifier: Apache-2.0
"""TLV and commands as they are written: tags and lengths at the ends of their ranges."""

from firmware.kernel import apdu, tlv
from tests.refusal import refusal


def test_tags_should_take_as_many_bytes_as_they_have():
    for tag, count in (
        (0x01, 1), (0xFF, 1), (0x100, 2), (0xFFFF, 2), (0x10000, 3), (0xFFFFFF, 3),
        (0x1000000, 4), (0xFFFFFFFF, 4),
    ):  # fmt: skip
        coded = tlv.encode_tag(tag)
        assert len(coded) == count and int.from_bytes(coded, "big") == tag


def test_lengths_should_be_the_shortest():
    for count, coded in (
        (0, "00"), (127, "7F"), (128, "8180"), (255, "81FF"), (256, "820100"), (300, "82012C"),
    ):  # fmt: skip
        written = tlv.build(0x9F10, bytes(count))
        assert written == b"\x9f\x10" + bytes.fromhex(coded) + bytes(count), count


def test_gpo_should_state_its_length_in_one_byte_or_two():
    """QT-101: template 83 with the length of the PDOL values."""
    for count, head in (
        (1, "80A800000383 01"),
        (127, "80A8000081837F"),
        (128, "80A8000083838180"),
    ):
        command = apdu.get_processing_options(bytes(count))
        assert command == bytes.fromhex(head) + bytes(count) + b"\x00", count


def test_get_trans_prove_should_name_the_atc():
    """QT-178: the ATC, and 8 bytes wanted (JR/T 0025.14 A.4)."""
    assert apdu.get_trans_prove(b"\x12\x34") == bytes.fromhex("805A000002123408")


def test_first_byte_should_say_whether_a_tag_is_constructed():
    for tag, constructed in (
        (0x5A, False), (0x70, True), (0xFF, True), (0x9F38, False), (0xBF0C, True),
        (0xDF8101, False), (0xFF8101, True), (0x1F2101, False),
    ):  # fmt: skip
        assert tlv.is_constructed(tag) is constructed, hex(tag)


def test_tags_should_have_four_bytes_at_most_wherever_they_stand():
    for before in range(6):
        data = bytes(before) + b"\x9f\x81\x82\x03"
        assert tlv.read_tag(data, before) == (0x9F818203, before + 4)
        long = bytes(before) + b"\x9f\x81\x82\x83\x04"
        assert "longer than 4 bytes at %d" % before in refusal(tlv.read_tag, long, before)
