# SPDX-License-Identifier: Apache-2.0
"""What a bus does with cards: pay once, journal before green, refuse without charging."""

from firmware.kernel import apdu, bcd, tags, tlv
from tests.small_card import SmallCard, bend, replaced
from tests.stand import Stand


def test_paid_tap_should_be_journalled_before_green():
    """TD-001, QT-258, QT-262: the record is durable when the lamp turns green."""
    stand, card = Stand(), SmallCard()
    event = stand.tap(card)
    assert (event["outcome"], event["message"], event["taken"]) == ("approved", "ok", True)
    assert ("lamp", "green", 1) in stand.log and ("lamp", "green", 0) not in stand.log
    assert ("beep", "ok", 0) in stand.log and ("show", "Paid 2.00, balance 98.00", 0) in stand.log
    assert card.debits == [5] and stand.journal.pending() == []
    (kind, values) = stand.records()[0]
    assert (kind, values["reason"], values["oda"]) == ("approved", "ok", "fdda01")
    assert (values["amount_fen"], values["full_fare_fen"], values["balance_fen"]) == (
        200,
        200,
        9800,
    )
    assert values["pan"].hex() == card.pan and (values["psn"], values["atc"]) == (1, 5)
    assert (values["line"], values["fare_class"], values["recovered"]) == (5, "adult", 0)
    assert values["tc"] == bytes(7) + b"\x05" and values["uid"] == card.uid


def test_chip_data_should_be_bytes_as_sent_and_received():
    """CL-002, QT-258, QT-259, QT-260."""
    stand, card = Stand(), SmallCard()
    stand.tap(card)
    data = {one.tag: one.value for one in tlv.parse(stand.records()[0][1]["chip_data"])}
    assert data[tags.AMOUNT] == bcd.from_int(200, 6) and data[tags.CURRENCY] == b"\x01\x56"
    gpo = [one for one in card.sent if one[1] == apdu.INS_GPO][0]  # 9F37 is the last of its PDOL
    assert data[tags.UN] == gpo[-5:-1] != bytes(4) and data[tags.DATE] == b"\x26\x11\x21"
    assert data[tags.IAD].hex() == "0701010390000001" and data[tags.AIP] == b"\x7c\x00"
    assert data[tags.DF_NAME].hex() == "a000000333010101" and data[tags.ATC] == b"\x00\x05"
    assert data[tags.EC_APPROVAL_CODE] == b"ECC001" and data[tags.TTQ].hex() == "28000080"
    assert data[tags.CARD_AUTHENTICATION_DATA][0] == 1


def test_next_rider_should_not_wait_for_an_empty_field():
    """QT-073: another fixed UID is another card, also while the last one has hardly gone."""
    stand, first, second = Stand(), SmallCard(), SmallCard("6228000100000028")
    stand.reader.field = [first]
    stand.terminal.turn()
    stand.reader.field = [second]
    assert stand.hold(second, 5) == ["approved"]
    assert first.debits == [5] and second.debits == [5]


def test_phone_that_draws_a_new_uid_should_be_debited_once_while_it_is_held():
    """QT-074, also when the same-card guard is over."""
    stand, phone = Stand("same_card_s: 0"), SmallCard()
    phone.uid = b"\x08\x00\x00\x00"
    stand.reader.field = [phone]
    for number in range(20):
        phone.uid = b"\x08" + number.to_bytes(3, "big")
        stand.terminal.turn()
    assert phone.debits == [5]


def test_held_card_should_be_debited_once():
    """QT-073, QT-074."""
    stand, card = Stand("same_card_s: 0"), SmallCard()
    assert stand.hold(card, 50) == ["approved"]
    assert card.debits == [5] and stand.kinds() == ["approved"]
    assert stand.hold(card, 5) == ["approved"]  # taken away and presented again


def test_same_card_should_not_pay_again_within_its_window():
    """TD-005, TD-035; it is told so, nothing is charged, nothing is written."""
    stand, card = Stand("same_card_s: 60"), SmallCard()
    stand.tap(card)
    stand.clock.advance(59)
    event = stand.tap(card)
    assert (event["outcome"], event["message"]) == ("declined", "already_paid")
    assert stand.shown() == "blue" and ("beep", "known", 0) in stand.log
    assert card.debits == [5] and stand.kinds() == ["approved"]
    stand.restart()
    assert stand.tap(card)["message"] == "already_paid"  # the journal remembers
    assert stand.tap(SmallCard("6228000100000028"))["message"] == "ok"
    stand.clock.advance(1)
    assert stand.tap(card)["message"] == "ok" and len(card.debits) == 2


def test_two_cards_should_be_refused_without_a_word_to_them():
    """QT-056, TD-004."""
    stand, first, second = Stand(), SmallCard(), SmallCard("6228000100000028")
    assert stand.tap(first, second) is None
    assert first.sent == [] and second.sent == []
    assert stand.shown() == "amber" and ("show", "One card only", 0) in stand.log
    assert {"event": "collision"} in stand.events and stand.records() == []
    assert stand.tap(first)["message"] == "ok"


def test_every_gpo_should_carry_a_new_number():
    """QT-030, QT-097: also that of a second try."""
    stand, card = Stand("same_card_s: 0"), SmallCard()
    for tear in (None, (0xA8, 0, False), (0xA8, 0, True), (0xB2, 1, False), None):
        card.tear = tear
        stand.tap(card)
    sent = [one[-5:-1] for one in card.sent if one[1] == apdu.INS_GPO]
    assert len(sent) == 5 and len(set(sent)) == 5  # three of them torn and tried again


