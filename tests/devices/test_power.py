# SPDX-License-Identifier: Apache-2.0
"""When the field is on: only while an amount may be asked for, until service ends or rests."""

from firmware.errors import JournalFull
from firmware.formats import record
from tests.small_card import SmallCard
from tests.stand import Stand


def test_field_should_be_off_until_the_amount_may_be_asked_for():
    """QT-034: off when started, on with the first look for a card."""
    stand = Stand()
    assert stand.reader.powered is None and stand.reader.looks == 0
    stand.terminal.turn()
    assert stand.reader.powered is True and stand.reader.looks == 1


def test_field_should_be_off_while_nothing_may_be_sold():
    """QT-034: an amount that is refused, a clock that was never set, a full journal."""
    for extra in ("floor_limit_fen: 199", "cvm_limit_fen: 200", "transaction_limit_fen: 200"):
        stand = Stand(extra)
        stand.terminal.turn()
        assert stand.reader.powered is False and stand.reader.looks == 0, extra
    stand = Stand("clock_from_year: 2026")
    for year, powered in ((2025, False), (2026, True), (2025, False)):
        stand.clock.now = (year, 11, 21, 10, 15, 0)
        stand.terminal.turn()
        assert stand.reader.powered is powered
    stand.clock.now = (2026, 11, 21, 10, 15, 0)
    stand.terminal.turn()
    try:
        while True:
            stand.journal.append(record.pack(record.blank(record.EVENT)))
    except JournalFull:
        pass
    stand.terminal.turn()
    assert stand.reader.powered is False


def test_operator_should_end_service_with_the_field_off():
    """QT-070: said once, no card is looked for again; a stop while a card is held comes too."""
    for card in (None, SmallCard()):
        stand = Stand()
        stand.reader.field = [card] if card else []
        stand.terminal.turn()
        looks = stand.reader.looks
        stand.terminal.stop()
        stand.terminal.turn()
        assert stand.terminal.closed and stand.reader.powered is False
        assert stand.reader.looks == looks and stand.shown() == "red"
        assert stand.log[-3] == ("show", "Out of service: closed", 0)


def test_stop_in_the_middle_of_a_tap_should_commit_nothing():
    """QT-156: at every exchange but the last the card is refused at the gate, not charged."""
    stand, whole = Stand(), SmallCard()
    stand.tap(whole)
    exchanges = len(whole.sent)
    for at in range(1, exchanges + 1):
        stand, card = Stand(), SmallCard()

        def answer(command, answer, stand=stand, card=card, at=at):
            if len(card.sent) == at:
                stand.terminal.stop()
            return answer

        card.edit = answer
        event = stand.tap(card)
        if at < exchanges:
            assert (event["message"], event["taken"]) == ("closed", False), at
            assert card.debits == []
        else:  # the debit stands: it is a sale
            assert event["message"] == "ok" and stand.kinds() == ["approved"]
        assert stand.terminal.closed and stand.reader.powered is False


def test_field_should_rest_when_nobody_comes():
    """QT-070: the time-out of detection; a look each second, and who comes then is served."""
    stand, card = Stand("rest_after_s: 60"), SmallCard()
    stand.terminal.turn()
    stand.clock.advance(59)
    stand.terminal.turn()
    assert stand.reader.powered is True
    stand.clock.advance(1)
    stand.terminal.turn()
    assert stand.reader.powered is False
    looks = stand.reader.looks
    stand.terminal.turn()
    assert stand.reader.looks == looks and stand.reader.powered is False
    stand.clock.advance(1)
    assert stand.tap(card)["message"] == "ok" and card.debits == [5]
    assert stand.reader.powered is True  # awake again until nobody has come for so long
    stand = Stand()
    stand.clock.advance(100000)
    stand.terminal.turn()
    assert stand.reader.powered is True  # where it is not asked for, it never rests
