# SPDX-License-Identifier: Apache-2.0
"""BER-TLV: what is read, what is refused, and where the bounds are (JR/T 0025.5 annex B.1)."""

from firmware.errors import FormatError
from firmware.kernel import tlv
from tests.refusal import refusal

GOOD = (  # input, tree of (tag, value or children)
    ("", []),
    ("0000", []),
    ("5A0112", [(0x5A, "12")]),
    ("9F36020005", [(0x9F36, "0005")]),
    ("DF81290101", [(0xDF8129, "01")]),
    ("9F818F0100", [(0x9F818F01, "")]),
    ("5000", [(0x50, "")]),
    ("00500000570112", [(0x50, ""), (0x57, "12")]),
    ("5081020102", [(0x50, "0102")]),
    ("5084000000020102", [(0x50, "0102")]),
    ("6F00", [(0x6F, [])]),
    ("6F048402AABB", [(0x6F, [(0x84, "AABB")])]),
    ("A508BF0C055003414243", [(0xA5, [(0xBF0C, [(0x50, "414243")])])]),
)
BAD = (
    ("5F", "tag cut off"),
    ("9F", "tag cut off"),
    ("9F81", "tag cut off"),
    ("9F81828384", "tag longer"),
    ("5A", "length cut off"),
    ("5A81", "length cut off"),
    ("5A820001", "wants 1 bytes"),
    ("5A80", "length form 80"),
    ("5A85000000000101", "length form 85"),
    ("5AFF", "length form FF"),
    ("5A0201", "wants 2 bytes, 1 left"),
    ("5A84FFFFFFFF00", "wants 4294967295 bytes"),
    ("6F0384028A", "wants 2 bytes"),
    ("6F03840101" + "8402AA", "wants 2 bytes"),
    ("610161", "length cut off"),
)


def shown(value):
    return value.hex().upper() if value else ""  # b"".hex() is bytes on MicroPython up to 1.25


def tree(objects):
    return [
        (one.tag, shown(one.value) if one.children is None else tree(one.children))
        for one in objects
    ]


def test_parse_should_give_the_tree():
    for text, wanted in GOOD:
        assert tree(tlv.parse(bytes.fromhex(text))) == wanted, text


def test_parse_should_say_what_is_wrong():
    for text, why in BAD:
        assert why in refusal(tlv.parse, bytes.fromhex(text)), text


def test_every_prefix_should_parse_or_be_refused():
    whole = bytes.fromhex("6F1A840E325041592E5359532E4444463031A508BF0C055003414243")
    parsed = 0
    for count in range(len(whole)):
        try:
            tlv.parse(whole[:count])
            parsed += 1
        except FormatError:
            pass
    assert parsed == 1  # nothing at all
    assert len(tlv.parse(whole)[0].children) == 2


def nested(depth):
    data = b"\x50\x00"
    for _ in range(depth):
        data = tlv.build(0x61, data)
    return data


def test_nesting_should_be_bounded():
    """A hostile card must not reach the C stack (QT-108)."""
    tlv.parse(nested(tlv.MAX_DEPTH))
    assert "nested deeper" in refusal(tlv.parse, nested(tlv.MAX_DEPTH + 1))
    assert "nested deeper" in refusal(tlv.parse, b"\x61\x7d" * 0 + nested(60))


def test_template_should_be_whole_and_alone():
    """QT-108: trailing bytes and another template end the transaction."""
    assert tree(tlv.parse_template(bytes.fromhex("7003570112"), 0x70)) == [(0x57, "12")]
    for text in ("", "70", "7003570112" + "00", "7004570112", "7703570112", "007003570112"):
        refusal(tlv.parse_template, bytes.fromhex(text), 0x70)


def test_build_should_be_read_back_with_the_shortest_length():
    for count, length in ((0, "00"), (127, "7F"), (128, "8180"), (255, "81FF"), (256, "820100")):
        built = tlv.build(0x9F46, bytes(count))
        assert built[2 : -count or None].hex().upper() == length
        assert tlv.parse(built)[0].value == bytes(count)
    for tag in (0x5A, 0x9F46, 0xDF8129, 0x9F818F01):
        assert tlv.parse(tlv.build(tag, b"\x01"))[0].tag == tag


def test_find_should_look_on_its_own_level_only():
    objects = tlv.parse(bytes.fromhex("6F048402AABB" + "500101" + "500102"))
    assert tlv.find(objects, 0x84) is None
    assert tlv.find(objects, 0x50).value == b"\x01"
