# SPDX-License-Identifier: Apache-2.0
"""Power that goes between the last answer and the record: the next start closes the sale, once."""

from firmware.formats import record
from sim.flash import PowerCut
from tests.small_card import LAST, SmallCard
from tests.stand import ENTRY_BYTES, FLEET, RECORD_BYTES, Stand, read_texts

LAST_RECORD = "00B2031C"


def cut_behind_the_answer(card, extra="same_card_s: 0", room=99):
    """A Stand whose power went when the answer was durable and the record was not; before it
    there was room for so many sales.
    """
    for at in range(20):
        stand = Stand(extra)
        card.__init__()
        while stand.journal.room() > room:
            stand.journal.append(b"r" * 700)
        stand.flash.cut(at, seed=0)  # the operation in which it goes is not begun
        try:
            stand.tap(card)
        except PowerCut:
            pass
        stand.flash.restart()
        stand.reader.field = []
        journal = type(stand.journal)(stand.flash, ENTRY_BYTES, RECORD_BYTES)
        opened = journal.pending()
        if opened and journal.answer_of(opened[0][0]) is not None:
            return stand, journal.answer_of(opened[0][0])
    raise AssertionError("no such cut")


def test_kept_answer_should_become_the_one_sale_at_the_start():
    """QT-163: the signature is checked at boot, original ATC and TC, no card needed."""
    card = SmallCard()
    stand, answer = cut_behind_the_answer(card)
    assert answer.hex().startswith("70") and card.debits == [5]
    stand.restart()
    kind, values = stand.records()[0]
    assert (kind, values["reason"], values["oda"], values["atc"]) == (
        "approved",
        "ok",
        "fdda01",
        5,
    )
    assert values["tc"] == bytes(7) + b"\x05" and values["balance_fen"] == 9800
    assert stand.journal.pending() == [] and stand.terminal.torn_taps.open == []
    stand.restart()
    assert stand.kinds() == ["approved"]  # once
    assert stand.tap(card)["message"] == "ok" and stand.kinds() == ["approved"] * 2


def test_torn_ends_in_a_full_journal_should_not_keep_it_from_starting():
    """QT-155, QT-163: each costs a block; only an upload makes room, and that needs a start."""
    card = SmallCard()
    stand, _ = cut_behind_the_answer(card, room=1)
    for seed in range(5):
        stand.flash.cut(2, seed, "bits")
        try:
            stand.restart()
        except PowerCut:
            pass
        stand.flash.restart()
    stand.restart()
    assert stand.journal.room() == 0 and len(stand.journal.pending()) == 1
    stand.journal.acknowledge(4)
    stand.restart()
    values = record.unpack(stand.journal.recent(1)[0][1])
    assert values["kind"] == record.APPROVED and card.debits == [5]
    stand.journal.acknowledge(5)
    assert stand.tap(card)["message"] == "ok"


def test_rider_of_a_kept_answer_should_not_pay_again():
    """The same-card guard knows the sale that the start has closed (TD-005)."""
    card = SmallCard()
    stand, _ = cut_behind_the_answer(card, "same_card_s: 60")
    stand.restart()
    assert stand.tap(card)["message"] == "already_paid" and card.debits == [5]


class Forger(SmallCard):
    """Its last record is of another transaction: 9F69 does not fit the signature."""

    def _read(self, sfi, number):
        answer = super()._read(sfi, number)
        if self.card_auth and (sfi, number) == (3, 3):
            return answer.replace(self.card_auth, b"\x01\xff" + self.card_auth[2:])
        return answer


def test_kept_answer_that_does_not_verify_should_be_debited_and_refused():
    """QT-163, QT-164: never approved, with its TC, for the issuer to refund."""
    card = Forger()
    stand, _ = cut_behind_the_answer(card)
    stand.restart()
    kind, values = stand.records()[0]
    assert (kind, values["reason"], values["oda"]) == ("debited-refused", "oda_failed", "failed")
    assert values["tc"] != bytes(8) and stand.journal.pending() == []


def test_kept_answer_whose_key_has_gone_should_be_unproven():
    """QT-163, QT-180: these parameters can no longer say; the debit stands, a person decides."""
    card = SmallCard()
    stand, _ = cut_behind_the_answer(card)
    stand.fleet = read_texts(FLEET.split("ca:")[0])[1]
    stand.restart()
    assert stand.kinds() == ["debited-unproven"] and stand.journal.pending() == []


def test_certificates_should_be_judged_by_the_day_of_the_tap():
    """A start a year later changes nothing about the sale."""
    card = SmallCard()
    stand, _ = cut_behind_the_answer(card)
    stand.clock.now = (2060, 1, 1, 0, 0, 0)
    stand.restart()
    assert stand.kinds() == ["approved"]


def test_entry_without_an_answer_should_stay_open():
    """A torn tap is settled by its card or its window, not by the start."""
    stand, card = Stand(), SmallCard()
    card.tear = (0xB2, LAST, True)
    stand.tap(card)
    stand.restart()
    assert stand.kinds() == [] and len(stand.terminal.torn_taps.open) == 1
