# SPDX-License-Identifier: Apache-2.0
"""Torn taps on a bus: amber, then exactly one of sale, void, suspect, unproven (qpboc.md H)."""

from firmware.devices.timekeeper import Timekeeper
from firmware.kernel import apdu, tags
from sim.flash import PowerCut
from tests.small_card import LAST, SmallCard
from tests.stand import Stand, torn_stand


def test_debit_that_stands_should_become_the_one_sale():
    """QT-169, QT-171, QT-179: no second GPO, original ATC and TC."""
    stand, card = torn_stand()
    event = stand.tap(card)
    assert (event["outcome"], event["message"]) == ("recovered", "torn_recovered")
    assert card.asked(apdu.INS_GPO) == 0 and card.debits == [5]
    (kind, values) = stand.records()[0]
    assert (kind, values["reason"], values["recovered"]) == ("approved", "torn_recovered", 1)
    assert (values["atc"], values["tc"], values["oda"]) == (5, bytes(7) + b"\x05", "fdda01")
    assert values["balance_fen"] == 9800 and len(stand.records()) == 1
    assert stand.journal.pending() == [] and stand.shown() == "green"
    assert ("lamp", "green", 1) in stand.log


def test_debit_that_was_taken_back_should_be_void_and_sold_anew():
    """QT-181."""
    stand, card = torn_stand(acted=False)
    event = stand.tap(card)
    assert (event["outcome"], event["message"]) == ("approved", "ok")
    assert stand.kinds() == ["void", "approved"] and card.debits == [6]
    assert [values["atc"] for _, values in stand.records()] == [5, 6]
    assert stand.journal.pending() == []


def test_card_that_is_still_there_should_be_completed_without_its_owner():
    """QT-170."""
    stand, card = Stand(), SmallCard()
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert stand.hold(card) == ["torn_pending", "recovered"]
    assert card.debits == [5] and stand.kinds() == ["approved"]


def test_other_card_should_be_served_in_between():
    """QT-182."""
    stand, card = torn_stand()
    other = SmallCard("6228000100000028")
    assert stand.tap(other)["message"] == "ok"
    assert len(stand.journal.pending()) == 1
    assert stand.tap(card)["message"] == "torn_recovered"
    assert stand.kinds() == ["approved", "approved"] and stand.journal.pending() == []
    assert card.debits == [5] and other.debits == [5]


def test_recovered_card_should_not_pay_again():
    stand, card = torn_stand(extra="same_card_s: 60")
    stand.tap(card)
    assert stand.tap(card)["message"] == "already_paid" and card.debits == [5]


def test_time_over_should_make_it_pending():
    """QT-168, QT-183: never a sale, never forgotten."""
    stand, card = torn_stand()
    stand.clock.advance(59)
    stand.terminal.turn()
    assert stand.records() == []
    stand.clock.advance(1)
    stand.terminal.turn()
    (kind, values) = stand.records()[0]
    assert (kind, values["reason"], values["atc"]) == ("pending", "last_record_lost", 5)
    assert values["tc"] == bytes(7) + b"\x05" and stand.journal.pending() == []
    assert stand.tap(card)["message"] == "ok" and card.debits == [5, 6]


def test_clock_that_was_put_right_should_end_no_window_at_the_next_start():
    """What the host has said is lost with the power: the clock is fast again, and nobody has
    waited. QT-168; neither is a rider who has paid charged again (TD-005).
    """
    stand, card = Stand("same_card_s: 60"), SmallCard()
    wall = stand.clock
    wall.utc_s += 2400
    _start_by(stand, wall)
    stand.clock.heard(wall.utc_s - 2400, 100)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    stand.tap(card)
    assert len(stand.journal.pending()) == 1 and stand.clock.offset_s == -2400
    _start_by(stand, wall)
    assert stand.tap(card)["message"] == "torn_recovered" and card.debits == [5]
    stand.clock.heard(wall.utc_s - 2400, 100)
    other = SmallCard("6228000100000028")
    assert stand.tap(other)["message"] == "ok"
    _start_by(stand, wall)
    assert stand.tap(other)["message"] == "already_paid" and other.debits == [5]


def _start_by(stand, wall):
    stand.clock = Timekeeper(wall, 3600, 30, 1)
    stand.restart()


