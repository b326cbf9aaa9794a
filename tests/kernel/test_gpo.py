# SPDX-License-Identifier: Apache-2.0
"""GPO and what its answer decides (JR/T 0025.12 §6.5, §7.6, §7.8.1; QT-091 to QT-119)."""

from firmware.kernel import apdu, tags, tlv
from tests.cards import present, purchase_from
from tests.small_card import CAPK, TODAY, SmallCard, bend, replaced, values, without

ONLINE = "26000080"


def tapped(card, ttq="28000080", denies=()):
    return present(card, purchase_from(values(ttq=ttq), TODAY, (CAPK,), denies))


def gpo_with(tag, value):
    """A card whose GPO answer has another value for `tag` (None: none at all)."""
    card = SmallCard()
    new = bytes.fromhex(value) if value is not None else None
    card.edit = bend("80A8", lambda pairs: replaced(pairs, tag, new))
    return card


def ended(card, result):
    """What came of it, after checking that no record was read and nothing was taken."""
    assert card.asked(apdu.INS_READ_RECORD) == 0
    assert card.debits == [] and result.taken is False
    return result.outcome, result.reason


NOT_QPBOC = ("other_interface", "not_qpboc")


def test_pdol_values_should_be_sent_as_asked():
    """QT-091, QT-095, QT-101, QT-121: bytes kept as sent."""
    card = SmallCard()
    result = tapped(card)
    sent = [one for one in card.sent if one[1] == apdu.INS_GPO]
    assert [one.hex().upper() for one in sent] == [
        "80A80000158313" + "28000080" + "000000000200" + "0156" + "261121" + "A1B2C3D4" + "00"
    ]
    assert result.tap.sent == sent[0][7:-1] and result.tap.gpo_answer[0] == 0x77


def test_other_status_words_should_point_to_another_interface():
    """QT-103."""
    for sw in ("6985", "6984", "6A81", "6D00", "6E00", "9001", ""):
        card = SmallCard()
        card.edit = lambda command, answer: bytes.fromhex(sw) if command[1] == 0xA8 else answer  # noqa: B023
        wanted = ("other_interface", "gpo_refused" if sw else "not_qpboc")
        assert ended(card, tapped(card)) == wanted, sw


def test_format_1_should_be_no_qpboc():
    """QT-104."""
    card = SmallCard()
    format_1 = tlv.build(0x80, b"\x7c\x00" + card.afl) + b"\x90\x00"
    card.edit = lambda command, answer: format_1 if command[1] == 0xA8 else answer
    assert ended(card, tapped(card)) == NOT_QPBOC


def test_malformed_answers_should_end():
    """QT-108: trailing bytes, wrong lengths, a tag twice."""
    for change in (
        lambda body: body + b"\x00",
        lambda body: body[:-1],
        lambda body: body[:1] + bytes((body[1], body[2] + 1)) + body[3:],
        lambda body: tlv.build(0x70, body[3:]),
        lambda body: tlv.build(0x77, body[3:] + body[-4:]),
        lambda body: b"",
    ):
        card = SmallCard()
        card.edit = lambda command, answer: (
            change(answer[:-2]) + b"\x90\x00" if command[1] == 0xA8 else answer  # noqa: B023
        )
        assert ended(card, tapped(card)) == NOT_QPBOC


def test_mandatory_elements_should_be_there_in_their_length():
    """QT-109, JR/T 0025.12 table 11."""
    for tag in (tags.AIP, tags.ATC, tags.CRYPTOGRAM, tags.IAD, tags.AFL):
        card = gpo_with(tag, None)
        assert ended(card, tapped(card)) == NOT_QPBOC, hex(tag)
    for tag, value in (
        (tags.AIP, "7C"),
        (tags.ATC, "000005" + "00"),
        (tags.CRYPTOGRAM, "00" * 7),
        (tags.IAD, "07010103900000"),
        (tags.IAD, "07010103900000" + "01" * 26),
    ):
        card = gpo_with(tag, value)
        assert ended(card, tapped(card)) == NOT_QPBOC, (hex(tag), value)


def test_aip_should_not_choose_the_path():
    """QT-105: byte 2 = 80 changes nothing; the certificate signs it, so the chain fails later."""
    card = SmallCard()
    card.aip = b"\x7c\x80"
    card.personalise("351231")
    assert tapped(card).outcome == "approved"


def test_elements_of_the_contact_path_should_not_be_missed():
    """QT-110: no CDOL, no CVM list, no 5F25, no 9F4D."""
    card = SmallCard()
    card.edit = without(0x5F28)
    assert tapped(card).outcome == "approved"


def test_issuer_application_data_should_have_pboc_form():
    """QT-111."""
    for value in ("0601010390000001", "0701010290000001", "0701010490000001"):
        card = gpo_with(tags.IAD, value)
        assert ended(card, tapped(card)) == NOT_QPBOC, value
    good = (
        "0701010390000001",
        "0701170390000001",
        "07010103900000010A01" + "0000009800" + "00" * 4,
    )
    for value in good + ("0701010390000001" + "0F" + "00" * 15 + "01" * 8,):
        card = gpo_with(tags.IAD, value)
        assert tapped(card).outcome == "approved", value


def test_decision_should_be_bits_6_and_5():
    """QT-112, QT-114, QT-115."""
    table = (
        ("80", "28000080", ("declined", "card_declined"), "AAC"),
        ("A0", "28000080", ("declined", "online_required"), "ARQC"),
        ("A0", ONLINE, ("online", "card_requested_online"), "ARQC"),
        ("B0", "28000080", NOT_QPBOC, ""),
    )
    for byte, ttq, wanted, cryptogram in table:
        card = gpo_with(tags.IAD, "07010103" + byte + "000001")
        result = tapped(card, ttq)
        assert ended(card, result) == wanted, byte
        assert result.cryptogram == cryptogram
        assert result.balance_fen == (9800 if cryptogram else None)  # QT-119, QT-244
    assert tapped(gpo_with(tags.IAD, "0701010390000001")).cryptogram == "TC"


