# SPDX-License-Identifier: Apache-2.0
"""What an Outcome carries beside its word: reason, cryptogram, tap, and detail for people."""

from firmware.kernel import apdu, tags, tlv, transaction
from tests.cards import present, purchase_from
from tests.small_card import (
    CAPK,
    ICC,
    ISSUER,
    ISSUER_CERTIFICATE,
    LAST,
    TODAY,
    SmallCard,
    bend,
    icc_fields,
    objects_of,
    sealed,
    values,
)


def tapped(card, denies=()):
    return present(card, purchase_from(values(), TODAY, (CAPK,), denies))


def test_lost_card_should_be_told_by_what_it_had_said():
    """QT-124: lost at a record that is not the last; the TC was seen and nothing was taken."""
    for at in range(4):
        card = SmallCard()
        card.tear = (apdu.INS_READ_RECORD, at, True)
        result = tapped(card)
        assert (result.outcome, result.reason) == ("try_again", "card_lost")
        assert (result.cryptogram, result.taken) == ("TC", False)
        assert result.tap.pan() == card.pan and len(result.tap.records) == at


def test_torn_outcome_should_keep_its_tap():
    """QT-166: unknown, with all that settles it."""
    card = SmallCard()
    card.tear = (apdu.INS_READ_RECORD, LAST, False)
    result = tapped(card)
    assert (result.outcome, result.taken, result.cryptogram) == ("torn_pending", None, "TC")
    assert result.tap.atc() == 5 and result.detail == "torn before the command"
    assert (result.oda, result.balance_fen) == ("not_performed", None)
    unknown = transaction.torn(None, "gone")
    assert (unknown.tap, unknown.cryptogram, unknown.detail) == (None, "", "gone")


def test_refusal_by_a_list_should_name_nothing_else():
    card = SmallCard()
    result = tapped(card, (card.pan,))
    assert (result.reason, result.detail, result.oda) == ("deny_list", "", "not_performed")


def test_cut_qualifiers_should_be_a_failed_authentication():
    """QT-006, QT-210: three bytes of 9F66 would talk the card down to version 00."""
    card = SmallCard()
    pdol = bytes.fromhex("9F66039F02065F2A029A039F3704")
    card.fci = tlv.build(tags.PDOL, pdol)
    result = tapped(card)
    assert (result.outcome, result.reason, result.oda) == ("declined", "oda_failed", "failed")
    assert result.detail == "PDOL cuts 9F66" and card.asked_last() == 0


def test_card_that_wants_online_should_still_be_known():
    """QT-115: its number goes into the record of the refusal."""
    card = SmallCard()
    arqc = bytes.fromhex("07010103A0000001")
    card.edit = bend("80A8", lambda pairs: [(t, arqc if t == tags.IAD else v) for t, v in pairs])
    result = tapped(card)
    assert (result.reason, result.cryptogram) == ("online_required", "ARQC")
    assert result.tap.pan() == card.pan and result.tap.decision == "ARQC"


def test_two_records_should_be_enough():
    """QT-161: what the gate needs may stand in the GPO answer and one record before the last."""
    card = SmallCard()
    card.afl = bytes.fromhex("10010100" + "18030300")
    certificate = sealed(ISSUER, icc_fields(card.pan), ICC.modulus[38:] + ICC.exponent + card.aip)
    one = ((0x8F, b"\xf1"), (0x90, ISSUER_CERTIFICATE), (0x9F32, b"\x03"), (0x9F46, certificate))
    two = ((0x9F47, ICC.exponent), (0x9F4A, b"\x82"), (0x5F24, b"\x35\x12\x31"))
    card.records[0][2] = objects_of(*one, *two)
    card.gpo_extra += objects_of((0x92, ISSUER.modulus[64:]), (0x9F48, ICC.modulus[38:]))
    result = tapped(card)
    assert (result.outcome, result.oda) == ("approved", "fdda01"), result.detail
    assert card.debits == [5]


def test_refused_last_record_should_keep_its_tap():
    """QT-166: another status word is as unknown as silence."""
    card = SmallCard()
    last = apdu.read_record(3, 3)
    card.edit = lambda command, answer: b"\x6a\x83" if command == last else answer
    result = tapped(card)
    assert (result.outcome, result.taken) == ("torn_pending", None)
    assert result.tap.atc() == 5 and result.tap.pan() == card.pan


def test_last_record_should_be_kept_under_its_number():
    card = SmallCard()
    result = tapped(card)
    assert result.outcome == "approved"
    assert [one[:2] for one in result.tap.records] == [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)]


def test_balance_from_before_the_last_record_should_count():
    """QT-163: what comes with the last record is not trusted where the card has told before."""
    iad = bytes.fromhex("0701010390000001" + "0A01" + "0000009800")
    card = SmallCard()

    def edit(command, answer):
        if command[1] == apdu.INS_GPO:
            kept = [(t, iad if t == tags.IAD else v) for t, v in pairs_of(answer)]
            kept = [pair for pair in kept if pair[0] != tags.AVAILABLE_OFFLINE_AMOUNT]
            return tlv.build(tags.GPO_FORMAT_2, objects_of(*kept)) + answer[-2:]
        if command == apdu.read_record(3, 3):
            more = (tags.AVAILABLE_OFFLINE_AMOUNT, bytes.fromhex("000000777700"))
            return tlv.build(tags.RECORD, objects_of(*pairs_of(answer), more)) + answer[-2:]
        return answer

    card.edit = edit
    result = tapped(card)
    assert (result.outcome, result.balance_fen) == ("approved", 9800)


def pairs_of(answer):
    """[(tag, value)] in the template of a good answer."""
    return [(one.tag, one.value) for one in tlv.parse(answer[:-2])[0].children]


def test_records_may_fill_their_bound():
    """3,072 bytes before the last record are taken, one more is refused before the commit."""
    for more, message in ((0, "ok"), (1, "card_data")):
        card = SmallCard()
        card.afl = bytes.fromhex("10010E00" + "18010301")
        for number in range(3, 15):
            card.records.append([2, number, tlv.build(0xDF00 + number, b"")])
        taken = sum([len(tlv.build(tags.RECORD, body)) for _, _, body in card.records[:4]])
        room = transaction.MAX_RECORD_BYTES - taken + more
        for number in range(3, 15):
            length = room // (15 - number)  # of the whole record; its heads are 3 + 4 bytes
            card.records[number + 2][2] = tlv.build(0xDF00 + number, bytes(length - 7))
            room -= len(tlv.build(tags.RECORD, card.records[number + 2][2]))
        assert room == 0
        result = tapped(card)
        assert result.reason == message, result.detail
        assert card.debits == ([5] if more == 0 else [])
