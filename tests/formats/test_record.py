# SPDX-License-Identifier: Apache-2.0
"""The fare record and the pending entry, both ways (QT-167, QT-258, QT-263, CL-002, CL-010,
CL-016).
"""

from firmware.errors import FormatError
from firmware.formats import pending, record

PAN = bytes.fromhex("6228480000000000123F")


def sale():
    values = record.blank(record.APPROVED)
    values["time_utc_s"] = 1772000000
    values["date"] = "260309"
    values["time"] = "081559"
    values["device"] = "bus"
    values["line"] = 52
    values["stop"] = 7
    values["vehicle"] = 100017
    values["driver"] = 4711
    values["shift"] = 2
    values["amount_fen"] = 180
    values["full_fare_fen"] = 200
    values["fare_class"] = "adult"
    values["balance_fen"] = 9820
    values["parameters_version"] = 12
    values["deny_list_version"] = 340
    values["pan"] = PAN
    values["psn"] = 1
    values["atc"] = 0x0102
    values["tc"] = bytes.fromhex("7BC11937E0B9604A")
    values["oda"] = "fdda-01"
    values["aid"] = bytes.fromhex("A000000333010101")
    values["uid"] = bytes.fromhex("08112233")
    values["chip_data"] = bytes.fromhex("9F26087BC11937E0B9604A9F270140")
    values["clock_trusted"] = 1
    values["gpo_command_data"] = bytes.fromhex("830428000080")
    values["gpo_answer"] = bytes.fromhex("770482027C00")
    values["trade"], values["direction"], values["riders"] = 2, 1, 3
    values["rule"], values["fares_version"] = "stage", 31
    values["reference"], values["trade_data"] = 0x01020304, b"\xab"
    return values


GOLDEN_1 = (
    "0101" + "00" + "699E9300" + "260309" + "081559" + "03627573" + "0034" + "0007"
    + "000186B1" + "00001267" + "0002" + "000000B4" + "000000C8" + "056164756C74"
    + "0000265C" + "0000000C" + "00000154" + "0A6228480000000000123F" + "01" + "0102"
    + "7BC11937E0B9604A" + "07666464612D3031" + "08A000000333010101" + "0408112233"
    + "000F9F26087BC11937E0B9604A9F270140" + "00" + "01"
)  # fmt: skip


def refuses(call):
    try:
        call()
    except FormatError:
        return True
    return False


def test_a_record_comes_back_bit_for_bit():
    for kind, name in record.KINDS:
        values = sale()
        values["kind"] = kind
        values["reason"] = name
        assert record.unpack(record.pack(values)) == values


def test_layouts_never_change():
    """QT-121: golden bytes: a record of today is read in ten years, one of version 1 still is."""
    gpo = "06830428000080" + "0006770482027C00"
    trade = "02" + "01" + "03" + "057374616765" + "0000001F" + "01020304" + "01AB"
    assert record.pack(sale()).hex().upper() == "03" + GOLDEN_1[2:] + gpo + trade
    second = record.unpack(bytes.fromhex("02" + GOLDEN_1[2:] + gpo))
    assert second["gpo_answer"] == sale()["gpo_answer"] and "trade" not in second
    old = record.unpack(bytes.fromhex(GOLDEN_1))
    assert old["version"] == 1 and old["amount_fen"] == 180 and "gpo_answer" not in old
    assert record.pack(old).hex().upper() == GOLDEN_1


def test_the_largest_record_is_as_large_as_stated():
    values = sale()
    for name, limit in (
        ("reason", 32), ("device", 24), ("fare_class", 16), ("oda", 16), ("rule", 16),
    ):  # fmt: skip
        values[name] = "x" * limit
    for name, limit in (("pan", 10), ("aid", 16), ("uid", 10), ("chip_data", 512),
                        ("gpo_command_data", 255), ("gpo_answer", 256),
                        ("trade_data", 96), ("extension", 424)):  # fmt: skip
        values[name] = b"x" * limit
    values["version"] = record.EXTENDED
    assert len(record.pack(values)) == record.RECORD_MOST_BYTES


