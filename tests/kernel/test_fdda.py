# SPDX-License-Identifier: Apache-2.0
"""fDDA versions 00 and 01, the downgrade, and the outcome table (JR/T 0025.12 annex B, §7.8.1)."""

from firmware.kernel import apdu, fdda, oda, tags, tlv
from firmware.kernel.outcome import Outcome
from tests.cards import present, purchase_from
from tests.small_card import CAPK, TODAY, SmallCard, bend, replaced, values

OFFLINE = "28000080"
ONLY_00 = "28000000"
LAST_RECORD = "00B2031C"


def tapped(card, ttq=OFFLINE, amount_fen=200):
    return present(card, purchase_from(values(amount_fen, ttq=ttq), TODAY, (CAPK,)))


def verdict(result):
    return result.outcome, result.oda, result.taken


def test_both_versions_should_be_approved():
    """QT-006, QT-207, QT-208, QT-234."""
    result = tapped(SmallCard())
    assert verdict(result) == ("approved", "fdda01", True) and result.reason == "ok"
    assert verdict(tapped(SmallCard(), ONLY_00)) == ("approved", "fdda00", True)


def old_card(version):
    """A card that signs version 00 whatever the reader can do."""
    card = SmallCard()
    card.personalise("351231", version=version)

    def sign(entries, sent):
        return card.signature(b"\xa1\xb2\xc3\xd4")

    card._sign = sign
    return card


def test_old_card_should_be_verified_in_full_before_the_commit():
    """QT-150: 9F08 of an older edition."""
    assert verdict(tapped(old_card("0020"))) == ("approved", "fdda00", True)
    card = old_card("0020")
    card._sign = lambda entries, sent: card.signature(b"\xa1\xb2\xc3\xd5")
    result = tapped(card)
    assert verdict(result) == ("declined", "failed", False)
    assert "version 00" in result.detail and card.asked_last() == 0


def test_downgrade_should_be_refused_before_the_commit():
    """QT-210: version 00 from a card of this edition, or of no edition."""
    for version in ("0030", ""):
        card = old_card(version)
        result = tapped(card)
        assert verdict(result) == ("declined", "failed", False)
        assert result.detail == fdda.DOWNGRADE and card.asked_last() == 0


def test_version_00_where_only_it_is_possible_should_be_verified_before_the_commit():
    card = old_card("0030")
    card._sign = lambda entries, sent: card.signature(b"\xa1\xb2\xc3\xd5")
    result = tapped(card, ONLY_00)
    assert verdict(result) == ("declined", "failed", False) and card.asked_last() == 0


def refused_after_the_debit(card, ttq=OFFLINE):
    result = tapped(card, ttq)
    assert card.debits == [5] and result.taken is True, result
    assert result.oda == "failed"
    return result.outcome


def test_hash_of_version_01_should_cover_everything_as_sent():
    """QT-208, QT-209: 9F37, 9F02, 5F2A and all of 9F69."""
    for data in (
        b"\xa1\xb2\xc3\xd5" + b"\x00\x00\x00\x00\x02\x00" + b"\x01\x56",
        b"\xa1\xb2\xc3\xd4" + b"\x00\x00\x00\x00\x01\x00" + b"\x01\x56",
        b"\xa1\xb2\xc3\xd4" + b"\x00\x00\x00\x00\x02\x00" + b"\x03\x44",
    ):
        card = SmallCard()

        def sign(entries, sent):
            card.card_auth = b"\x01" + bytes(7)  # noqa: B023
            return card.signature(data + card.card_auth)  # noqa: B023

        card._sign = sign
        assert refused_after_the_debit(card) == "declined"
    for change in (b"\x01\x01" + bytes(6), b"\x01" + bytes(8), b"\x00" + bytes(7)):
        card = SmallCard()
        card.edit = bend(
            LAST_RECORD,
            lambda pairs: replaced(pairs, tags.CARD_AUTHENTICATION_DATA, change),  # noqa: B023
        )
        assert refused_after_the_debit(card) == "declined"


def signing(card_auth, ctq=""):
    """A card whose 9F69 is `card_auth`, and 9F6C if any, rightly signed."""
    card = SmallCard()
    if ctq:
        card.gpo_extra += tlv.build(tags.CTQ, bytes.fromhex(ctq))

    def sign(entries, sent):
        card.card_auth = bytes.fromhex(card_auth)
        return card.signature(
            b"\xa1\xb2\xc3\xd4" + bytes(4) + b"\x02\x00\x01\x56" + card.card_auth
        )

    card._sign = sign
    return card


def test_card_authentication_data_should_have_eight_to_sixteen_bytes_of_version_01():
    """QT-206, QT-208."""
    for card_auth, good in (
        ("01" + "00" * 7, True),
        ("01" + "AA" * 4 + "0000" + "00", True),
        ("01" + "00" * 11, True),
        ("01" + "00" * 15, True),
        ("01" + "00" * 16, False),
        ("01" + "00" * 6, False),
        ("02" + "00" * 7, False),
        ("00" + "00" * 7, False),
    ):
        card = signing(card_auth)
        if good:
            assert verdict(tapped(card)) == ("approved", "fdda01", True), card_auth
        else:
            assert refused_after_the_debit(card) == "declined", card_auth


