# SPDX-License-Identifier: Apache-2.0
"""Detection, activation and link: device, kernel, driver and virtual PN532 on one counted clock
(JR/T 0025.12 §6.1, §6.3; .11 §12, §13).
"""

import pytest

from firmware.errors import LinkLost
from sim.timing import Timing
from tests.host.chip_stand import EXCHANGE, RF_CONFIGURATION, TAKE_A_LOOK, ChipStand, RadioCard

FIELD_OFF, FIELD_ON = b"\x01\x00", b"\x01\x01"
NUMBERS = ("6228000100000010", "6228000100000028")


def resets(sent):
    """(time off, time on before the next poll) in us of each field reset."""
    found = []
    for off, on, then in zip(sent, sent[1:], sent[2:], strict=False):
        if (off.data, on.data) == (FIELD_OFF, FIELD_ON) and then.code == TAKE_A_LOOK:
            found.append((on.at_us - off.done_us, then.at_us - on.done_us))
    return found


@pytest.mark.parametrize("kind", ["A", "B"])
def test_cards_of_both_types_should_be_found_and_pay(kind):
    """QT-049, PS-16, PD-19."""
    stand, card = ChipStand(), RadioCard(kind=kind)
    stand.radio.place(card)
    assert [one["outcome"] for one in stand.turn(3)] == ["approved"]
    assert card.debits == [5]


def test_idle_polls_should_alternate_with_the_carrier_on():
    """QT-050: B, A, B, A, and 5.1 ms of carrier at the least before the first one."""
    stand = ChipStand()
    stand.turn(2)
    polls = [one for one in stand.sent if one.code == TAKE_A_LOOK]
    assert [one.data[1] for one in polls[:6]] == [3, 0, 3, 0, 3, 0]
    switched_on = [one for one in stand.sent if one.data == FIELD_ON][0]
    assert polls[0].at_us - switched_on.done_us >= 5100


@pytest.mark.parametrize("kinds", ["AB", "BA", "AA", "BB"])
def test_two_cards_should_be_a_collision_and_hear_no_apdu(kinds):
    """QT-051, QT-054, QT-055, QT-056, PS-16, PD-20.

    Two of a type, and one of each; then one alone may pay.
    """
    cards = [RadioCard(pan, kind) for pan, kind in zip(NUMBERS, kinds, strict=True)]
    if kinds[0] == kinds[1]:
        cards[1].uid = cards[0].uid[:-1] + b"\x99"
    stand = ChipStand()
    stand.radio.place(*cards)
    assert stand.turn(4) == [] and {"event": "collision"} in stand.events
    assert EXCHANGE not in stand.codes() and all(card.sent == [] for card in cards)
    assert ("show", "One card only", 0) in stand.log and ("beep", "again", 0) in stand.log
    stand.radio.place(cards[0])
    stand.radio.remove()
    stand.turn(4)
    stand.radio.place(cards[0])
    assert [one["outcome"] for one in stand.turn(3)] == ["approved"]


def test_pair_that_comes_between_the_two_looks_should_cost_one_card_once():
    """The gap of the poll cycle (docs/design.md): type A pays, the other card hears no APDU."""
    stand = ChipStand()
    one, other = RadioCard(), RadioCard(NUMBERS[1], "B")
    inner = stand.chip.radio.list_cards

    def look(kind, *rest):
        found = inner(kind, *rest)
        if kind == "B" and not stand.radio.cards():
            stand.radio.place(one, other)
        return found

    stand.chip.radio.list_cards = look
    assert [event["outcome"] for event in stand.turn(1)] == ["approved"]
    assert one.debits == [5] and other.sent == []


@pytest.mark.parametrize("kind", ["A", "B"])
def test_second_card_should_hear_nothing_while_the_first_one_pays(kind):
    """QT-067: a card that enters during a transaction gets no command before its end."""
    stand, first, second = ChipStand(), RadioCard(), RadioCard(NUMBERS[1], kind)
    stand.radio.place(first)
    inner = first.exchange

    def exchange(command, spare=None):
        if len(first.sent) == 2:
            stand.radio.enter(second)  # beside the first one, which goes on
        assert second.sent == [] and second.powered == 0
        return inner(command)

    first.exchange = exchange
    assert [one["outcome"] for one in stand.turn(1)] == ["approved"]
    assert first.debits == [5] and second.sent == []
    answered = [one for one in stand.sent if one.code == EXCHANGE]
    for one, after in zip(answered, answered[1:], strict=False):
        assert after.at_us >= one.done_us > one.at_us  # no command before the last answer


