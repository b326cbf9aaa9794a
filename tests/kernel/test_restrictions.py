# SPDX-License-Identifier: Apache-2.0
"""Reading records and restrictions (JR/T 0025.12 §7.4.3, §7.7.20; QT-122 to QT-141, QT-152)."""

from firmware.kernel import apdu, tags, tlv
from tests.cards import present, purchase_from
from tests.small_card import CAPK, TODAY, SmallCard, bend, replaced, values, without


def tapped(card, today=TODAY, denies=()):
    return present(card, purchase_from(values(), today, (CAPK,), denies))


def refused(card, result):
    """(reason, records read), after checking that the last one was never asked for."""
    assert card.asked_last() == 0 and card.debits == [], result
    assert result.taken is False and result.cryptogram == "TC"
    return result.reason, card.asked(apdu.INS_READ_RECORD)


def read(card):
    """(SFI, record) of each READ RECORD sent."""
    return [(one[3] >> 3, one[2]) for one in card.sent if one[1] == apdu.INS_READ_RECORD]


def test_each_record_should_be_read_once_in_order():
    """QT-122, QT-142, QT-163, QT-214."""
    card = SmallCard()
    assert tapped(card).outcome == "approved"
    assert read(card) == [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)]
    assert card.sent[-1] == apdu.read_record(3, 3)
    assert [one[1] for one in card.sent[:3]] == [0xA4, 0xA4, 0xA8]


def test_last_record_should_be_that_of_the_last_entry():
    """QT-142: one to four entries, the last need not have the highest number."""
    for afl, records in (
        ("10010200" + "18010301", [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)]),
        ("18010101" + "10010200" + "18020300", [(3, 1), (2, 1), (2, 2), (3, 2), (3, 3)]),
        (
            "10010100" + "10020200" + "18010101" + "18020300",
            [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3)],
        ),
        ("18010301" + "10010200", [(3, 1), (3, 2), (3, 3), (2, 1), (2, 2)]),
    ):
        card = SmallCard()
        card.afl = bytes.fromhex(afl)
        result = tapped(card)
        if records[-1] == (3, 3):
            assert result.outcome == "approved", result
            assert read(card) == records
        else:  # the certificate would come with the last record only
            assert refused(card, result) == ("oda_failed", 4) and read(card) == records[:-1]


def test_expiry_should_stop_the_moment_it_is_read():
    """QT-130, QT-131: the last day counts, the day after stops before the next record."""
    for today, wanted in (
        ((2035, 12, 30), "ok"),
        ((2035, 12, 31), "ok"),
        ((2036, 1, 1), "expired"),
        ((2050, 1, 1), "expired"),
    ):
        card = SmallCard()
        result = tapped(card, today)
        assert result.reason == wanted, today
        if wanted == "expired":
            assert refused(card, result) == ("expired", 3)
            card.power_up()
            card.exchange(apdu.select(b"\xa0\x00\x00\x03\x33\x01\x01\x01"))
            assert card.balance_fen == 10000


def test_expiry_inside_a_month_should_count_by_the_day():
    for today, wanted in (((2026, 11, 20), "ok"), ((2026, 11, 21), "expired")):
        card = SmallCard(expiry="261120")
        assert tapped(card, today).reason == wanted


def test_effective_date_should_not_be_in_the_future():
    """QT-134."""
    for effective, wanted in (
        ("261120", "ok"),
        ("261121", "ok"),
        ("261122", "not_yet_valid"),
        ("491231", "not_yet_valid"),
        ("950701", "ok"),  # QT-133
    ):
        card = SmallCard()
        card.personalise("351231", effective)
        result = tapped(card)
        assert result.reason == wanted, effective
        if wanted != "ok":
            assert refused(card, result) == ("not_yet_valid", 3)


def test_dates_that_are_none_should_be_a_card_error():
    for tag, value in ((tags.EXPIRY, "351301"), (tags.EXPIRY, "35120A"), (tags.EFFECTIVE, "00")):
        card = SmallCard()
        card.edit = bend("00B2011C", lambda pairs: replaced(pairs, tag, bytes.fromhex(value)))  # noqa: B023
        assert refused(card, tapped(card)) == ("card_data", 3)


