# SPDX-License-Identifier: Apache-2.0
"""Captures: the bytes of the file format, and what of the air is put together from frames."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.reader.frame import encode
from firmware.reader.iso_dep import IsoDepCard
from host_tools import capture
from host_tools.air import APDU, FIELD_OFF, FIELD_ON, FROM_CARD, LISTED, TO_CARD, Air
from host_tools.crc14443 import crc_a, crc_b, with_crc_a, with_crc_b
from host_tools.trace import Frame
from tests.host.chip_stand import RadioCard
from tests.host.line_frames import PPSE, frames_of

RATS_ANSWER = "0000ff1ae6d54b010100042007041122334455660b788084024b4f4e4114018300"  # pn532.md, 1
LIST = "0000ff04fcd44a0100e100"


def air_of(frames):
    air = Air()
    return [packet for frame in frames for packet in air.take(frame)] + air.finish()


def said(*pairs):
    """Packets of (way, hex of a frame), a millisecond apart."""
    return air_of(
        Frame(at * 1000, way, bytes.fromhex(text)) for at, (way, text) in enumerate(pairs)
    )


def command(body, answer):
    return [(">", encode(bytes.fromhex(body)).hex()), ("<", encode(bytes.fromhex(answer)).hex())]


def test_crcs_should_be_those_of_the_standard():
    """ISO/IEC 14443-3 annex B: its own examples."""
    assert crc_a(bytes.fromhex("0000")).hex() == "a01e"
    assert crc_a(bytes.fromhex("1234")).hex() == "26cf"
    assert crc_b(bytes.fromhex("000000")).hex() == "ccc6"
    assert crc_b(bytes.fromhex("0faaff")).hex() == "fcd1"


def test_a_capture_should_have_these_bytes():
    """PS-22: section, interface of link type 264, packet with pseudo header 00, FE, length."""
    head = capture.header("c", "f")
    assert head.hex() == (
        "0a0d0d0a300000004d3c2b1a01000000ffffffffffffffff"
        "0100010063000000" "0400010066000000" "00000000" "30000000"
        "0100000014000000080100000000000014000000"
    )  # fmt: skip
    written = capture.packet(0x1_0000_0002, TO_CARD, b"\x52", "c")
    assert written.hex() == (
        "0600000034000000" "00000000" "01000000" "02000000" "05000000" "05000000"
        "00fe000152000000" "0100010063000000" "00000000" "34000000"
    )  # fmt: skip
    (packet,) = capture.read(head + written)
    assert packet == (0x1_0000_0002, TO_CARD, b"\x52", len(head), "c")


def test_plain_pcap_should_be_read_in_both_byte_orders():
    for order in "<>":
        for magic, part_us in ((0xA1B2C3D4, 7), (0xA1B23C4D, 7000)):
            head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 264)
            data = b"\x00\xff\x00\x02\x04\x00"
            one = struct.pack(order + "IIII", 3, part_us, len(data), len(data)) + data
            (packet,) = capture.read(head + one)
            assert packet == (3000007, FROM_CARD, b"\x04\x00", 24, "")


def test_activation_should_be_put_together_from_the_list_of_targets():
    """PS-22: WUPA, ATQA, two cascade levels, SAK, RATS, ATS; each packet says where it is from."""
    packets = said((">", LIST), ("<", RATS_ANSWER))
    ats = bytes.fromhex("0b788084024b4f4e411401")
    assert [(one.event, one.octets) for one in packets] == [
        (TO_CARD, b"\x52"),
        (FROM_CARD, b"\x04\x00"),
        (TO_CARD, b"\x93\x20"),
        (FROM_CARD, bytes.fromhex("88041122bf")),
        (TO_CARD, with_crc_a(bytes.fromhex("937088041122bf"))),
        (FROM_CARD, with_crc_a(b"\x04")),
        (TO_CARD, b"\x95\x20"),
        (FROM_CARD, bytes.fromhex("3344556644")),
        (TO_CARD, with_crc_a(bytes.fromhex("95703344556644"))),
        (FROM_CARD, with_crc_a(b"\x20")),
        (TO_CARD, with_crc_a(b"\xe0\x50")),
        (FROM_CARD, with_crc_a(ats)),
    ]
    assert {one.comment for one in packets} == {LISTED}
    assert said((">", LIST), ("<", "0000ff03fdd54b00e000")) == []


def test_engine_a_should_give_an_i_block_an_apdu():
    """PS-22: block numbers change with every exchange; the comment says it is no record."""
    card = RadioCard()
    packets = air_of(frames_of(card, commands=(PPSE, PPSE)))
    blocks = [one for one in packets if one.comment == APDU]
    assert [(one.event, one.octets[0]) for one in blocks] == [
        (TO_CARD, 0x02), (FROM_CARD, 0x02), (TO_CARD, 0x03), (FROM_CARD, 0x03),
    ]  # fmt: skip
    assert blocks[0].octets == with_crc_a(b"\x02" + PPSE)
    assert blocks[1].octets[1:3] == b"\x6f" + blocks[1].octets[2:3]
    assert packets[-1].event == FIELD_OFF and FIELD_ON in [one.event for one in packets]


def test_engine_b_should_give_the_blocks_that_were_sent():
    """PS-22: RATS E0 80 and every block as InCommunicateThru carried them, with CRC."""
    packets = air_of(frames_of(RadioCard(), own_card=IsoDepCard))
    real = [one for one in packets if not one.comment and one.octets]
    assert real[0].octets == with_crc_a(b"\xe0\x80")
    assert real[2].octets == with_crc_a(b"\x02" + PPSE)
    assert [one.event for one in real] == [TO_CARD, FROM_CARD] * (len(real) // 2)
    assert APDU not in {one.comment for one in packets}


def test_engine_a_should_chain_as_the_chip_does():
    """An answer over 61 bytes comes in blocks of FSD 64, a command by the card's FSC; the numbers
    go on (ISO/IEC 14443-4 7.5.4), and joined they are the APDU again.
    """
    answer = bytes(range(150)) + b"\x90\x00"
    found = "d54b01010004200704112233445566"
    listed = command("d44a0100", found + "0578807002")
    short = command("d44a0100", found + "0570807002")  # FSCI 0: 16 bytes
    begin = len(said(*listed))
    once = command("d44001" + "00b2010c00", "d54100" + answer.hex())
    packets = said(*listed, *once, *once)[begin:]
    assert [one.octets[0] for one in packets] == [
        0x02, 0x12, 0xA3, 0x13, 0xA2, 0x02, 0x03, 0x13, 0xA2, 0x12, 0xA3, 0x03,
    ]  # fmt: skip
    assert b"".join(one.octets[1:-2] for one in packets[1:6:2]) == answer
    assert max(len(one.octets) for one in packets) == 64
    long = command("d44001" + bytes(30).hex(), "d541009000")
    packets = said(*short, *long)[begin:]
    assert [one.octets[0] for one in packets] == [0x12, 0xA2, 0x13, 0xA3, 0x02, 0x02]
    assert b"".join(one.octets[1:-2] for one in packets[0:5:2]) == bytes(30)


def test_type_b_should_have_its_own_activation_and_crc():
    packets = air_of(frames_of(RadioCard(kind="B")))
    listed = [one.octets for one in packets if one.comment == LISTED]
    assert listed[0] == with_crc_b(b"\x05\x00\x08") and listed[1][0] == 0x50
    assert listed[2][:1] == b"\x1d" and listed[2][1:5] == listed[1][1:5]
    block = next(one for one in packets if one.comment == APDU)
    assert block.octets == with_crc_b(b"\x02" + PPSE)


def test_what_comes_in_parts_should_be_one_apdu_and_what_fails_should_say_so():
    listed = [(">", LIST), ("<", RATS_ANSWER)]
    begin = len(said(*listed))
    more = command("d4404100a4", "d54100") + command("d440010400", "d541406f00")
    more += command("d44001", "d541009000")
    first, second = said(*listed, *more)[begin:]
    assert first.octets == with_crc_a(bytes.fromhex("0200a40400"))
    assert second.octets == with_crc_a(bytes.fromhex("026f009000"))
    (lost,) = said(*listed, *command("d4400100b2", "d54101"))[begin:]
    assert "time-out" in lost.comment and lost.event == TO_CARD
    (silent,) = said(*listed, (">", encode(bytes.fromhex("d4400100b2")).hex()))[begin:]
    assert silent.comment == "the chip gave no answer"


def test_other_commands_on_the_air_should_be_there_too():
    listed = [(">", LIST), ("<", RATS_ANSWER)]
    for body, answer, octets in (
        ("d44e010101", "d54f00", "d01105"),
        ("d44401", "d54500", "c2"),
    ):
        sent, back = said(*listed, *command(body, answer))[-2:]
        assert sent.octets == with_crc_a(bytes.fromhex(octets))
        assert (sent.event, back.event) == (TO_CARD, FROM_CARD)
    polled = command("d460010120", "d5610120" + "1901000420070411223344556606757780700200aabb")
    assert [one.octets for one in said(*polled)][:2] == [b"\x52", b"\x04\x00"]
    plain = command("d4086302006303" + "00", "d509") + command("d44226", "d543000400")
    assert [one.octets for one in said(*plain)] == [b"\x26", b"\x04\x00"]


GOOD = capture.header("c", "f") + capture.packet(5, FROM_CARD, b"\x04\x00", "why")


@pytest.mark.parametrize(
    "data, why",
    [
        (GOOD[:-1], "at 68: a block of"),
        (GOOD[:5], "at 8: cut short"),
        (GOOD.replace(b"\x08\x01", b"\x09\x01"), "at 48: link type 265"),
        (GOOD[:48] + GOOD[68:], "at 48: interface 0 was not described"),
        (GOOD[:-4] + b"\x00\x00\x00\x01", "at 68: the two lengths"),
        (GOOD[:68] + capture.packet(5, 1, b"")[:8] + bytes(8), "at 68: a block of"),
        (
            GOOD.replace(b"\x00\xff\x00\x02", b"\x01\xff\x00\x02"),
            "at 68: pseudo header of version",
        ),
        (GOOD.replace(b"\x00\xff\x00\x02", b"\x00\xff\x00\x09"), "at 68: 9 bytes promised"),
    ],
)
def test_a_broken_capture_should_say_where(data, why):
    with pytest.raises(FormatError, match=f"^tap.pcapng: {why}"):
        list(capture.read(data, "tap.pcapng"))


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.binary(max_size=60))
def test_any_capture_should_be_read_or_refused(at, value, tail):
    pcap = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 264)
    for data in (
        GOOD[:at] + bytes((value,)) + GOOD[at + 1 :] + tail,
        GOOD[:at],
        pcap + tail,
        tail,
    ):
        try:
            list(capture.read(data))
        except FormatError:
            pass


@given(st.lists(st.tuples(st.sampled_from("<>"), st.binary(max_size=24)), max_size=10))
def test_any_frames_should_become_packets_or_nothing(bodies):
    codes = (b"\xd4\x40", b"\xd5\x41", b"\xd4\x4a", b"\xd5\x4b", b"\xd4\x60", b"\xd5\x61")
    for head in codes:
        pairs = [(way, encode(head + body)) for way, body in bodies]
        air_of(Frame(at, way, octets) for at, (way, octets) in enumerate(pairs))
    for code in (0x40, 0x42, 0x44, 0x4A, 0x4E, 0x60, 0x08, 0x32):
        pairs = [
            (way, encode(bytes((0xD4 + (way == "<"), code + (way == "<"))) + body))
            for way, body in bodies
        ]
        air_of(Frame(at, way, octets) for at, (way, octets) in enumerate(pairs))
