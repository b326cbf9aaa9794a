# SPDX-License-Identifier: Apache-2.0
"""What the last record means for an extended purchase, and the deposit offset (capp.md C, G)."""

from firmware.drive import drive
from firmware.kernel import apdu, capp, capp_offset, tags
from tests.capp_card import METRO, UPDATE_CAPP, CappCard, record_of
from tests.kernel.test_capp_update import frozen_card, of_kind, pay, purchase_of, stamped
from tests.small_card import bend, replaced


def at_last(card, answer):
    """Let the last READ RECORD be answered so, whatever the card did."""
    last = apdu.read_record(card.afl[-4] >> 3, card.afl[-2])
    card.edit = lambda command, good: answer if command == last else good


def test_last_record_should_be_refused_where_nothing_changed():
    """QX-031: 6974 ends a pre-authorisation and a completion as failed, nobody is charged; of a
    deduction the standard does not say it, and nobody knows.
    """
    for kind in (capp.PRE_AUTHORISATION, capp.COMPLETION):
        card, purchase = of_kind(kind)
        before_fen, frozen = card.balance_fen, dict(card.frozen)
        card._update = lambda command: b"\x90\x00"  # acknowledged, and forgotten
        result = pay(card, purchase)
        assert (result.outcome, result.reason, result.taken) == (
            "declined",
            "update_failed",
            False,
        )
        assert (card.balance_fen, card.frozen) == (before_fen, frozen) and card.debits == []
    card, purchase = of_kind(capp.DEDUCTION)
    at_last(card, b"\x69\x74")
    result = pay(card, purchase)
    assert (result.outcome, result.taken) == ("torn_pending", None)


def test_every_other_status_word_at_the_last_record_should_be_unknown():
    """QX-031, QX-040: 9000 alone is an answer."""
    for kind in (1, 2, 3):
        for sw in (0x6985, 0x6A83, 0x6581, 0x6971, 0x6972, 0x6973, 0x6975, 0x9406, 0x0000):
            card, purchase = of_kind(kind)
            at_last(card, sw.to_bytes(2, "big"))
            result = pay(card, purchase)
            assert (result.outcome, result.taken) == ("torn_pending", None), (kind, hex(sw))


def test_signed_offer_should_be_the_one_of_the_fci():
    """QX-006, QX-032, QX-033: each other value of byte 8 is a failed signature after the debit."""
    for df61 in (0x01, 0x81, 0x02, 0x82):
        for offer in range(0, 256, 1 if df61 == 0x01 else 51):
            card = CappCard(df61=df61)
            card.offer = bytes((offer,))
            result = pay(card, purchase_of(card))
            if offer == df61:
                assert (result.outcome, result.oda) == ("approved", "fdda01")
                continue
            assert (result.outcome, result.reason) == ("declined", "oda_failed")
            assert result.taken is True and "DF61" in result.detail


def test_commit_gate_should_stand_behind_the_updates():
    """QX-030: a refusal between them and the last record costs nothing."""
    for head, tag in (("00B201", tags.EXPIRY), ("80A8", tags.SDAD), ("00B202", 0x9F46)):
        card = CappCard()
        before = dict(card.pages)
        card.edit = bend(head, lambda pairs: replaced(pairs, tag, None))  # noqa: B023
        result = pay(card, purchase_of(card, amount_fen=300))
        assert result.taken is False and card.asked(UPDATE_CAPP) == 1
        assert card.asked_last() == 0 and card.pages == before and card.debits == []
    card = CappCard()  # certificates that are no certificates
    spoilt = tags.ISSUER_CERTIFICATE
    card.edit = bend(
        "00B2", lambda pairs: [(tag, bytes(len(v)) if tag == spoilt else v) for tag, v in pairs]
    )
    result = pay(card, purchase_of(card, amount_fen=300))
    assert (result.reason, result.taken) == ("oda_failed", False)
    assert card.asked(UPDATE_CAPP) == 1 and card.asked_last() == 0 and card.debits == []


def test_who_is_refused_when_asked_last_should_pay_nothing():
    """QX-019, QX-030: the rules are asked behind the GPO and again at the gate; "no" at any time
    is no, before the first UPDATE where it is the first.
    """
    said = []

    def denied(at):
        del said[:]

        def refuse(pan, psn):
            said.append(pan)
            return "deny_list" if len(said) == at else ""

        card = CappCard()
        purchase = purchase_of(card, amount_fen=300)
        refusing = type(purchase)(*(purchase[:4] + (refuse,) + purchase[5:]))
        return card, pay(card, refusing)

    assert denied(None)[1].outcome == "approved"
    times = len(said)
    assert times > 1
    for at in range(1, times + 1):
        card, result = denied(at)
        assert (result.reason, result.taken) == ("deny_list", False), at
        assert card.asked(UPDATE_CAPP) == (0 if at == 1 else 1)
        assert card.asked_last() == 0 and card.debits == []


def test_fare_above_the_balance_should_be_the_cards_affair():
    """QX-059, QX-061: up to balance and limit less what is used; then 9F79 is 0."""
    card = CappCard(balance_fen=250)
    card.offset_limit_fen = 1000
    result = pay(card, purchase_of(card, amount_fen=400))
    assert result.outcome == "approved"
    assert (card.balance_fen, card.offset_used_fen) == (0, 150)
    result = pay(card, purchase_of(card, amount_fen=900))
    assert result.reason == "card_declined" and card.offset_used_fen == 150
    card = frozen_card(balance_fen=250)  # QX-057: no offset in a pre-authorisation
    card.offset_limit_fen = 1000
    assert pay(card, purchase_of(card, 2, 400)).reason == "card_declined"
    assert card.pages[(METRO, 0)] == record_of(kind=2) != stamped(record_of(kind=2))


def test_offset_should_be_told_before_and_after():
    """QX-058, QX-060, QX-061: 9F79, DF62, DF63; the run of a public test script."""
    card = CappCard(balance_fen=40000)
    card.offset_limit_fen = 50000
    card.exchange(apdu.select(bytes.fromhex("A000000333010101")))
    funds = drive(capp_offset.read(b"\x01\x56"), card.exchange)
    assert funds == capp_offset.Funds(40000, 50000, 0)
    left = capp_offset.after(funds, 80000)
    assert left == capp_offset.Funds(0, 50000, 40000)
    assert (capp_offset.shown(left, False), capp_offset.shown(left, True)) == (0, 0)
    assert capp_offset.after(funds, 300) == capp_offset.Funds(39700, 50000, 0)
    owed = capp_offset.Funds(700, 1000, 200)
    assert (capp_offset.shown(owed, False), capp_offset.shown(owed, True)) == (700, 500)
    for tag, wanted in ((0xDF62, (40000, 0, 0)), (0xDF63, (40000, 0, 0)), (0x9F79, None)):
        head = apdu.get_data(tag)
        card.edit = lambda command, good: b"\x6a\x88" if command == head else good  # noqa: B023
        told = drive(capp_offset.read(b"\x01\x56"), card.exchange)
        assert (told and tuple(told)) == wanted
