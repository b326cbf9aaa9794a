# SPDX-License-Identifier: Apache-2.0
"""A card that goes on and on is let go before the commit; behind it nothing is cut short."""

from firmware.devices import stopwatch
from firmware.devices.stopwatch import MAX_BYTES, MAX_EXCHANGES, MAX_MS, Stopwatch
from firmware.errors import LinkLost
from firmware.kernel import apdu, selection, tags, tap, tlv
from tests.small_card import SmallCard, bend, replaced
from tests.stand import HandClock, Stand


def slow(stand, card, seconds, when):
    """Let the clock go on by so much at each command for which `when(command)` holds."""
    inner = card.exchange

    def exchange(command, spare=None):
        if when(command):
            stand.clock.advance(seconds)
        return inner(command)

    card.exchange = exchange


def is_read(command):
    return command[1] == apdu.INS_READ_RECORD


def test_presentation_that_takes_too_long_should_end_before_the_commit():
    """Robustness: MAX_MS; the card keeps its money, the rider is told so."""
    for seconds, when in (
        (MAX_MS // 1000 + 1, lambda command: command[1] == apdu.INS_SELECT),
        (MAX_MS // 1000 + 1, lambda command: command[1] == apdu.INS_GPO),
        (MAX_MS // 3000, is_read),
        # the record before the last takes it over: no command is left to be cut, the gate is
        (MAX_MS // 1000 + 1, lambda command: command == apdu.read_record(3, 2)),
    ):
        stand, card = Stand(), SmallCard()
        slow(stand, card, seconds, when)
        event = stand.tap(card)
        assert (event["outcome"], event["reason"], event["taken"]) == (
            "try_again", "card_lost", False,
        )  # fmt: skip
        assert "longer than" in event["detail"] and card.asked_last() == 0
        assert card.debits == [] and stand.journal.pending() == [] and stand.records() == []


def test_slow_card_within_the_bound_should_pay():
    """The bound is no budget: a card of one second a record is slow, not bad."""
    stand, card = Stand(), SmallCard()
    slow(stand, card, 1, is_read)
    assert stand.tap(card)["message"] == "ok"


def test_last_record_should_be_waited_for_whatever_it_takes():
    """Behind the commit nothing is cut: the debit is known, the record is written."""
    stand, card = Stand(), SmallCard()
    last = apdu.read_record(3, 3)
    slow(stand, card, 10 * MAX_MS // 1000, lambda command: command == last)
    assert stand.tap(card)["message"] == "ok" and card.debits == [5]
    assert stand.kinds() == ["approved"]


def test_torn_dialogue_that_takes_too_long_should_keep_its_entry():
    stand, card = Stand("torn_window_s: 600"), SmallCard()
    card.tear = (apdu.INS_READ_RECORD, -1, True)
    assert stand.tap(card)["outcome"] == "torn_pending"
    inner = card.exchange
    slow(stand, card, MAX_MS // 1000 + 1, lambda command: command[1] == apdu.INS_GET_DATA)
    assert stand.tap(card)["message"] == "last_record_lost"
    assert len(stand.journal.pending()) == 1 and stand.records() == []
    card.exchange = inner
    assert stand.tap(card)["message"] == "torn_recovered" and card.debits == [5]


def test_exchanges_and_bytes_should_be_bounded():
    watch = Stopwatch(lambda command, spare: b"\x90\x00", HandClock())
    for _ in range(MAX_EXCHANGES):
        watch.exchange(b"\x00\xb2\x01\x0c\x00")
    for answer, bound in ((b"\x90\x00", "exchanges"), (bytes(4000), "bytes")):
        watch = Stopwatch(lambda command, spare: answer, HandClock())  # noqa: B023
        sent = 0
        try:
            while True:
                watch.exchange(b"\x00\xb2\x01\x0c\x00")
                sent += 1
        except LinkLost as over:
            assert bound in str(over) and sent == watch.count
        assert sent <= MAX_EXCHANGES and watch.bytes <= MAX_BYTES + 4005
        watch.bounded = False
        assert watch.exchange(b"\x00\xb2\x01\x0c\x00") == answer


def test_bounds_should_leave_room_for_cards_of_the_book():
    """The longest dialogue that the kernel would hold: all records and every open torn tap."""
    parts = 2 + 2 + 3 + 1 + tap.MAX_RECORDS  # PPSE and SELECT, free read, balance, GPO, records
    torn = 8 * 7  # ATC, record, GET TRANS PROVE, currency, balance, log, record
    assert parts + torn <= MAX_EXCHANGES
    assert stopwatch.MAX_MS >= 5000


def test_too_many_candidates_or_records_should_end_in_a_refusal():
    """MAX_CANDIDATES, MAX_RECORDS; for their bytes see tests/kernel/test_restrictions.py."""
    entries = b"".join(
        [
            tlv.build(0x61, tlv.build(0x4F, bytes.fromhex("A0000003330101%02X" % number)))
            for number in range(selection.MAX_CANDIDATES + 1)
        ]
    )
    many = bend(
        "00A404000E",
        lambda pairs: replaced(pairs, 0xA5, tlv.build(0xBF0C, entries)),
    )
    long_afl = bytes((0x10, 1, tap.MAX_RECORDS, 0)) + bytes.fromhex("18010301")
    afl = bend("80A8", lambda pairs: replaced(pairs, tags.AFL, long_afl))
    for edit, reason in ((many, "no_ppse"), (afl, "not_qpboc")):
        stand, card = Stand(), SmallCard()
        card.edit = edit
        event = stand.tap(card)
        assert (event["reason"], event["taken"]) == (reason, False), event
        assert card.asked_last() == 0 and card.debits == []
