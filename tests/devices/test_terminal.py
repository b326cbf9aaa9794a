# SPDX-License-Identifier: Apache-2.0
"""The loop of a bus: what stops a sale, what heals, what a rider sees in between."""

from firmware.errors import JournalFull
from firmware.formats import record
from tests.small_card import SmallCard
from tests.stand import Stand


def test_full_journal_should_stop_the_sale_before_a_card_is_looked_for():
    """QT-155, CL-014: a clear message, no field, said once."""
    stand = Stand()
    filler = record.pack(record.blank(record.EVENT))
    try:
        while True:
            stand.journal.append(filler)
    except JournalFull:
        pass
    looks = stand.reader.looks
    card = SmallCard()
    assert stand.hold(card) == [] and card.sent == []
    assert stand.reader.looks == looks and stand.shown() == "red"
    assert stand.log[-3:] == [
        ("show", "Out of service: storage full", 0),
        stand.log[-2],
        ("beep", "no", 0),
    ]
    stand.journal.acknowledge(stand.journal.settled_upto())
    assert stand.tap(card)["message"] == "ok"


def test_clock_that_was_never_set_should_stop_the_sale():
    """QT-015."""
    stand, card = Stand("clock_from_year: 2026"), SmallCard()
    stand.clock.now = (2025, 12, 31, 23, 59, 59)
    assert stand.hold(card) == [] and card.sent == []
    assert ("show", "Out of service: clock not set", 0) in stand.log
    stand.clock.now = (2026, 1, 1, 0, 0, 0)
    stand.clock.advance(2)
    assert stand.tap(card)["message"] == "ok"


def test_clock_that_went_back_should_stop_the_sale():
    """QT-015: further than `clock_back_s`, also over a restart; no field; 0 switches it off."""
    for extra, back_s, sells in (
        ("", 3600, True),
        ("", 3601, False),
        ("clock_back_s: 10", 10, True),
        ("clock_back_s: 10", 11, False),
        ("clock_back_s: 0", 10**8, True),
    ):
        for restart in (False, True):
            stand, card = Stand(extra), SmallCard("6228000100000028")
            stand.tap(SmallCard())
            stand.clock.utc_s -= back_s
            if restart:
                stand.restart()
            assert bool(stand.tap(card)) is sells, (extra, back_s, restart)
            assert (card.debits == [5]) is sells and stand.reader.powered is sells
            if not sells:
                assert card.sent == [] and stand.log[-3][1] == "Out of service: clock not set"
                stand.clock.utc_s += back_s
                assert stand.tap(card)["message"] == "ok"


def test_fare_that_may_not_be_charged_should_stop_the_sale_and_be_said_once():
    """QT-041, QT-046, TD-006."""
    for extra, line in (
        ("transaction_limit_fen: 200", "Over limit: use other means"),
        ("floor_limit_fen: 199", "Needs online: use other means"),
        ("cvm_limit_fen: 200", "Needs online: use other means"),
    ):
        stand, card = Stand(extra), SmallCard()
        assert stand.hold(card) == [] and card.sent == []
        assert [one for one in stand.log if one[0] == "beep"] == [("beep", "no", 0)], extra
        assert ("show", line, 0) in stand.log


def test_reader_that_heals_should_go_on_unseen():
    """PD-34, TD-019."""
    stand, card = Stand(), SmallCard()
    stand.reader.failures = 1
    seen = len(stand.log)
    stand.terminal.turn()
    assert stand.reader.recoveries == 1 and len(stand.log) == seen
    assert stand.events[-1]["event"] == "reader"
    assert stand.tap(card)["message"] == "ok"


def test_reader_that_does_not_heal_should_say_so_once_and_go_on_trying():
    stand, card = Stand(), SmallCard()
    stand.reader.failures, stand.reader.heals = 5, False
    for _ in range(5):
        stand.terminal.turn()
        stand.terminal.turn()  # left alone for a second
        stand.clock.advance(1)
    assert stand.reader.recoveries == 5 and stand.shown() == "red"
    assert [one for one in stand.log if one[0] == "beep"] == [("beep", "no", 0)]
    assert len([one for one in stand.events if one["event"] == "reader"]) == 1
    stand.clock.advance(2)
    assert stand.tap(card)["message"] == "ok"


def test_reader_failing_while_removal_is_awaited_should_not_charge_twice():
    stand, card = Stand("same_card_s: 0"), SmallCard()
    stand.reader.field = [card]
    stand.terminal.turn()
    stand.reader.failures = 2
    for _ in range(20):
        stand.terminal.turn()
    assert card.debits == [5]


def test_field_should_be_reset_after_every_card():
    """QT-068, QT-239."""
    stand = Stand()
    for card in (SmallCard(), SmallCard("6228000100000028", balance_fen=1)):
        resets = stand.reader.resets
        stand.reader.field = [card]
        stand.terminal.turn()
        assert stand.reader.resets == resets + 1
        stand.tap()


def test_result_should_stand_a_while_and_then_give_way():
    """TD-003, QT-168: one second; ten where the same card is wanted again."""
    for balance_fen, line, hold_s in ((10000, "Paid 2.00, balance 98.00", 1), (1, "Declined", 1)):
        stand = Stand()
        stand.tap(SmallCard(balance_fen=balance_fen))
        assert stand.log[-3][1].startswith(line) or stand.log[-2][1].startswith(line)
        stand.clock.advance(hold_s)
        stand.terminal.turn()
        assert stand.log[-2:] == [("show", "Tap card, fare 2.00", 0), ("lamp", "blue", 1)]
        seen = len(stand.log)
        stand.terminal.turn()
        assert len(stand.log) == seen


def test_prompt_for_the_same_card_should_stand_ten_seconds():
    stand, card = Stand(), SmallCard()
    card.tear = (0xA8, 0, False)
    stand.tap(card)
    for seconds, colour in ((1, "amber"), (8, "amber"), (1, "blue")):
        stand.clock.advance(seconds)
        stand.terminal.turn()
        assert stand.shown() == colour, seconds


def test_start_should_show_the_fare():
    """QT-047."""
    stand = Stand("# nothing")
    assert stand.log[:2] == [("show", "Tap card, fare 2.00", 0), ("lamp", "blue", 0)]
    assert stand.events == [{"event": "ready"}]


def test_tap_event_should_say_it_all_with_a_masked_number():
    """QT-033, CL-016."""
    stand, card = Stand(), SmallCard()
    event = stand.tap(card)
    assert event["card"] == "622800******0010" and card.pan not in repr(event)
    assert (event["cryptogram"], event["oda"], event["atc"]) == ("TC", "fdda01", 5)
    assert event["sequence"] == 1 and event["exchanges"] == 8
    assert event["uid"] == card.uid.hex() and event["ats"] == card.ats.hex()


def test_flickering_card_should_be_sent_away_after_some_tries():
    """A card that loses the link each time is not asked for ever."""
    stand, card = Stand(), SmallCard()

    class Flickering:
        kind, uid, ats = card.kind, card.uid, card.ats

        def power_up(self):
            card.power_up()
            card.tear = (0xA8, 0, False)

        def exchange(self, command, spare=None):
            return card.exchange(command)

    outcomes = stand.hold(Flickering(), 40)
    assert outcomes == ["try_again"] * 5 and card.debits == []
