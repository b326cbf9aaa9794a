# SPDX-License-Identifier: Apache-2.0
"""Torn transactions: every row of the decision table, no GPO before it (qpboc.md H)."""

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.kernel import apdu, selection, tags, tlv, torn
from tests.cards import AIDS, again, present, purchase_from
from tests.small_card import CAPK, LAST, TODAY, SmallCard, bend, replaced, values

PURCHASE = purchase_from(values(), TODAY, (CAPK,))


def torn_card(acted=True, **how):
    """(card, the Tap that stayed open): the answer to the last record was lost."""
    card = SmallCard(**how)
    card.tear = (apdu.INS_READ_RECORD, LAST, acted)
    open_taps = []
    assert present(card, PURCHASE, open_taps).outcome == "torn_pending"
    card.sent = []
    return card, open_taps[0]


def resumed(card, tap, lose_at=None):
    """Verdict of the re-tap dialogue; the test fails when a GPO is in it (QT-171)."""

    def steps():
        selected = yield from selection.select_application(AIDS)
        return (yield from torn.resume(selected, tap, PURCHASE))

    count = [0]

    def exchange(command, spare=None):
        count[0] += 1
        if count[0] == lose_at:
            raise LinkLost("gone")
        return card.exchange(command)

    card.power_up()
    verdict = drive(steps(), exchange)
    assert card.asked(apdu.INS_GPO) == 0
    return verdict


def get_data(card, tag, value):
    """Let GET DATA of `tag` answer with hex `value`; "" is 6A88."""
    head = apdu.get_data(tag)
    answer = tlv.build(tag, bytes.fromhex(value)) + b"\x90\x00" if value else b"\x6a\x88"
    card.edit = lambda command, good: answer if command == head else good


def test_debit_that_stands_should_be_completed():
    """QT-174, QT-179: equal ATC, balance before minus amount, last record again, fDDA."""
    card, tap = torn_card()
    verdict = resumed(card, tap)
    result = verdict.outcome
    assert verdict.verdict == torn.RECOVERED
    assert (result.outcome, result.reason) == ("recovered", "torn_recovered")
    assert (result.oda, result.balance_fen, result.taken) == ("fdda01", 9800, True)
    assert result.tap.atc() == 5 and card.debits == [5]
    assert card.sent[-1] == apdu.read_record(3, 3)


def test_debit_that_was_taken_back_should_be_void():
    """QT-181."""
    card, tap = torn_card(acted=False)
    verdict = resumed(card, tap)
    assert (verdict.verdict, verdict.outcome) == (torn.NOT_DEBITED, None)
    assert card.debits == [] and card.asked_last() == 0


def test_balance_that_is_neither_should_be_suspect():
    for value in (
        "000000009799",
        "000000010001",
        "000000000000",
        "00000001000A",
        "0000009800",
        "",
    ):
        card, tap = torn_card()
        get_data(card, tags.EC_BALANCE, value)
        assert resumed(card, tap).verdict == torn.SUSPECT, value
        assert card.asked_last() == 0


def test_counter_should_tell_the_cards_story():
    """QT-172: equal, greater, smaller, not told."""
    for value, wanted in (
        ("0006", torn.MOVED_ON),
        ("FFFF", torn.MOVED_ON),
        ("0004", torn.OTHER),
        ("0000", torn.OTHER),
        ("", torn.SUSPECT),
        ("05", torn.SUSPECT),
    ):
        card, tap = torn_card()
        get_data(card, tags.ATC, value)
        assert resumed(card, tap).verdict == wanted, value


def test_other_cards_should_be_left_alone():
    """QT-182: another number with the same or a greater counter, another application."""
    _, tap = torn_card()
    for atc in (5, 6):
        assert resumed(SmallCard("6228000100000028", atc=atc), tap).verdict == torn.OTHER, atc
    card, tap = torn_card()
    tap.selected = selection.Selected(card.uid, {}, tap.selected.pdol, tap.selected.pdol_value)
    assert resumed(card, tap).verdict == torn.OTHER
    assert card.asked(apdu.INS_GET_DATA) == 0


def test_card_that_does_not_give_its_last_record_again_should_be_unproven():
    """QT-180: what a balance shows may be taken back at the next GPO, so nobody knows."""
    card, tap = torn_card()
    sfi, number, _ = tap.read_list()[-1]
    head = apdu.read_record(sfi, number)
    card.edit = lambda command, answer: b"\x69\x85" if command == head else answer
    verdict = resumed(card, tap)
    assert verdict.verdict == torn.UNPROVEN
    assert verdict.outcome.outcome == "torn_pending" and verdict.outcome.taken is None


def test_card_that_hides_its_records_should_say_nothing_of_the_entry():
    """JR/T 0025.7 §8.3.2.1 lets records depend on GPO: it may be anybody's with this counter."""
    for before_fen in (False, True):
        card, tap = torn_card()
        card.free_records = False
        if before_fen:
            card.balance_fen = tap.balance_fen() + tap.amount_fen()
        assert resumed(card, tap).verdict == torn.SUSPECT
    card, tap = torn_card()
    card.free_records = False
    card.atc = 6
    assert resumed(card, tap).verdict == torn.OTHER


def test_currency_should_be_that_of_the_sale():
    """QT-173."""
    card, tap = torn_card()
    card.currency = b"\x03\x44"
    assert resumed(card, tap).verdict == torn.SUSPECT
    card, tap = torn_card()
    get_data(card, tags.CARD_CURRENCY, "")  # not every card tells it (qpboc.md 3, point 9)
    assert resumed(card, tap).verdict == torn.RECOVERED


