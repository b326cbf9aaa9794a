# SPDX-License-Identifier: Apache-2.0
"""Field kinds both ways: values that fit come back, everything else is a FormatError."""

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import (
    FLAG,
    U8,
    U16,
    U32,
    Digits,
    Fixed,
    Rows,
    Sized,
    Text,
    Word,
    pack,
    unpack,
)

ROWS = Rows((("a", U8), ("b", Sized(3))), 2)

FITS = (
    (U8, 0, "00"),
    (U8, 255, "FF"),
    (U16, 258, "0102"),
    (U32, 0xFFFFFFFF, "FFFFFFFF"),
    (U32, 0x01020304, "01020304"),
    (FLAG, 1, "01"),
    (Fixed(3), b"\x01\x02\x03", "010203"),
    (Fixed(0), b"", ""),
    (Digits(6), "260309", "260309"),
    (Sized(10), b"", "00"),
    (Sized(10), b"\xff", "01FF"),
    (Sized(255), b"\x00" * 255, "FF" + "00" * 255),
    (Sized(256), b"\xaa", "0001AA"),
    (Word(8), "fdda-01 ", "08666464612D303120"),
    (Text(6), "\u8bf7a", "04E8AFB761"),
    (ROWS, [], "0000"),
    (ROWS, [(1, b""), (2, b"\x03")], "0002" + "0100" + "020103"),
)

WILL_NOT_PACK = (
    (U8, 256),
    (U8, -1),
    (U8, "1"),
    (U8, None),
    (U16, 65536),
    (U32, 1 << 32),
    (FLAG, 2),
    (Fixed(3), b"\x01\x02"),
    (Fixed(3), "abc"),
    (Digits(6), "26030"),
    (Digits(6), "26030a"),
    (Digits(6), 260309),
    (Sized(3), b"abcd"),
    (Sized(3), "abc"),
    (Word(3), "abcd"),
    (Word(9), "\u8bf7"),
    (Word(9), "a\n"),
    (Word(9), b"a"),
    (Text(3), "\u8bf7a"),
    (Text(3), b"a"),
    (ROWS, [(1, b"")] * 3),
    (ROWS, [(1,)]),
    (ROWS, [(300, b"")]),
    (ROWS, None),
)

WILL_NOT_UNPACK = (
    (U8, ""),
    (U16, "01"),
    (U32, "010203"),
    (FLAG, "02"),
    (Fixed(3), "0102"),
    (Digits(2), "1A"),
    (Digits(2), "A1"),
    (Sized(3), ""),
    (Sized(3), "0201"),
    (Sized(3), "0401020304"),
    (Sized(300), "00"),
    (Word(3), "010A"),
    (Word(3), "0180"),
    (Text(3), "01FF"),
    (Text(3), "02E8AF"),
    (ROWS, "00"),
    (ROWS, "000101"),
    (ROWS, "0003010001000100"),
    (ROWS, "FFFF0100"),
)


def refuses(call, name="f"):
    try:
        call()
    except FormatError as problem:
        return name in str(problem)  # names the field
    return False


def test_what_fits_comes_back():
    for kind, value, packed in FITS:
        table = (("f", kind),)
        assert pack(table, {"f": value}) == bytes.fromhex(packed)
        assert unpack(table, bytes.fromhex(packed)) == {"f": value}


def test_what_does_not_fit_is_refused_with_the_name_of_the_field():
    for kind, value in WILL_NOT_PACK:
        assert refuses(lambda: pack((("f", kind),), {"f": value})), (kind, value)  # noqa: B023
    for kind, packed in WILL_NOT_UNPACK:
        data = bytes.fromhex(packed)
        assert refuses(lambda: unpack((("f", kind),), data)), (kind, packed)  # noqa: B023


def test_a_table_gives_the_order_and_takes_no_other_fields():
    table = (("first", U8), ("second", U16))
    assert pack(table, {"second": 2, "first": 1}) == b"\x01\x00\x02"
    for values in ({"first": 1}, {"first": 1, "second": 2, "f": 3}):
        assert refuses(lambda: pack(table, values), "e")  # noqa: B023
    assert refuses(lambda: unpack(table, b"\x01\x00\x02\x00"))


def test_a_blank_table_packs_and_says_nothing():
    table = tuple(("f%d" % i, kind) for i, (kind, _, _) in enumerate(FITS) if kind is not FLAG)
    blank = fields.blank(table)
    back = unpack(table, pack(table, blank))
    for name, value in back.items():
        assert not value or repr(value) in (repr(bytes(3)), repr("000000")), name


def test_truth_values_pack_as_flags():
    assert pack((("f", FLAG),), {"f": True}) == b"\x01"
    assert pack((("f", FLAG),), {"f": False}) == b"\x00"