def test_steps_of_the_clock_should_not_end_the_window():
    """Else the second tap would be a second debit."""
    for step_s in (-1, -1800, 3600):
        stand, card = torn_stand(extra="same_card_s: 60")
        stand.clock.utc_s += step_s
        stand.terminal.turn()
        assert stand.kinds() == [], step_s
        assert stand.tap(card)["message"] == "torn_recovered" and card.debits == [5]
        stand.clock.utc_s += step_s
        assert stand.tap(card)["message"] == "already_paid" and card.debits == [5]


def test_restart_with_a_clock_that_was_never_set_should_keep_the_entry():
    """QT-015: its age is not known, and too short a window is a second debit."""
    stand, card = torn_stand()
    stand.clock.now = (2021, 1, 1, 0, 0, 0)
    stand.clock.utc_s = 1609459200
    stand.restart()
    assert stand.records() == []
    assert stand.tap(card)["message"] == "torn_recovered" and card.debits == [5]


def test_link_lost_before_the_card_is_known_should_not_say_not_charged():
    """QT-169: whose debit is open nobody knows."""
    stand, card = torn_stand()
    card.tear = (apdu.INS_SELECT, 1, False)
    event = stand.tap(card)
    assert (event["message"], event["taken"]) == ("last_record_lost", None)
    card.tear = None
    assert stand.tap(card)["message"] == "torn_recovered" and card.debits == [5]


def test_card_of_an_open_entry_should_get_no_second_debit_by_any_way():
    """QT-185: it hides its records and its counter, and looks like another card."""
    stand, card = torn_stand()
    head = apdu.get_data(tags.ATC)
    card.free_records = False
    card.edit = lambda command, answer: b"\x6a\x88" if command == head else answer
    assert stand.tap(card)["message"] == "torn_suspect" and card.debits == [5]


def test_window_should_not_close_on_who_was_asked_again():
    stand, card = torn_stand()
    stand.clock.advance(59)
    card.tear = (apdu.INS_GET_DATA, 1, False)
    assert stand.tap(card)["message"] == "last_record_lost"
    assert stand.terminal.torn_taps.holds(card.pan, 1)  # QT-185, however it is hidden
    assert not stand.terminal.torn_taps.holds(card.pan, 2)
    card.tear = None
    stand.clock.advance(5)
    stand.terminal.turn()
    assert stand.tap(card)["message"] == "torn_recovered" and card.debits == [5]


def test_restart_inside_the_window_should_go_on():
    """QT-167, QT-183."""
    stand, card = torn_stand()
    stand.restart()
    assert stand.records() == []
    assert stand.tap(card)["message"] == "torn_recovered"
    assert stand.kinds() == ["approved"] and card.asked(apdu.INS_GPO) == 0


def test_restart_after_the_window_should_make_it_pending():
    stand, card = torn_stand()
    stand.clock.advance(60)
    stand.restart()
    assert stand.kinds() == ["pending"] and stand.journal.pending() == []
    assert stand.tap(card)["message"] == "ok"


def test_restart_should_close_the_window_where_the_operator_wants_it():
    stand, card = torn_stand(extra="torn_over_restart: no")
    stand.restart()
    assert [(kind, values["reason"]) for kind, values in stand.records()] == [
        ("pending", "restarted")
    ]
    assert card.debits == [5]


def test_suspect_card_should_get_no_second_gpo():
    """QT-185: until the window is over."""
    stand, card = torn_stand()
    head = apdu.get_data(tags.EC_BALANCE)
    card.edit = lambda command, answer: b"\x6a\x88" if command == head else answer
    for _ in range(2):
        event = stand.tap(card)
        assert (event["outcome"], event["message"]) == ("torn_pending", "torn_suspect")
        assert stand.shown() == "amber"
    assert card.asked(apdu.INS_GPO) == 0 and stand.records() == []
    stand.clock.advance(60)
    stand.terminal.turn()
    assert stand.kinds() == ["pending"]