def test_link_should_end_by_field_reset_and_never_by_deselect():
    """QT-068: no InDeselect, no InRelease, no S(DESELECT); a reset follows the last APDU."""
    stand = ChipStand()
    for card in (RadioCard(), RadioCard(NUMBERS[1], balance_fen=1)):
        stand.radio.place(card)
        stand.turn(1)
        last = max(at for at, one in enumerate(stand.sent) if one.code == EXCHANGE)
        assert [one.data for one in stand.sent[last + 1 : last + 3]] == [FIELD_OFF, FIELD_ON]
        stand.radio.remove()
        stand.turn(4)
    assert not {0x44, 0x52, 0x42} & set(stand.codes())


def test_resets_should_keep_their_times_and_follow_an_error_at_once():
    """QT-069: 5.1 to 10 ms without field, 33 ms at the most after the error."""
    stand, card = ChipStand(), RadioCard()
    stand.radio.place(card)
    stand.radio.tear(at_apdu=4)
    assert [one["outcome"] for one in stand.turn(1)] == ["try_again"]
    lost = [one for one in stand.sent if one.code == EXCHANGE][-1]
    off = [one for one in stand.sent if one.at_us > lost.at_us][0]
    assert (off.code, off.data) == (RF_CONFIGURATION, FIELD_OFF)
    assert off.at_us - lost.done_us <= 33000
    stand.turn(5)
    assert resets(stand.sent)
    for off_us, on_us in resets(stand.sent):
        assert 5100 <= off_us <= 10000 and on_us >= 5100


def test_no_other_speed_should_be_asked_of_a_card():
    """QT-062: 106 kbit/s; no InPSL even to a card whose ATS offers more."""
    stand, card = ChipStand(), RadioCard()
    card.ats = bytes.fromhex("0578778102")
    stand.radio.place(card)
    assert [one["outcome"] for one in stand.turn(2)] == ["approved"]
    assert 0x4E not in stand.codes()


@pytest.mark.parametrize("at_apdu", [1, 2, 3])
def test_silent_card_should_lead_back_to_detection(at_apdu):
    """QT-072, QT-078, QT-102: at PPSE, at SELECT, at GPO; the next tap is a whole new one."""
    stand, card = ChipStand(), RadioCard()
    stand.radio.place(card)
    stand.radio.tear(at_apdu=at_apdu, acted=True)
    assert [one["outcome"] for one in stand.turn(1)] == ["try_again"]
    assert stand.sent[-1].data == FIELD_ON
    looks = stand.codes().count(TAKE_A_LOOK)
    stand.turn(1)
    assert stand.codes().count(TAKE_A_LOOK) > looks
    stand.radio.place(card)
    assert [one["outcome"] for one in stand.turn(2)] == ["approved"]
    assert len(card.debits) == 1 and card.balance_fen == 9800


def test_exchange_should_keep_to_500_ms_beside_the_card():
    """QT-075: link, radio, chip (2 ms a command) and driver, the card's own time taken off."""
    stand = ChipStand("same_card_s: 0", Timing(firmware_ms=2.0))
    card = RadioCard(busy_ms=40.0)
    stand.radio.place(card)
    event = stand.turn(1)[0]
    assert event["outcome"] == "approved"
    exchanges_us = sum(
        event["phases_us"].get(phase, 0) for phase in ("select", "gpo", "read", "get_data")
    )
    own_us = exchanges_us - event["exchanges"] * 40000
    assert 0 < own_us <= 500000


def test_field_should_stay_off_before_pre_processing_is_through():
    """QT-034: no poll and no carrier while the amount is refused; then field, carrier, poll."""
    stand = ChipStand("clock_from_year: 2026")
    stand.clock.now = (2025, 1, 1, 0, 0, 0)
    stand.turn(3)
    assert TAKE_A_LOOK not in stand.codes()
    assert FIELD_ON not in [one.data for one in stand.sent if one.code == RF_CONFIGURATION]
    stand.clock.now = (2026, 11, 21, 10, 15, 0)
    stand.turn(1)
    order = [one for one in stand.sent if one.data == FIELD_ON or one.code == TAKE_A_LOOK]
    assert order[0].data == FIELD_ON and order[1].code == TAKE_A_LOOK


def test_card_that_is_taken_away_should_be_lost_not_answered():
    """The seam these tests stand on: a torn card raises LinkLost in the driver."""
    stand, card = ChipStand(), RadioCard()
    stand.radio.place(card)
    found = stand.pn532.find(100)[0]
    stand.radio.remove()
    with pytest.raises(LinkLost):
        found.exchange(bytes.fromhex("00A404000E325041592E5359532E444446303100"))
