# SPDX-License-Identifier: Apache-2.0
"""Data object lists: reading and the fill rules (JR/T 0025.4 §5.3; QT-091 to QT-094)."""

from firmware.errors import FormatError
from firmware.kernel import dol, tags

LIVE = bytes.fromhex("9F66049F02069F03069F1A0295055F2A029A039C019F3704")
VALUES = {
    tags.TTQ: bytes.fromhex("28000080"),
    tags.AMOUNT: bytes.fromhex("000000000200"),
    tags.COUNTRY: bytes.fromhex("0156"),
    tags.CURRENCY: bytes.fromhex("0156"),
    tags.DATE: bytes.fromhex("261121"),
    tags.UN: bytes.fromhex("A1B2C3D4"),
}

FITS = (  # tag, value, asked length, what is sent (QT-094)
    (tags.AMOUNT, "000000000200", 5, "0000000200"),  # n: shortened on the left
    (tags.AMOUNT, "000000000200", 7, "00000000000200"),  # n: lengthened with leading zeros
    (tags.COUNTRY, "0156", 1, "56"),
    (tags.COUNTRY, "0156", 3, "000156"),
    (tags.PAN, "6228", 3, "6228FF"),  # cn: trailing F
    (tags.PAN, "6228", 1, "62"),
    (tags.MERCHANT_NAME, "414243", 5, "4142430000"),  # ans: trailing zeros
    (tags.MERCHANT_NAME, "414243", 2, "4142"),
    (tags.UN, "A1B2C3D4", 3, "A1B2C3"),  # b: shortened on the right
    (tags.UN, "A1B2C3D4", 5, "A1B2C3D400"),
    (tags.UN, "A1B2C3D4", 0, ""),
    (tags.AMOUNT, "000000000200", 0, ""),
)


def test_live_pdol_should_fill_as_in_the_book():
    """QT-091, qpboc.md 2.6: the 33 data bytes of a live card."""
    entries = dol.parse(LIVE)
    assert entries[0] == (tags.TTQ, 4) and len(entries) == 9
    wanted = "28000080000000000200000000000000" + "01560000000000" + "0156261121" + "00A1B2C3D4"
    assert dol.fill(entries, VALUES).hex().upper() == wanted


def test_values_should_be_cut_and_stretched_by_format():
    for tag, value, length, wanted in FITS:
        assert dol.fit(tag, bytes.fromhex(value), length) == bytes.fromhex(wanted), hex(tag)


def test_unknown_constructed_and_absent_should_be_zero():
    """QT-092, QT-093."""
    entries = dol.parse(bytes.fromhex("9F7E01" + "BF0C03" + "9F0302" + "9F6604"))
    values = {0xBF0C: b"\x01\x02\x03", tags.TTQ: b"\x28\x00\x00\x80"}
    assert dol.fill(entries, values) == bytes(6) + b"\x28\x00\x00\x80"


def test_taken_should_find_what_was_sent():
    """QT-209: the values of a signature are those that were sent, cut as the card asked."""
    entries = dol.parse(bytes.fromhex("9F0205" + "9F6604" + "9F3703"))
    sent = dol.fill(entries, VALUES)
    assert dol.taken(entries, sent, tags.AMOUNT).hex() == "0000000200"
    assert dol.taken(entries, sent, tags.UN).hex().upper() == "A1B2C3"
    assert dol.taken(entries, sent, tags.CURRENCY) is None
    assert dol.taken((), b"", tags.UN) is None


def test_cut_lists_should_be_refused():
    for text in ("9F", "9F66", "9F660", "9F6604" + "9F", "9F6681"):
        data = bytes.fromhex(text + "0" * (len(text) % 2))[: len(text) // 2]
        try:
            dol.parse(data)
        except FormatError:
            continue
        raise AssertionError("accepted: " + text)
    assert dol.parse(b"") == ()


def test_list_longer_than_a_command_should_be_refused_before_it_is_built():
    assert len(dol.fill(((0x9F4E, 252),), {})) == 252
    for entries in (((0x9F4E, 253),), ((0x9F4E, 200), (0x9F7E, 53)), ((0x9F4E, 0xFFFFFFFF),)):
        try:
            dol.fill(entries, {})
        except FormatError as wrong:
            assert "252" in str(wrong)
            continue
        raise AssertionError("filled")