def test_debit_without_proof_should_be_unproven():
    """QT-180: the last record after GPO only; never approved, told to the rider as refused."""
    stand, card = torn_stand()
    head = apdu.read_record(3, 3)
    card.edit = lambda command, answer: b"\x69\x85" if command == head else answer
    event = stand.tap(card)
    assert (event["message"], event["taken"]) == ("debited_unproven", None)
    (kind, values) = stand.records()[0]
    assert (kind, values["reason"]) == ("debited-unproven", "debited_unproven")
    assert stand.shown() == "red" and stand.journal.pending() == []
    assert card.asked(apdu.INS_GPO) == 0


def test_card_used_elsewhere_should_be_a_new_customer():
    """qpboc.md H, greater ATC: the entry goes up as pending, the card is served."""
    stand, card = torn_stand()
    card.atc, card.balance_fen = 9, 5000
    assert stand.tap(card)["message"] == "ok"
    assert [(kind, values["reason"]) for kind, values in stand.records()] == [
        ("pending", "used_elsewhere"),
        ("approved", "ok"),
    ]


def test_tear_before_the_commit_should_leave_nothing():
    """QT-102, QT-124, QT-165."""
    for instruction, at in ((apdu.INS_SELECT, 0), (apdu.INS_GPO, 0), (apdu.INS_READ_RECORD, 3)):
        for acted in (False, True):
            stand, card = Stand("same_card_s: 0"), SmallCard()
            card.tear = (instruction, at, acted)
            event = stand.tap(card)
            assert (event["outcome"], event["message"]) == ("try_again", "card_lost")
            assert stand.records() == [] and stand.journal.pending() == []
            assert ("show", "Tap again, not charged", 0) in stand.log
            assert stand.tap(card)["message"] == "ok" and len(card.debits) == 1


def test_entry_that_decayed_should_still_go_up_under_its_number():
    """QT-184: nothing can be proven with it, so it is no sale; the card is served."""
    stand, card = torn_stand()
    for block in stand.flash.blocks[:4]:
        at = bytes(block).find(card.track)
        if at >= 0:
            block[at] ^= 0x10
    assert stand.tap(card)["message"] == "ok"
    assert [(kind, values["reason"]) for kind, values in stand.records()] == [
        ("pending", "entry_damaged"),
        ("approved", "ok"),
    ]
    assert stand.journal.pending() == [] and stand.journal.settled_upto() == 2


def test_entry_that_nobody_can_read_should_not_hide_the_next_at_a_restart():
    """QT-183, QT-184: as of another version; closed under its own number, the others stay open."""
    stand = Stand("same_card_s: 0")
    assert stand.journal.open(b"\x63 of a version to come") == 1
    card = SmallCard()
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    stand.tap(card)
    stand.restart()
    assert [(kind, values["reason"]) for kind, values in stand.records()] == [
        ("pending", "entry_damaged")
    ]
    assert [sequence for sequence, _ in stand.journal.pending()] == [2]
    assert stand.tap(card)["message"] == "torn_recovered"


def test_power_cut_anywhere_in_a_tap_should_lose_and_double_nothing():
    """QT-013, QT-157, QT-184: cut at every flash operation; the card decides what is true."""
    operations = 1
    cut_at = 0
    while cut_at < operations:
        stand, card = Stand("same_card_s: 0"), SmallCard()
        began = stand.flash.operations
        stand.flash.cut(cut_at, seed=cut_at)
        try:
            stand.tap(card)
            operations = stand.flash.operations - began
        except PowerCut:
            operations = cut_at + 2
        stand.reader.field = []
        stand.flash.restart()
        stand.restart()
        kinds = stand.kinds()
        opened = len(stand.journal.pending())
        assert len(kinds) + opened <= 1
        if card.debits:
            assert kinds == ["approved"] or opened == 1, cut_at
        event = stand.tap(card)
        assert event["message"] in ("ok", "torn_recovered"), cut_at
        assert stand.journal.pending() == []
        assert stand.kinds().count("approved") == len(card.debits), cut_at
        cut_at += 1
    assert cut_at >= 3


def test_torn_tap_should_be_completed_though_the_journal_takes_no_more():
    """QT-155: its room was kept when it was opened."""
    stand, card = torn_stand()
    stand.journal.room = lambda: 0
    assert stand.tap(card)["message"] == "torn_recovered" and card.debits == [5]
    assert stand.tap(SmallCard("6228000100000028")) is None and stand.shown() == "red"
