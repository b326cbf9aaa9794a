# SPDX-License-Identifier: Apache-2.0
"""Cards that break the rules: when the money has moved, nothing they sent keeps it unwritten."""

from firmware.formats import record
from firmware.kernel import bcd, tags, tlv
from tests.small_card import SmallCard, bend, replaced, without
from tests.stand import Stand


def test_debited_and_refused_should_be_told_and_kept():
    """QT-164: TC and all data go up, so that the issuer can refund."""
    stand, card = Stand(), SmallCard()
    card.edit = without(tags.CARD_AUTHENTICATION_DATA)
    event = stand.tap(card)
    assert (event["outcome"], event["message"]) == ("declined", "debited_refused")
    assert event["taken"] is True and card.debits == [5] and stand.shown() == "red"
    kind, values = stand.records()[0]
    assert (kind, values["reason"], values["oda"]) == ("debited-refused", "oda_failed", "failed")
    assert values["tc"] == bytes(7) + b"\x05" and values["balance_fen"] == 9800
    assert stand.journal.pending() == []
    assert stand.tap(card)["message"] == "refund_due" and card.debits == [5]
    stand.restart()
    assert stand.tap(card)["message"] == "refund_due" and card.debits == [5]


def last_with(*pairs):
    """An edit that adds objects to the last record."""
    return bend("00B2031C", lambda found: found + list(pairs))


def test_hostile_last_record_should_not_keep_the_sale_out_of_the_journal():
    """QT-163: the money has moved; whatever came with it, one record is written."""
    for pairs in (
        ((tags.PAN, bytes.fromhex("6228000100000099")),),
        ((tags.PSN, b"\xaa\xbb"), (0x5F20, b"X" * 100)),
        ((tags.PSN, b"\xaa"),),
        ((0x9F63, b"P" * 17), (0x9F33, b"T" * 60), (0x9F1E, b"S" * 60)),
        tuple([(tag, b"\xee" * 8) for tag in record.CHIP_TAGS if tag in (0x9F33, 0x9F35, 0x9F1E)]),
        ((tags.EXPIRY, b"\x99"),),
        ((tags.TRACK_2, b"\x00"),),
        ((tags.CTQ, b""),),
        ((0x9F79, b"\xff" * 6), (0x9F74 + 1, b"\x00")),
    ):
        stand, card = Stand(), SmallCard()
        if pairs[0][0] == tags.PSN:
            card.gpo_extra = b""
        card.edit = last_with(*pairs)
        event = stand.tap(card)
        assert card.debits == [5] and event["taken"] is True, pairs
        assert len(stand.records()) == 1 and stand.journal.pending() == []
        assert stand.records()[0][1]["pan"].hex() == card.pan
        assert stand.records()[0][0] in ("approved", "debited-refused")
        assert stand.tap(card)["message"] == (
            "already_paid" if event["message"] == "ok" else "refund_due"
        )


def test_balance_larger_than_a_record_should_be_unknown_in_it():
    stand, card = Stand(), SmallCard()
    huge = bcd.from_int(999999999999, 6)
    card.edit = bend("80A8", lambda pairs: replaced(pairs, tags.AVAILABLE_OFFLINE_AMOUNT, huge))
    assert stand.tap(card)["message"] == "ok"
    assert stand.records()[0][1]["balance_fen"] == record.UNKNOWN_FEN


def test_oversize_chip_data_should_be_left_out_of_the_record():
    """CL-002: what breaks its format cannot push the rest out of 512 bytes."""
    stand, card = Stand(), SmallCard()
    card.gpo_extra = tlv.build(0x9F33, b"T" * 60) + tlv.build(0x9F34, b"C" * 30)
    card.records[3][2] += tlv.build(0x9F1E, b"S" * 230)
    card.edit = last_with((0x9F35, b"Y" * 200), (0x9F09, b"VERSION8"))
    assert stand.tap(card)["message"] == "ok"
    data = {one.tag: one.value for one in tlv.parse(stand.records()[0][1]["chip_data"])}
    own = (data[0x9F33], data[0x9F1E], data[0x9F35])  # the terminal's, whatever the card says
    assert own == (bytes.fromhex("0008C0"), b"00000001", b"\x26")
    assert 0x9F34 not in data
    assert data[0x9F09] == b"VERSION8" and data[tags.CRYPTOGRAM] == bytes(7) + b"\x05"


def test_malformed_sequence_number_should_end_in_a_refusal():
    stand = Stand()
    for value in (b"\xaa", b"\x01\x02"):
        card = SmallCard()
        card.gpo_extra = tlv.build(tags.PSN, value)
        assert stand.tap(card)["message"] == "card_data"
        assert stand.records()[-1][1]["psn"] == 0
    assert stand.kinds() == ["refused"] * 2


def test_records_too_large_for_an_entry_should_be_refused_before_the_commit():
    """QT-157: what cannot be made durable is not sent for."""
    stand, card = Stand(), SmallCard()
    card.afl = bytes.fromhex("10010600" + "18010301")
    for number in range(3, 7):
        card.records.append([2, number, tlv.build(0xDF00 + number, bytes(240))])
    event = stand.tap(card)
    assert (event["message"], event["taken"]) == ("card_data", False)
    assert card.asked_last() == 0 and card.debits == []
