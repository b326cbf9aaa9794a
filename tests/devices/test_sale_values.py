# SPDX-License-Identifier: Apache-2.0
"""What a sale tells of itself: number, amount and class in each of its ends, and by which day."""

from firmware.errors import FormatError, LinkLost
from firmware.kernel import apdu
from tests.bent import declining, forged_late
from tests.small_card import LAST, SmallCard
from tests.stand import Stand, torn_stand

OTHER = "6228000100000028"
TOLD = ("outcome", "message", "sequence", "amount_fen", "fare_class")


def told(event):
    return tuple([event[name] for name in TOLD])


def test_sale_should_tell_number_amount_and_class_however_it_ends():
    """QT-249, QT-262: 0 where nothing was written, the number of the record where one was."""
    stand = Stand()
    nobody = SmallCard()
    nobody.edit = lambda command, answer: b"\x6a\x82"
    assert told(stand.tap(nobody)) == ("other_interface", "no_ppse", 0, 0, "")
    assert told(stand.tap(SmallCard())) == ("approved", "ok", 1, 200, "adult")
    assert told(stand.tap(SmallCard())) == ("declined", "already_paid", 0, 200, "adult")
    old = SmallCard(OTHER, expiry="261120")
    assert told(stand.tap(old)) == ("declined", "expired", 2, 200, "adult")
    assert [number for number, _ in stand.journal.records()] == [1, 2]


def test_debited_and_refused_should_tell_the_number_of_its_record():
    """QT-164."""
    stand = Stand()
    assert told(stand.tap(forged_late())) == ("declined", "debited_refused", 1, 200, "adult")
    assert stand.kinds() == ["debited-refused"]


def test_recovered_should_tell_the_number_of_its_entry():
    """QT-172: the same number as when it was torn."""
    stand, card = torn_stand()
    stand.clock.advance(3)
    event = stand.tap(card)
    assert told(event) == ("recovered", "torn_recovered", 1, 200, "adult"), event
    assert [number for number, _ in stand.journal.records()] == [1]


def test_lost_before_it_was_known_should_name_nothing():
    """QT-169: an entry is open, and this may have been its card."""
    stand, _ = torn_stand()
    other = SmallCard(OTHER)
    other.tear = (apdu.INS_SELECT, 0, False)
    event = stand.tap(other)
    assert told(event) == ("torn_pending", "last_record_lost", 0, 0, ""), event
    assert event["taken"] is None


def test_what_forbids_a_sale_should_hold_behind_an_open_torn_tap():
    """QT-015, QT-155: the open entry lets a card through to the re-tap dialogue alone."""
    stand, card = torn_stand()
    stand.clock.now = (2001, 1, 1, 0, 0, 0)
    other = SmallCard(OTHER)
    event = stand.tap(other)
    assert told(event) == ("other_interface", "clock_not_set", 0, 0, "")
    assert other.asked(apdu.INS_GPO) == 0 and other.debits == []
    assert stand.tap(card)["message"] == "torn_recovered"


def test_torn_tap_should_be_settled_by_the_day_it_was_made():
    """QT-167: a card, and a CA key, that were valid then stay so behind midnight."""
    stand, card = torn_stand(SmallCard(expiry="261121"))
    stand.clock.now = (2026, 11, 22, 0, 0, 1)
    stand.clock.advance(3)
    assert stand.tap(card)["message"] == "torn_recovered" and card.debits == [5]


def test_no_room_should_be_told_with_what_was_asked():
    """QT-155: the gate is passed, the entry cannot be written, nothing is charged."""
    stand, card = Stand(), SmallCard()

    def no_room(entry):
        raise FormatError("no such entry")

    stand.journal.open = no_room
    event = stand.tap(card)
    assert told(event) == ("declined", "card_data", 0, 200, "adult")
    assert event["taken"] is False and event["card"].endswith("0010") and card.debits == []


def test_declined_should_tell_what_was_asked():
    """QT-114."""
    event = Stand().tap(declining())
    assert told(event)[1:] == ("card_declined", 1, 200, "adult") and event["taken"] is False


def test_torn_should_tell_its_number_and_class_at_once_and_again():
    """QT-157, QT-169: the rider's receipt and the operator's claim go by that number."""
    stand, card = Stand("same_card_s: 0"), SmallCard()
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert told(stand.tap(card)) == ("torn_pending", "last_record_lost", 1, 200, "adult")
    card.tear = (apdu.INS_GET_DATA, 0, True)
    assert told(stand.tap(card)) == ("torn_pending", "last_record_lost", 1, 200, "adult")


def test_card_lost_behind_the_dialogue_should_hear_that_nothing_was_charged():
    """QT-072, QT-165: the open torn tap is another card's, that is known by then."""
    stand, _ = torn_stand(extra="class: student 9999 50")
    other = SmallCard(OTHER)
    other.edit = Losing(other)
    event = stand.tap(other)
    assert told(event) == ("try_again", "card_lost", 0, 0, ""), event


class Losing:
    """Takes a card away at the free read of its number: a record that is asked for before GPO."""

    def __init__(self, card):
        self.card = card

    def __call__(self, command, answer):
        if command[1] == apdu.INS_READ_RECORD and self.card.asked(apdu.INS_GPO) == 0:
            raise LinkLost("taken away")
        return answer


def test_limits_should_be_those_of_the_application_that_was_selected():
    """QT-026: one listed application may have room for the fare, and another none."""
    debit, other = "A000000333010101", "A000000333010102"
    limits = "aid: %s exact\naid: %s exact\nlimit: %s transaction 100" % (other, debit, debit)
    stand, card = Stand(limits), SmallCard()
    event = stand.tap(card)
    assert event["outcome"] == "other_interface" and card.asked(apdu.INS_GPO) == 0, event
    assert told(event)[2:] == (0, 200, "adult")


def test_last_place_of_the_journal_should_be_a_sale_s():
    """QT-155, CL-014: room for one is room for one; without it no card is looked for."""
    stand = Stand()
    sale = stand.terminal.sale
    for room, wanted in ((1, ""), (0, "journal_full")):
        stand.journal.room = lambda room=room: room
        assert sale.refused_before() == wanted
