# SPDX-License-Identifier: Apache-2.0
"""Torn sales that changed records: at every exchange, over a restart, settled once (capp.md D)."""

from firmware.formats import extension
from firmware.kernel import apdu
from tests.capp_card import METRO, CappCard, Tearing, record_of
from tests.devices.records_trade import RecordStand
from tests.devices.test_card_records import df60_of

COMMIT = 9  # PPSE, SELECT, READ CAPP, GPO, UPDATE, four records before it


def torn(card, stand, at=COMMIT, acted=True):
    """The event of a tap that is lost at exchange `at`."""
    whole = card.exchange
    line = Tearing(card, at, acted)
    line.card = type("Whole", (), {"exchange": staticmethod(whole)})
    card.exchange = line.exchange
    event = stand.tap(card)
    card.exchange = whole
    card.sent = []
    return event


def card_of(kind):
    card = CappCard(df61=0x02 if kind > 1 else 0x01)
    if kind > 1:
        card.pages = {(METRO, 0): record_of(kind=2)}
    if kind == 3:
        card.frozen[(METRO, 0)] = 500
        card.balance_fen -= 500
    return card


WORDS = {1: "approved", 2: "preauthorised", 3: "approved"}


def test_tap_lost_anywhere_should_pay_and_stamp_once():
    """QX-035, QX-037, QX-040, QX-052: each exchange, before and after the card acted, with and
    without a restart in between; one record says how it ended.
    """
    for acted in (False, True):
        for at in range(COMMIT + 1):
            for restarts in (False, True):
                stand, card = RecordStand(), card_of(1)
                stand.trade.fen = 300
                event = torn(card, stand, at, acted)
                wanted = None if at == COMMIT else False
                assert event is None or event["taken"] is wanted, (at, acted)
                if restarts:
                    stand.restart()
                    stand.trade.fen = 300
                event = stand.tap(card)
                recovered = at == COMMIT and acted
                assert event["outcome"] == ("recovered" if recovered else "approved")
                assert (card.balance_fen, len(card.debits)) == (9700, 1)
                kinds = ["void", "approved"] if at == COMMIT and not acted else ["approved"]
                assert stand.kinds() == kinds and stand.journal.pending() == []


def test_each_kind_should_be_settled_as_what_it_is():
    """QX-036, QX-052: a freeze that was torn is no sale when it is found."""
    for kind in (1, 2, 3):
        for fen in (0, 300):
            stand, card = RecordStand(), card_of(kind)
            stand.trade.kind, stand.trade.fen = kind, fen
            torn(card, stand)
            event = stand.tap(card)
            assert event["message"] == "torn_recovered" and card.asked(apdu.INS_GPO) == 0
            word = WORDS[kind] if fen or kind == 2 else "stamped"
            assert stand.kinds() == [word], (kind, fen)
            kept = extension.of(stand.records()[0][1])
            assert kept["kind"] == kind and len(kept["changes"]) == 1


def test_answer_that_was_kept_should_be_concluded_at_the_start():
    """QX-032, QX-052: the power goes behind the last record; DF61 is compared then too."""
    for offer, wanted in ((b"\x01", "stamped"), (b"\x02", "debited-refused")):
        stand, card = RecordStand(), CappCard()
        card.offer = offer
        settle = stand.journal.settle
        stand.journal.settle = lambda sequence, data: None
        stand.tap(card)
        stand.journal.settle = settle
        assert len(stand.journal.pending()) == 1
        stand.restart()
        assert stand.kinds() == [wanted] and stand.journal.pending() == []


def test_card_used_elsewhere_should_be_known_by_its_stamp():
    """QX-038: debited, without a signature; without the stamp nobody knows."""
    for stamped, wanted in ((True, "debited-unproven"), (False, "pending")):
        stand, card = RecordStand(), CappCard()
        torn(card, stand)
        card.atc += 1
        card.proof = None
        if not stamped:
            card.pages[(METRO, 0)] = record_of()
        event = stand.tap(card)
        assert event["outcome"] == "approved" and df60_of(card) == 1  # a new customer
        assert stand.kinds() == [wanted, "stamped"]


def test_stamp_under_r_mac_should_let_pass_by_parameter():
    """QX-041: refused by default; unproven in the books either way."""
    for flag, message, lamp in (
        ("no", "stamp_refused", "red"),
        ("yes", "stamp_proven", "green"),
    ):
        stand, card = RecordStand("same_card_s: 0\nstamp_lets_pass: " + flag), CappCard(df61=0x81)
        torn(card, stand)
        last = apdu.read_record(3, 3)
        card.edit = lambda command, good: b"\x69\x85" if command == last else good  # noqa: B023
        event = stand.tap(card)
        assert (event["message"], stand.shown()) == (message, lamp)
        assert stand.kinds() == ["debited-unproven"]
        stand, card = RecordStand("same_card_s: 0\nstamp_lets_pass: " + flag), CappCard(df61=0x81)
        torn(card, stand)
        card.edit = lambda command, good: b"\x69\x85" if command == last else good  # noqa: B023
        card.key = b"another"  # the stamp is there, under an R-MAC that is none
        assert stand.tap(card)["message"] == "stamp_refused"