def test_other_status_words_should_end():
    """QT-125: on each record but the last."""
    for sfi, number, count in ((2, 1, 1), (2, 2, 2), (3, 1, 3), (3, 2, 4)):
        for sw in (b"\x6a\x83", b"\x69\x85", b""):
            card = SmallCard()
            head = apdu.read_record(sfi, number)
            card.edit = lambda command, answer: sw if command == head else answer  # noqa: B023
            assert refused(card, tapped(card)) == ("card_data", count)


def test_malformed_records_should_end():
    """QT-126, QT-123."""
    for change in (
        lambda body: body[:-1],
        lambda body: body + b"\x00",
        lambda body: b"\x71" + body[1:],
        lambda body: b"",
        lambda body: tlv.build(0x70, b"\x5f"),
        lambda body: tlv.build(0x70, b"\x5f\x30\x05\x01"),
    ):
        card = SmallCard()
        card.edit = lambda command, answer: (
            change(answer[:-2]) + b"\x90\x00" if command == apdu.read_record(3, 2) else answer  # noqa: B023
        )
        assert refused(card, tapped(card)) == ("card_data", 4)


def test_objects_should_come_once():
    """QT-127: in two records, or in the GPO answer and a record."""
    for tag, value in ((tags.PSN, b"\x01"), (tags.PAN, bytes(8)), (tags.ATC, b"\x00\x05")):
        card = SmallCard()
        card.edit = bend("00B2021C", lambda pairs: pairs + [(tag, value)])  # noqa: B023
        assert refused(card, tapped(card)) == ("card_data", 4)


def test_records_should_be_bounded_in_all():
    """QT-215: 32 records of 256 bytes would fill the memory of a board."""
    card = SmallCard()
    card.afl = bytes.fromhex("10011400" + "18010301")
    for number in range(3, 21):
        card.records.append([2, number, tlv.build(0xDF20 + number, bytes(240))])
    reason, count = refused(card, tapped(card))
    assert reason == "card_data" and count < 20


def test_unknown_objects_should_be_kept():
    """QT-128, QT-129, QT-135: vendor tags, two names, an AUC of zeros."""
    card = SmallCard()
    strange = [(0x9F7E, b"\x01"), (0x5F20, b"X" * 40), (0x9F0B, b""), (0x9F07, b"\x00\x00")]
    card.edit = bend("00B2021C", lambda pairs: pairs + strange)
    result = tapped(card)
    assert result.outcome == "approved" and result.tap.value(0x9F7E) == b"\x01"


def test_card_numbers_should_have_all_lengths():
    """QT-132, QT-200: 11, 12, 16 and 19 digits, in 57, 5A and the certificate."""
    for pan in ("62280001000", "622800010000", "6228000100000010", "6228000100000010123"):
        assert tapped(SmallCard(pan)).outcome == "approved", pan


def test_numbers_and_months_should_agree():
    """QT-137."""
    for tag, value in ((tags.PAN, "6228000100000011"), (tags.EXPIRY, "360131")):
        card = SmallCard()
        card.edit = bend("00B2011C", lambda pairs: replaced(pairs, tag, bytes.fromhex(value)))  # noqa: B023
        assert refused(card, tapped(card)) == ("card_data", 3)


def test_listed_card_without_57_should_be_refused_when_5a_is_read():
    """QT-136."""
    card = SmallCard()
    card.edit = without(tags.TRACK_2)
    assert refused(card, tapped(card, denies=(card.pan,))) == ("deny_list", 3)
    card = SmallCard()
    card.edit = without(tags.TRACK_2)
    assert tapped(card).outcome == "approved"


def test_sequence_number_should_be_one_byte_of_digits():
    for value in ("", "0A", "0101"):
        card = SmallCard()
        card.gpo_extra = tlv.build(tags.PSN, bytes.fromhex(value))
        result = tapped(card)
        if value:
            assert result.reason == "card_data", value
            assert card.asked_last() == 0
        else:
            assert result.outcome == "approved" and result.tap.psn() == 0
