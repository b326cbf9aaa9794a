# SPDX-License-Identifier: Apache-2.0
"""What a Tap reads in the card's answers, at the ends of lengths and counts."""

from firmware.kernel import dol, outcome, selection, tags, tlv
from firmware.kernel.bcd import from_int
from firmware.kernel.tap import MAX_RECORDS, Tap, parse_afl, rebuilt
from tests.refusal import refusal
from tests.small_card import AID, PDOL, objects_of, values

IAD = bytes.fromhex("0701010390000001")  # up to its length, PBOC form, TC


def tap(amount_fen=200, **told):
    """A Tap of so much; told: tag names of tags.py -> bytes that the card gave."""
    entries = dol.parse(PDOL)
    made = Tap(selection.Selected(AID, {}, entries, PDOL), dol.fill(entries, values(amount_fen)))
    made.decision = outcome.TC
    made.data = {getattr(tags, name): value for name, value in told.items()}
    return made


def iad(kind, amount_fen, more=b"\x11\x22\x33\x44", count=None):
    """9F10 with issuer data of this id, an amount and what follows."""
    body = bytes((kind,)) + from_int(amount_fen, 5) + more
    return IAD + bytes((len(body) if count is None else count,)) + body


def test_fresh_tap_should_say_nothing():
    made = Tap(selection.Selected(AID, {}, (), b""), b"")
    assert (made.gpo_answer, made.records, made.data, made.afl) == (b"", [], {}, ())
    assert made.decision == "" and made.before_fen is None
    assert made.pan() == "" and made.psn() == 0 and made.value(tags.IAD) == b""


def test_afl_may_name_32_records():
    """QT-118: SFI 1 to 30, records 1 to 255; 32 of them are the bound for hostile cards."""
    for text, count in (
        ("10012000", 32), ("10011000" + "18011000", 32), ("08010200", 2), ("F0010200", 2),
        ("10FEFF00", 2), ("10010101" + "18010201", 3),
    ):  # fmt: skip
        named = [last - first + 1 for _, first, last, _ in parse_afl(bytes.fromhex(text))]
        assert sum(named) == count, text
    for text in ("10012100", "10011000" + "18011100", "08010100" * 2 + "10011F00"):
        assert "AFL names" in refusal(parse_afl, bytes.fromhex(text)), text
    assert MAX_RECORDS == 32


def test_issuer_data_may_end_behind_their_amount():
    """QT-119, QT-245: ten digits, the first of them too; 15 bytes hold them (annex D)."""
    whole = iad(0x01, 9876543210, b"", 0x0A)
    assert len(whole) == 15 and tap(IAD=whole).balance_fen() == 9876543210
    assert tap(IAD=whole[:14]).balance_fen() is None
    assert tap(IAD=iad(0x01, 700, b"", 0x09)).balance_fen() is None
    assert tap(IAD=iad(0x01, 700)).balance_fen() == 700
    assert tap(IAD=IAD).balance_fen() is None


def test_allowance_should_be_heard_in_ten_bytes():
    """QT-176: the id alone says that another allowance may have paid."""
    told = {"AVAILABLE_OFFLINE_AMOUNT": from_int(9800, 6)}
    assert tap(IAD=IAD + b"\x0a\x01", **told).balances_after() == [9800]
    assert tap(IAD=IAD + b"\x0a\x02", **told).balances_after() == []
    assert tap(IAD=IAD + b"\x0a", **told).balances_after() == [9800]
    assert tap(0, IAD=IAD, **told).balances_after() == []


def test_balance_from_before_should_need_one():
    """QT-245: what was read before the GPO less the amount, and nothing without such a reading."""
    told = {"IAD": IAD, "AVAILABLE_OFFLINE_AMOUNT": from_int(9800, 6)}
    assert tap(**told).balance_from_before() is None
    for before_fen, left in ((None, None), (200, 0), (199, None), (10000, 9800)):
        one = tap(IAD=IAD)
        one.before_fen = before_fen
        assert one.balance_from_before() == left, before_fen
        assert one.balances_after() == ([] if left is None else [left]), before_fen
    refused = tap(IAD=IAD)
    refused.decision, refused.before_fen = outcome.AAC, 150
    assert refused.balance_from_before() == 150


def test_contradiction_should_leave_the_card_without_a_number():
    """QT-137: for people and records a number of which the card says two things is none."""
    track = bytes.fromhex("6228000100000010d351220100")
    assert tap(TRACK_2=track).known_pan() == "6228000100000010"
    assert tap(TRACK_2=track, PAN=bytes.fromhex("6228000100000028")).known_pan() == ""
    assert tap(PAN=b"\xaa").known_pan() == "" and tap(PSN=b"\xaa").known_psn() == 0


def test_amount_that_was_not_asked_for_should_be_none():
    made = Tap(selection.Selected(AID, {}, ((tags.UN, 4),), b""), bytes(4))
    assert made.amount_fen() == 0 and made.as_sent(tags.AMOUNT) is None


def test_other_bits_of_byte_five_should_not_change_the_decision():
    """QT-112: bits 6 and 5 are the cryptogram, whatever stands beside them."""
    afl = bytes.fromhex("1001020018010301")
    for byte, decision in (
        (0x9F, "TC"),
        (0x10, "TC"),
        (0xDF, "TC"),
        (0xEF, "ARQC"),
        (0x8F, "AAC"),
    ):
        body = objects_of(
            (tags.AIP, b"\x7c\x00"),
            (tags.AFL, afl),
            (tags.ATC, b"\x00\x05"),
            (tags.TRACK_2, bytes.fromhex("6228000100000010d35122")),
            (tags.IAD, IAD[:4] + bytes((byte,)) + IAD[5:]),
            (tags.CRYPTOGRAM, bytes(8)),
        )
        answer = tlv.build(tags.GPO_FORMAT_2, body)
        made = rebuilt(AID, PDOL, bytes(19), answer, [])
        assert made.decision == decision, hex(byte)
        assert made.selected.fci == {} and made.gpo_answer == answer
