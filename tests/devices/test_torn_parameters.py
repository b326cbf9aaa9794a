# SPDX-License-Identifier: Apache-2.0
"""Torn taps by parameter and by what a card tells beside its balance (qpboc.md H)."""

from firmware.kernel import apdu, tags
from tests.full_card import INS_GET_TRANS_PROVE, FullCard
from tests.small_card import LAST, SmallCard
from tests.stand import Stand, torn_stand


def test_card_used_elsewhere_should_leave_a_debit_that_its_log_proves():
    """qpboc.md H, greater ATC and logged: debited, unproven; served as a new customer (QT-177)."""
    stand, card = torn_stand(FullCard(), logs=True)
    card.atc, card.balance_fen = 6, 9500
    card.log.insert(0, bytes(len(card.log[0])))
    assert stand.tap(card)["message"] == "ok" and card.debits == [5, 7]
    assert [(kind, one["reason"], one["atc"]) for kind, one in stand.records()] == [
        ("debited-unproven", "used_elsewhere", 5),
        ("approved", "ok", 7),
    ]


def test_debit_that_the_card_proves_should_be_told_as_refused():
    """QT-178, QT-180: its log says so, its signature cannot be had; the issuer has to refund."""
    hidden = (tags.EC_BALANCE,)
    stand, card = torn_stand(FullCard(), extra="same_card_s: 60", logs=True, hides=hidden)
    head = apdu.read_record(3, 3)
    card.edit = lambda command, answer: b"\x69\x85" if command == head else answer
    event = stand.tap(card)
    assert (event["message"], event["taken"]) == ("debited_refused", True)
    assert stand.kinds() == ["debited-unproven"]
    assert stand.tap(card)["message"] == "refund_due" and card.debits == [5]


def test_balance_should_be_read_before_the_gpo_where_it_is_asked_for():
    """QT-175: it costs two exchanges, lasts over a restart and alone decides."""
    for acted, message in ((True, "torn_recovered"), (False, "ok")):
        extra = "same_card_s: 0\nbalance_before: yes"
        stand, card = torn_stand(FullCard(), acted, extra, offline_amount=False)
        stand.restart()
        assert stand.tap(card)["message"] == message
        assert len(card.debits) == 1 and card.balance_fen == 9800
    stand, card = torn_stand(FullCard(), True, offline_amount=False)
    assert stand.tap(card)["message"] == "torn_suspect"
    for extra, asked in (("", 0), ("balance_before: yes", 2)):
        stand, card = Stand(extra), SmallCard()
        stand.tap(card)
        assert card.asked(apdu.INS_GET_DATA) == asked
        if asked:
            assert [one[1] for one in card.sent[2:5]] == [0xCA, 0xCA, apdu.INS_GPO]


def test_certificates_should_be_judged_as_of_the_day_of_the_tap():
    """QT-179: torn before midnight on the last day of the card, and settled after it."""
    stand, card = torn_stand(FullCard(expiry="261121"))
    stand.clock.now = (2026, 11, 22, 0, 0, 5)
    assert stand.tap(card)["message"] == "torn_recovered"


def test_two_cards_that_hide_their_numbers_should_each_find_their_entry():
    """QT-182, QT-184: with the same counter only the number in 9F69 tells them apart."""
    stand, first = torn_stand(FullCard())
    second = FullCard("6228000100000028")
    second.nonce = b"\x02\x02\x02\x02"
    second.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert stand.tap(second)["outcome"] == "torn_pending"
    last = apdu.read_record(3, 3)
    for card in (first, second):
        card.edit = lambda command, answer: (
            b"\x69\x85" if command[1] == apdu.INS_READ_RECORD and command != last else answer
        )
    for card in (second, first):
        assert stand.tap(card)["message"] == "torn_recovered"
    assert [values["pan"].hex() for _, values in stand.records()] == [second.pan, first.pan]


def test_proof_should_be_asked_for_as_the_parameters_say():
    """QT-178."""
    for word, asked in (("fci", 0), ("always", 1), ("never", 0)):
        stand, card = torn_stand(FullCard(), True, "trans_prove: " + word, proves=True)
        assert stand.tap(card)["message"] == "torn_recovered"
        assert card.asked(INS_GET_TRANS_PROVE) == asked


def test_prompt_should_last_as_the_parameters_say():
    """QT-168: the amber light, and the window of who was asked for the same card again."""
    stand, card = torn_stand(extra="same_card_s: 0\ntorn_prompt_s: 20")
    stand.clock.advance(19)
    stand.terminal.turn()
    assert stand.shown() == "amber"
    stand.clock.advance(1)
    stand.terminal.turn()
    assert stand.shown() == "blue"
    stand.clock.advance(39)
    card.tear = (apdu.INS_GET_DATA, 1, False)
    assert stand.tap(card)["message"] == "last_record_lost"
    card.tear = None
    stand.clock.advance(19)
    stand.terminal.turn()
    assert len(stand.journal.pending()) == 1
    stand.clock.advance(1)
    stand.terminal.turn()
    assert stand.kinds() == ["pending"]


def test_fourth_open_tap_should_make_the_oldest_pending():
    """QT-168: at most three."""
    stand, cards = Stand("same_card_s: 0"), []
    for number in range(4):
        card = SmallCard("62280001000000%02d" % number, atc=number)
        card.tear = (apdu.INS_READ_RECORD, LAST, True)
        assert stand.tap(card)["message"] == "last_record_lost"
        cards.append(card)
    assert [(kind, values["reason"], values["atc"]) for kind, values in stand.records()] == [
        ("pending", "too_many_open", 1)
    ]
    for card in reversed(cards[1:]):
        assert stand.tap(card)["message"] == "torn_recovered"
    assert stand.kinds() == ["pending"] + ["approved"] * 3 and stand.journal.pending() == []