def test_aac_and_arqc_without_57_should_be_no_qpboc():
    """JR/T 0025.12 table 12: 57 is mandatory there."""
    for byte in ("80", "A0"):
        card = SmallCard()
        iad = bytes.fromhex("07010103" + byte + "000001")
        card.edit = bend(
            "80A8",
            lambda pairs: replaced(replaced(pairs, tags.IAD, iad), tags.TRACK_2, None),  # noqa: B023
        )
        assert ended(card, tapped(card)) == NOT_QPBOC


def test_cid_should_agree_with_the_issuer_application_data():
    """QT-113."""
    for cid, good in (
        ("40", True),
        ("4F", True),
        ("80", False),
        ("00", False),
        ("", False),
        ("4000", False),
    ):
        card = gpo_with(tags.CID, cid)
        result = tapped(card)
        assert (result.outcome == "approved") is good, cid
        assert good or ended(card, result) == NOT_QPBOC


def test_listed_card_should_be_refused_before_any_record():
    """QT-116."""
    card = SmallCard()
    result = tapped(card, denies=(card.pan,))
    assert ended(card, result) == ("declined", "deny_list")
    assert tapped(SmallCard(), denies=("6228000100000011",)).outcome == "approved"


def test_tc_against_an_online_request_should_be_a_card_error():
    """QT-117."""
    card = SmallCard()
    assert ended(card, tapped(card, "26800080")) == ("declined", "card_data")
    assert tapped(SmallCard(), ONLINE).outcome == "approved"


def test_holder_should_be_asked_by_the_card_or_else_by_the_terminal():
    """QT-120: PIN before signature; without 9F6C what the terminal required; an unattended one,
    that offers neither, never asks.
    """
    pin, sign, both, none = "24000080", "22000080", "26000080", "28000080"
    for ctq, table in (
        ("8000", ((pin, "online_pin"), (sign, ""), (both, "online_pin"), (none, ""))),
        ("4000", ((pin, ""), (sign, "signature"), (both, "signature"), (none, ""))),
        ("C000", ((pin, "online_pin"), (sign, "signature"), (both, "online_pin"), (none, ""))),
        ("0000", ((pin, ""), (sign, ""), (both, ""), (none, ""))),
        ("0000", (("26400080", ""), ("22400080", ""))),  # the card has spoken
        (None, ((pin, ""), (sign, ""), (both, ""), (none, ""))),
        (None, (("26400080", "signature"), ("22400080", "signature"), ("24400080", ""))),
        (None, (("28400080", ""),)),
    ):
        for ttq, wanted in table:
            card = gpo_with(tags.CTQ, ctq)
            result = tapped(card, ttq)
            assert result.outcome == "approved" and result.tap.cvm() == wanted, (ctq, ttq)


def test_afl_should_keep_its_rules():
    """QT-118: each violated in turn."""
    for afl in (
        "",
        "180103",
        "1801030118",
        "00010301",
        "F8010301",  # SFI 31
        "19010301",  # low bits
        "18000301",  # first record 0
        "18030201",  # first behind last
        "18010304",  # more signed than there are
        "18012100",  # 33 records
        "18011000" + "10011100",
    ):
        card = gpo_with(tags.AFL, afl)
        assert ended(card, tapped(card)) == NOT_QPBOC, afl


def test_last_record_named_twice_should_end_the_transaction():
    """QT-142: it is read once, and never before the gate. A record that says nothing repeats no
    object, so nothing else would stop its first reading, which makes the debit final.
    """
    for afl in ("10010200" + "18010301" + "18030300", "18030300" + "10010200" + "18010301"):
        card = SmallCard()
        card.records[4][2] = b""
        card.afl = bytes.fromhex(afl)
        assert ended(card, tapped(card)) == NOT_QPBOC, afl
        assert card.debits == [] and card.asked_last() == 0


def test_balance_should_come_from_9f5d_or_the_issuer_data():
    """QT-119, QT-245; ids 01, 03, 05 hold a balance, 02 an allowance (JR/T 0025.12 annex D)."""
    iad = "07010103900000010A%s" + "0000012345" + "00" * 4
    for kind, wanted in (("01", 12345), ("05", 12345), ("03", 12345), ("02", None), ("00", None)):
        card = SmallCard()
        data = bytes.fromhex(iad % kind)
        card.edit = bend(
            "80A8",
            lambda pairs: replaced(
                replaced(pairs, tags.IAD, data),  # noqa: B023
                tags.AVAILABLE_OFFLINE_AMOUNT,
                None,
            ),
        )
        assert tapped(card).balance_fen == wanted, kind
    assert tapped(gpo_with(tags.IAD, iad % "01")).balance_fen == 9800  # 9F5D first


def test_amounts_that_are_no_digits_should_end_before_the_debit():
    card = gpo_with(tags.AVAILABLE_OFFLINE_AMOUNT, "00000000980A")
    assert ended(card, tapped(card)) == NOT_QPBOC


def test_pdol_longer_than_a_command_should_end_before_gpo():
    card = SmallCard()
    card.fci = tlv.build(tags.PDOL, bytes.fromhex("9F6604" + "9F4E8200FF"))
    result = tapped(card)
    assert (result.outcome, result.reason) == ("other_interface", "no_pdol_ttq")
    assert card.asked(apdu.INS_GPO) == 0