def test_stuck_random_source_should_stop_the_sale_before_a_card_is_looked_for():
    """QT-030."""
    stand, card = Stand("same_card_s: 0"), SmallCard()
    stand.tap(card)
    good, stand.random_bytes = stand.random_bytes, lambda count: bytes(range(count))
    stand.restart()
    event = stand.tap(card)  # the first sample told nothing, the second one is the same
    assert (event["message"], event["taken"]) == ("random_stuck", False)
    assert card.asked(apdu.INS_GPO) == 1 and len(card.debits) == 1
    looks = stand.reader.looks
    assert stand.tap(card) is None and stand.reader.looks == looks  # out of service
    assert stand.shown() == "red" and not stand.reader.powered
    assert ("show", "Out of service: random source", 0) in stand.log
    stand.random_bytes = good
    stand.restart()
    assert stand.tap(card)["message"] == "ok"


def test_refusals_should_be_noted_with_their_reason():
    """QT-158, QT-249: nothing charged, the reason word, the card's number."""
    low = SmallCard(balance_fen=199)
    old = SmallCard("6228000100000028", expiry="261120")
    forged = SmallCard("6228000100000036")
    forged.edit = bend("80A8", lambda pairs: replaced(pairs, tags.SDAD, bytes(64)))
    listed = SmallCard("6228000100000044")
    stand = Stand("deny: 6228000100000044")
    for card, reason, line in (
        (low, "card_declined", "Declined, balance 1.99"),
        (old, "expired", "Card expired, not charged"),
        (forged, "oda_failed", "Not verified, not charged"),
        (listed, "deny_list", "No charge: list 0"),
    ):
        event = stand.tap(card)
        assert (event["message"], event["taken"]) == (reason, False)
        kind, values = stand.records()[-1]
        assert (kind, values["reason"]) == ("refused", reason)
        assert values["pan"].hex() == card.pan and values["tc"] == bytes(8)
        assert stand.shown() == "red" and ("show", line, 0) in stand.log
        assert card.debits == []
    assert stand.kinds() == ["refused"] * 4


def test_cards_that_are_none_should_leave_no_record():
    stand = Stand()
    for change, message in (
        (lambda command, answer: b"\x6a\x82", "no_ppse"),
        (lambda command, answer: b"\x69\x85" if command[1] == 0xA8 else answer, "gpo_refused"),
        (
            lambda command, answer: b"\x80\x00\x90\x00" if command[1] == 0xA8 else answer,
            "not_qpboc",
        ),
    ):
        card = SmallCard()
        card.edit = change
        assert stand.tap(card)["message"] == message and stand.shown() == "red"
    assert stand.records() == []


def test_concession_should_pay_its_share():
    """TD-022: the class by the number that is read freely, before the amount is sent."""
    stand = Stand("class: student 62280002 50\nclass: senior 62280003 1")
    student = SmallCard("6228000200000028")
    student.records.append([1, 1, tlv.build(tags.TRACK_2, student.track)])
    event = stand.tap(student)
    assert (event["message"], event["amount_fen"]) == ("concession", 100)
    assert event["fare_class"] == "student" and event["balance_fen"] == 9900
    kind, values = stand.records()[0]
    assert (values["amount_fen"], values["full_fare_fen"]) == (100, 200)
    assert values["fare_class"] == "student" and ("beep", "double", 0) in stand.log
    adult = SmallCard()
    assert stand.tap(adult)["amount_fen"] == 200  # its free read is refused


def test_concession_that_cannot_be_read_freely_should_tap_twice():
    """QT-153: refused at the gate, nothing charged; the class is known the second time."""
    stand, senior = Stand("class: senior 62280003 50"), SmallCard("6228000300000036")
    event = stand.tap(senior)
    assert (event["message"], event["amount_fen"]) == ("fare_changed", 200)
    assert senior.debits == [] and stand.records() == [] and stand.shown() == "amber"
    event = stand.tap(senior)
    assert (event["message"], event["amount_fen"]) == ("concession", 100)
    assert senior.debits == [6] and stand.kinds() == ["approved"]
    stand.clock.advance(200)
    assert stand.tap(senior)["message"] == "fare_changed"  # the hint does not last


def test_hint_should_not_make_another_card_cheaper():
    """The hint is a guess at the next fare; the gate holds the number against it (QT-153)."""
    stand, senior = Stand("class: senior 62280003 50"), SmallCard("6228000300000036")
    stand.tap(senior)
    other = SmallCard("6228000100000028")
    assert stand.tap(other)["message"] == "fare_changed" and other.debits == []
    assert stand.tap(other)["amount_fen"] == 200 and stand.kinds() == ["approved"]


def test_hint_should_serve_a_random_uid():
    """QT-053: the UID of a phone changes at every tap; its rider still pays at the second one."""
    stand, senior = Stand("class: senior 62280003 50"), SmallCard("6228000300000036")
    senior.uid = b"\x08\x01\x02\x03"
    stand.tap(senior)
    senior.uid = b"\x08\x04\x05\x06"
    assert stand.tap(senior)["message"] == "concession" and senior.debits == [6]


def test_free_read_should_be_asked_only_where_classes_exist():
    stand, card = Stand(), SmallCard()
    stand.tap(card)
    assert apdu.read_record(1, 1) not in card.sent
    stand, card = Stand("class: student 62280002 50"), SmallCard()
    stand.tap(card)
    assert card.sent.index(apdu.read_record(1, 1)) == 2