def test_what_is_no_record_is_refused():
    good = record.pack(sale())
    for cut in range(len(good)):
        assert refuses(lambda: record.unpack(good[:cut])), cut  # noqa: B023
    for wrong in (
        b"\x05" + good[1:],
        b"\x04" + good[1:],
        b"\x02" + good[1:],
        b"\x01" + good[1:],
        b"\x03\x0a" + good[2:],
        b"\x03\x00" + good[2:],
        good + b"x",
    ):
        assert refuses(lambda: record.unpack(wrong))  # noqa: B023
    for name, value in (("kind", 10), ("kind", None), ("version", 4), ("amount_fen", -1)):
        values = sale()
        values[name] = value
        assert refuses(lambda: record.pack(values))  # noqa: B023


def test_no_byte_makes_the_parser_fail_otherwise():
    good = record.pack(sale())
    for at in range(len(good)):
        for byte in (0x00, 0x7F, 0x80, 0xFF):
            bad = good[:at] + bytes([byte]) + good[at + 1 :]
            try:
                assert record.pack(record.unpack(bad)) == bad
            except FormatError:
                pass


def test_a_blank_record_of_each_kind_packs():
    for kind, _ in record.KINDS:
        values = record.unpack(record.pack(record.blank(kind)))
        assert values["kind"] == kind and values["balance_fen"] == record.UNKNOWN_FEN
        assert record.business_key(values) is None


def test_the_business_key_is_pan_psn_atc_and_tc():
    # QT-263, clearing.md 9
    key = record.business_key(sale())
    for name, value in (("pan", PAN[:8]), ("psn", 2), ("atc", 3), ("tc", b"12345678")):
        other = sale()
        other[name] = value
        assert record.business_key(other) != key, name
    same = sale()
    same["amount_fen"] = 1
    same["time_utc_s"] = 1
    assert record.business_key(same) == key
    for name, value in (("pan", b""), ("tc", bytes(8))):
        none = sale()
        none[name] = value
        assert record.business_key(none) is None


def test_a_pan_is_shown_masked():
    # CL-016
    for pan, shown in (
        ("6228480000000000123F", "622848*********0123"[:15] + "0123"),
        ("6228480000001234", "622848******1234"),
        ("6228480000123F", "622848***0123"),
        ("622848000012", "********0012"),
        ("1234", "1234"),
        ("", ""),
    ):
        assert record.mask_pan(bytes.fromhex(pan)) == shown, pan
    assert record.pan_digits(PAN) == "6228480000000000123"


def torn():
    values = pending.blank()
    values["amount_fen"] = values["full_fare_fen"] = 200
    values["fare_class"] = "adult"
    values["aid"] = bytes.fromhex("A000000333010101")
    values["pan"] = PAN
    values["uid"] = bytes.fromhex("08112233")
    values["atc"] = 258
    values["afl"] = bytes.fromhex("0801020010010301")
    values["gpo_command_data"] = b"\x83\x21" + bytes(33)
    values["gpo_answer"] = b"\x77\x81\xb0" + b"g" * 176
    values["records"] = [(1, 1, b"a" * 240), (2, 1, b"b" * 200), (2, 2, b"c" * 180)]
    values["un"] = b"\x01\x02\x03\x04"
    values["date"], values["time"] = "260309", "081559"
    return values


def test_a_pending_entry_comes_back_bit_for_bit():
    # QT-167
    packed = pending.pack(torn())
    assert pending.unpack(packed) == torn()
    assert 800 < len(packed) < 1000


def test_what_is_no_pending_entry_is_refused():
    packed = pending.pack(torn())
    for cut in range(len(packed)):
        assert refuses(lambda: pending.unpack(packed[:cut])), cut  # noqa: B023
    assert refuses(lambda: pending.unpack(b"\x02" + packed[1:]))
    values = torn()
    values["version"] = 2
    assert refuses(lambda: pending.pack(values))
    values = torn()
    values["records"] = [(1, 1)]
    assert refuses(lambda: pending.pack(values))
