# SPDX-License-Identifier: Apache-2.0
"""BCD, dates, card numbers and bits (JR/T 0025.6 §8.1), and the four commands of the kernel."""

from firmware.errors import FormatError
from firmware.kernel import apdu, bcd, bits


def refused(function, *values):
    try:
        function(*values)
    except FormatError:
        return True
    return False


def test_numbers_should_be_decimal_half_bytes():
    assert bcd.to_int(bytes.fromhex("000000009800")) == 9800
    assert bcd.to_int(b"") == 0
    assert bcd.from_int(9800, 6).hex() == "000000009800"
    assert bcd.from_int(0, 1) == b"\x00"
    assert bcd.from_int(999999999999, 6).hex() == "9" * 12
    assert refused(bcd.to_int, b"\x1a") and refused(bcd.to_int, b"\xa1")
    assert refused(bcd.from_int, 100, 1) and refused(bcd.from_int, -1, 6)


def test_years_should_turn_at_fifty():
    """QT-133."""
    for text, day in (
        ("490228", (2049, 2, 28)),
        ("500101", (1950, 1, 1)),
        ("991231", (1999, 12, 31)),
        ("000229", (2000, 2, 29)),
    ):
        assert bcd.to_date(bytes.fromhex(text)) == day
    assert bcd.to_month(bytes.fromhex("1249")) == (2049, 12)
    assert bcd.to_month(bytes.fromhex("0150")) == (1950, 1)


def test_dates_that_are_none_should_be_refused():
    for text in ("260001", "261301", "260100", "260132", "26010", "2601", "26010101", "2A0101"):
        assert refused(bcd.to_date, bytes.fromhex(text + "0" * (len(text) % 2))[: len(text) // 2])
    for text in ("0026", "1326", "12", "122600", "1B26"):
        assert refused(bcd.to_month, bytes.fromhex(text))


def test_card_numbers_should_have_eleven_to_nineteen_digits():
    """QT-132, in 5A and in 57."""
    for count in (11, 12, 16, 19):
        digits = "62280001000000123456"[:count]
        pan = bytes.fromhex(digits + "f" * (count % 2))
        track = digits + "d3512201"
        assert bcd.pan_of_5a(pan) == digits
        track = bytes.fromhex(track + "f" * (len(track) % 2))
        assert bcd.pan_of_57(track) == (digits, "3512")
    for text in ("6228000100", "62280001000000123456", "62280001000a0012", "6228f00100000012", ""):
        assert refused(bcd.pan_of_5a, bytes.fromhex(text)), text
    for text in (
        "62280001000000123512",
        "6228000100d3512201",
        "6228000100000012d351",
        "6228000100000012d35a2201f",
        "62280001000000123456d3512201",
        "",
    ):
        assert refused(bcd.pan_of_57, bytes.fromhex(text + "f" * (len(text) % 2))), text


def test_padding_of_a_card_number_may_fill_it_up():
    assert bcd.pan_of_5a(bytes.fromhex("62280001000000FFFFFF")) == "62280001000000"


def test_bits_should_be_bytes_from_one():
    assert bits.has(b"\x00\x80", bits.TTQ_ONLINE_CRYPTOGRAM)
    assert not bits.has(b"\x80", bits.TTQ_ONLINE_CRYPTOGRAM)
    assert not bits.has(b"", bits.CTQ_ONLINE_IF_ODA_FAILED)
    assert bits.with_bit(b"\x28\x00\x00\x00", bits.TTQ_FDDA_01) == b"\x28\x00\x00\x80"


def test_commands_should_be_coded_as_the_book_has_them():
    """QT-076, QT-086, QT-101, QT-123."""
    ppse = "00A404000E325041592E5359532E444446303100"
    assert apdu.select(apdu.PPSE).hex().upper() == ppse
    aid = bytes.fromhex("A000000333010101")
    assert apdu.select(aid).hex().upper() == "00A4040008A00000033301010100"
    assert apdu.get_processing_options(bytes(33)).hex().upper() == "80A80000238321" + "00" * 34
    assert apdu.get_processing_options(b"").hex().upper() == "80A8000002830000"
    long = apdu.get_processing_options(bytes(252))
    assert long[:8].hex().upper() == "80A80000FF8381FC" and len(long) == 261
    assert apdu.get_data(0x9F79).hex().upper() == "80CA9F7900"
    for sfi, p2 in ((1, 0x0C), (10, 0x54), (11, 0x5C), (30, 0xF4)):
        assert apdu.read_record(sfi, 5) == bytes((0x00, 0xB2, 5, p2, 0x00))


def test_answers_should_end_in_a_status_word():
    assert apdu.split(b"\x01\x90\x00") == (b"\x01", 0x9000)
    assert apdu.split(b"\x6a\x82") == (b"", 0x6A82)
    assert refused(apdu.split, b"") and refused(apdu.split, b"\x90")
    assert len(apdu.split(bytes(258))[0]) == 256 and refused(apdu.split, bytes(259))