def test_copy_of_the_qualifiers_should_agree():
    """QT-211; an empty copy is the laboratory cards' (qpboc.md 3, point 4)."""
    for copy, ctq, good in (
        ("0000", "", True),
        ("0000", "2000", True),
        ("2000", "2000", True),
        ("2000", "1000", False),
        ("2000", "", False),
    ):
        card = signing("01" + "00" * 4 + copy + "00", ctq)
        if good:
            assert tapped(card).outcome == "approved", (copy, ctq)
        else:
            assert refused_after_the_debit(card) == "declined", (copy, ctq)


def test_last_record_without_9f69_should_fail_after_the_debit():
    """QT-164, QT-210."""
    card = SmallCard()
    card.edit = bend(
        LAST_RECORD, lambda pairs: replaced(pairs, tags.CARD_AUTHENTICATION_DATA, None)
    )
    assert refused_after_the_debit(card) == "declined"


def test_malformed_last_record_should_be_debited_and_refused():
    """QT-164: the debit stands whatever the record says."""
    for change in (
        lambda answer: b"\x70\x05\x01\x90\x00",
        lambda answer: b"\x90\x00",
        lambda answer: answer[:-3] + b"\x90\x00",
        lambda answer: tlv.build(0x70, tlv.build(tags.ATC, b"\x00\x05")) + b"\x90\x00",
        lambda answer: b"\x70\x81\xfa" + b"\x61\x02" * 125 + b"\x90\x00",
    ):
        card = SmallCard()
        last = apdu.read_record(3, 3)
        card.edit = lambda command, answer: change(answer) if command == last else answer  # noqa: B023
        assert refused_after_the_debit(card) == "declined"


def test_outcome_of_a_failed_signature_should_follow_the_qualifiers():
    """QT-235..238: 9F6C against what the terminal can do."""
    table = (
        ("", OFFLINE, "declined"),
        ("2000", OFFLINE, "declined"),  # offline only: no line to go to
        ("2000", "26000080", "online"),
        ("1000", "26000080", "declined"),
        ("1000", "36000080", "other_interface"),
        ("1000", "38000080", "other_interface"),
        ("3000", "36000080", "online"),
        ("3000", "38000080", "other_interface"),
        ("0000", "36000080", "declined"),
        ("CF00", "36000080", "declined"),
    )
    for ctq, ttq, wanted in table:
        card = signing("01" + "00" * 7, ctq)
        card.edit = bend(
            LAST_RECORD,
            lambda pairs: replaced(
                pairs, tags.CARD_AUTHENTICATION_DATA, b"\x01" + b"\x09" * 4 + b"\x00\x00\x00"
            ),
        )
        assert refused_after_the_debit(card, ttq) == wanted, (ctq, ttq)


def test_failure_before_the_commit_should_not_ask_for_another_interface():
    """QT-158, QT-159: nothing was charged; 9F6C has no say."""
    card = signing("01" + "00" * 7, "3000")
    card._sign = lambda entries, sent: bytes(64)
    assert verdict(tapped(card, "36000080")) == ("declined", "failed", False)


def test_other_endings_of_the_last_record_should_be_unknown():
    """QT-166: any status but 9000, and garbage."""
    for answer in ("6A83", "6974", "6985", "70009001", "90", ""):
        card = SmallCard()
        last = apdu.read_record(3, 3)
        card.edit = lambda command, good: bytes.fromhex(answer) if command == last else good  # noqa: B023
        result = tapped(card)
        assert verdict(result) == ("torn_pending", "not_performed", None), answer
        assert result.reason == "last_record_lost"


def test_balance_should_be_known_even_when_it_comes_last():
    """QT-119: 9F5D in the last record; a malformed one there changes no verdict."""
    for value, wanted in (("000000009800", 9800), ("00000000980A", None), ("00", None)):
        card = SmallCard()
        edits = (
            bend("80A8", lambda pairs: replaced(pairs, tags.AVAILABLE_OFFLINE_AMOUNT, None)),
            bend(
                LAST_RECORD,
                lambda pairs: pairs + [(tags.AVAILABLE_OFFLINE_AMOUNT, bytes.fromhex(value))],  # noqa: B023
            ),
        )
        card.edit = lambda command, answer: edits[1](command, edits[0](command, answer))  # noqa: B023
        result = tapped(card)
        assert (result.outcome, result.balance_fen) == ("approved", wanted)


def test_outcomes_should_be_flat_facts():
    result = tapped(SmallCard(balance_fen=100))
    assert isinstance(result, Outcome)
    assert result[:4] == ("declined", "card_declined", "", "AAC") and result.balance_fen == 100


def test_version_00_should_be_verified_again_with_the_last_record():
    """QT-207, QT-235: what conclude() is given may come from a stored dialogue, gate or not."""

    class Opened:
        def __init__(self, fits):
            self.fits = fits

        def verify(self, data):
            return self.fits and data == b"\xa1\xb2\xc3\xd4"

    result = tapped(old_card("0020"))
    assert fdda.check_signature(result.tap, Opened(True), fdda.EDITIONS) == "fdda00"
    try:
        fdda.check_signature(result.tap, Opened(False), fdda.EDITIONS)
    except oda.OdaFailed as failed:
        assert str(failed) == fdda.HASH_00
        return
    raise AssertionError("accepted")
