# SPDX-License-Identifier: Apache-2.0
"""The ATS by its own bits (PD-21), and answers of InListPassiveTarget, whole and broken."""

from firmware.errors import FormatError
from firmware.reader.targets import read_ats, read_targets

ATS = (  # bytes, FSC, FWI, SFGI, TA1
    ("01", 32, 4, 0, 0),
    ("0200", 16, 4, 0, 0),
    ("0205", 64, 4, 0, 0),
    ("0208", 256, 4, 0, 0),
    ("020c", 256, 4, 0, 0),  # RFU
    ("031233", 32, 4, 0, 0x33),
    ("032582", 64, 8, 2, 0),
    ("034802", 256, 4, 0, 0),
    ("0438808e", 256, 8, 14, 0x80),
    ("04583302", 256, 4, 0, 0x33),
    ("04688102", 256, 8, 1, 0),
    ("0578778102", 256, 8, 1, 0x77),
    ("0328ff", 256, 4, 0, 0),  # FWI 15 and SFGI 15 are RFU
    ("0b788084024b4f4e411401", 256, 8, 4, 0x80),
    ("14788084024b4f4e4114010102030405060708ff", 256, 8, 4, 0x80),
)
BROKEN_ATS = ("", "00", "02", "0100", "0378", "0210", "0220", "0240", "037880", "0478" + "8084")
CARD = "0100042007041122334455660b788084024b4f4e411401"
SHORT = "02000420040a0b0c0d0578778102"
MIFARE = "010004080401020304"
TYPE_B = "0150aabbccdd00000000338171" + "0100"
TYPE_B_OTHER = "0250a1b2c3d400000000338171" + "020011"


def uids(text, kind="A"):
    return [target.uid.hex() for target in read_targets(bytes.fromhex(text), kind)]


def refused(read, *values):
    try:
        read(*values)
    except FormatError:
        return True
    return False


def test_read_ats_should_go_by_the_bits_of_t0():
    for text, fsc, fwi, sfgi, ta1 in ATS:
        assert read_ats(bytes.fromhex(text)) == (fsc, fwi, sfgi, ta1), text  # PD-21


def test_read_ats_should_refuse_what_is_cut_short():
    for text in BROKEN_ATS:
        assert refused(read_ats, bytes.fromhex(text)), text


def test_uids_of_four_seven_and_ten_bytes_should_be_read():
    """QT-053: the three cascade levels, and no other length."""
    for length in range(12):
        text = "0101000420" + "%02x" % length + "a5" * length
        if length in (4, 7, 10):
            assert uids(text) == ["a5" * length]
        else:
            assert refused(read_targets, bytes.fromhex(text), "A"), length


def test_targets_should_be_none_one_or_two():
    assert uids("00") == []
    assert uids("01" + CARD) == ["04112233445566"]
    assert uids("02" + CARD + SHORT) == ["04112233445566", "0a0b0c0d"]  # PD-20
    assert uids("01" + MIFARE) == ["01020304"]
    assert uids("02" + MIFARE + SHORT) == ["01020304", "0a0b0c0d"]
    assert uids("01" + TYPE_B, "B") == ["aabbccdd"]  # PD-19
    assert uids("02" + TYPE_B + TYPE_B_OTHER, "B") == ["aabbccdd", "a1b2c3d4"]


def test_targets_should_carry_number_sel_res_and_ats():
    target = read_targets(bytes.fromhex("01" + CARD), "A")[0]
    assert (target.number, target.kind, target.sel_res) == (1, "A", 0x20)
    assert target.ats.hex() == "0b788084024b4f4e411401"
    target = read_targets(bytes.fromhex("01010004200404030201"), "A")[0]
    assert target.ats == b""  # the card did not answer RATS
    two = bytes.fromhex("0201000420040403020102000420040a0b0c0d")  # PD-20, without RATS
    assert [one.uid[0] for one in read_targets(two, "A", False)] == [0x04, 0x0A]
    target = read_targets(bytes.fromhex("01" + TYPE_B), "B")[0]
    assert (target.number, target.kind, target.ats.hex()) == (1, "B", TYPE_B[2:26])


def test_broken_answers_should_be_format_errors():
    for text, kind in (("01" + CARD, "A"), ("02" + CARD + SHORT, "A"), ("01" + TYPE_B, "B")):
        whole = bytes.fromhex(text)
        last_ats = {CARD: 11, SHORT: 5}
        without_ats = [len(whole) - last_ats[end] for end in last_ats if text.endswith(end)]
        for cut in range(len(whole)):
            if cut not in without_ats:  # that is a card that did not answer RATS
                assert refused(read_targets, whole[:cut], kind), (text, cut)
        assert refused(read_targets, whole + b"\x00", kind)
    assert refused(read_targets, bytes.fromhex("010100042005" + "11" * 5), "A")
    assert refused(read_targets, bytes.fromhex("01" + CARD.replace("0b78", "0078")), "A")
    assert refused(read_targets, bytes.fromhex("01" + TYPE_B.replace("50", "51", 1)), "B")
