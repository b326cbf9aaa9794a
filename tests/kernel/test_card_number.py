# SPDX-License-Identifier: Apache-2.0
"""The free read of a card number: from 57, from 5A, or nothing, never an error (TD-022)."""

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.kernel import apdu, tags, tlv
from firmware.kernel.card_number import read_card_number

TRACK = tlv.build(tags.TRACK_2, bytes.fromhex("6228000100000010D3512201"))
PAN = tlv.build(tags.PAN, bytes.fromhex("6228000100000010"))
OK = b"\x90\x00"


def read(answer):
    sent = []

    def exchange(command, spare=None):
        sent.append(command)
        return answer

    number = drive(read_card_number(), exchange)
    assert sent == [apdu.read_record(1, 1)]
    return number


def test_number_should_come_from_57_or_5a():
    for body in (TRACK, PAN, TRACK + PAN, tlv.build(0x5F20, b"X") + PAN):
        assert read(tlv.build(0x70, body) + OK) == "6228000100000010"


def test_anything_else_should_be_no_number():
    good = tlv.build(0x70, TRACK)
    for answer in (
        b"\x69\x85",
        b"\x6a\x83",
        good + b"\x62\x83",
        good[:-1] + OK,
        tlv.build(0x77, TRACK) + OK,
        tlv.build(0x70, b"") + OK,
        tlv.build(0x70, tlv.build(tags.TRACK_2, b"\x62\x28")) + OK,
        tlv.build(0x70, tlv.build(tags.PAN, b"\x62\xaa")) + OK,
        OK,
        b"\x90",
        b"",
    ):
        assert read(answer) == "", answer.hex()


def test_lost_link_should_go_up():
    def lose(command, spare=None):
        raise LinkLost("gone")

    try:
        drive(read_card_number(), lose)
    except LinkLost:
        return
    raise AssertionError("swallowed")