def test_balance_should_prove_something():
    """QT-175, QT-176: no balance in the GPO answer, or an allowance may have paid."""
    for iad, amount in (("0701010390000001", None), ("07010103900000010A02" + "00" * 9, "9800")):
        card = SmallCard()
        card.edit = bend(
            "80A8",
            lambda pairs: replaced(
                replaced(pairs, tags.IAD, bytes.fromhex(iad)),  # noqa: B023
                tags.AVAILABLE_OFFLINE_AMOUNT,
                bytes.fromhex("00000000" + amount) if amount else None,  # noqa: B023
            ),
        )
        card.tear = (apdu.INS_READ_RECORD, LAST, True)
        open_taps = []
        present(card, PURCHASE, open_taps)
        card.sent = []
        assert resumed(card, open_taps[0]).verdict == torn.SUSPECT


def test_signature_should_be_checked_before_it_counts():
    """QT-180: 9F69 of another transaction, none, a record that is no record."""
    last = apdu.read_record(3, 3)
    for change in (
        lambda answer: tlv.build(0x70, tlv.build(0x9F69, b"\x01" + b"\x07" * 7)) + b"\x90\x00",
        lambda answer: tlv.build(0x70, b"") + b"\x90\x00",
        lambda answer: b"\x6f\x00\x90\x00",
        lambda answer: b"\x6a\x83",
        lambda answer: b"",
    ):
        card, tap = torn_card()
        card.edit = lambda command, answer: change(answer) if command == last else answer  # noqa: B023
        verdict = resumed(card, tap)
        assert verdict.verdict == torn.UNPROVEN
        assert verdict.outcome.oda == "failed" and verdict.outcome.taken is None


def test_lost_links_should_learn_nothing():
    """QT-165: at each exchange of the dialogue; afterwards it goes through."""
    card, tap = torn_card()
    whole = SmallCard()
    whole.tear = (apdu.INS_READ_RECORD, LAST, True)
    present(whole, PURCHASE, [])
    whole.sent = []
    resumed(whole, again(tap))
    count = len(whole.sent)
    assert count == 7  # PPSE, SELECT, 9F36, a record with the number, 9F51, 9F79, last record
    for at in range(3, count + 1):
        assert resumed(card, tap, lose_at=at).verdict == torn.LOST, at
    assert resumed(card, tap).verdict == torn.RECOVERED


def test_entry_should_be_the_same_from_its_bytes():
    """QT-167."""
    _, tap = torn_card()
    copy = again(tap)
    assert (copy.sent, copy.gpo_answer, copy.records) == (tap.sent, tap.gpo_answer, tap.records)
    assert copy.data == tap.data and copy.afl == tap.afl and copy.decision == tap.decision
    assert (copy.pan(), copy.psn(), copy.atc()) == ("6228000100000010", 1, 5)


def test_second_presentation_should_go_on_by_the_verdict():
    """QT-171, QT-179, QT-181, QT-182, QT-185: what the whole dialogue does."""
    card, tap = torn_card()
    open_taps = [tap]
    other = SmallCard("6228000100000028")
    assert present(other, PURCHASE, open_taps).outcome == "approved" and open_taps == [tap]
    assert present(card, PURCHASE, open_taps).outcome == "recovered" and open_taps == []
    assert card.asked(apdu.INS_GPO) == 0 and card.debits == [5]
    card, tap = torn_card(acted=False)
    open_taps = [tap]
    assert present(card, PURCHASE, open_taps).outcome == "approved" and open_taps == []
    assert card.debits == [6]
    card, tap = torn_card()
    get_data(card, tags.EC_BALANCE, "")
    open_taps = [tap]
    assert present(card, PURCHASE, open_taps).outcome == "torn_pending" and open_taps == [tap]
    assert card.asked(apdu.INS_GPO) == 0


def test_link_lost_anywhere_should_debit_once():
    """QT-102, QT-124, QT-165: at every exchange, before and after the card acted, then again."""
    for acted in (False, True):
        for at in range(8):
            card, open_taps, count = SmallCard(), [], [0]
            inner = card.exchange

            def exchange(command, spare=None):
                count[0] += 1  # noqa: B023
                if count[0] - 1 == at and not acted:  # noqa: B023
                    raise LinkLost("before")
                answer = inner(command)  # noqa: B023
                if count[0] - 1 == at:  # noqa: B023
                    raise LinkLost("after")
                return answer

            card.exchange = exchange
            first = present(card, PURCHASE, open_taps)
            assert first.outcome == ("torn_pending" if at == 7 else "try_again"), (at, first)
            assert first.taken is (None if at == 7 else False)
            second = present(card, PURCHASE, open_taps)
            recovered = at == 7 and acted
            assert second.outcome == ("recovered" if recovered else "approved"), (at, acted)
            assert len(card.debits) == 1 and card.balance_fen == 9800
            assert open_taps == []


def test_balance_that_is_no_number_in_the_last_record_should_be_unproven():
    """The record that is read again is not trusted; the balance is in 9F10 here."""
    issuer = bytes.fromhex("07010103900000010A01") + bytes.fromhex("0000009800") + bytes(4)
    last = apdu.read_record(3, 3)
    card = SmallCard()

    def strip(pairs):
        kept = [(tag, issuer if tag == tags.IAD else value) for tag, value in pairs]
        return [pair for pair in kept if pair[0] != tags.AVAILABLE_OFFLINE_AMOUNT]

    card.edit = bend("80A8", strip)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    open_taps = []
    assert present(card, PURCHASE, open_taps).outcome == "torn_pending"
    card.tear = None
    body = tlv.build(0x70, tlv.build(0x9F5D, b"\xff" * 6)) + b"\x90\x00"
    card.edit = lambda command, answer: body if command == last else answer
    card.sent = []
    verdict = resumed(card, open_taps[0])
    assert verdict.verdict == torn.UNPROVEN and verdict.outcome.balance_fen == 9800
