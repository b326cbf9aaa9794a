# SPDX-License-Identifier: Apache-2.0
"""The field: presence, power, cards torn off at any APDU, before or after they acted (PS-20)."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.errors import LinkLost
from firmware.formats.session import parse
from sim.field import Field
from sim.replay import ReplayCard, debits
from tests.host.card_reading import (
    PPSE,
    SELECT,
    get_data,
    gpo,
    ok,
    own_card,
    read_record,
    records_of,
    shared,
)


def tap(field, card, amount_fen=200):
    """A whole sale through the field; LinkLost when the card is torn."""
    field.activate(card)
    for command in (PPSE, SELECT, get_data("9F36"), get_data("9F79"), gpo(amount_fen)):
        ok(field.transmit(card, command))
    for record in records_of(card.afl):
        ok(field.transmit(card, read_record(*record)))


APDUS = 5 + 6  # of a tap
LAST = APDUS


def test_a_card_should_answer_only_when_placed_and_activated():
    field, card = Field(), own_card()
    with pytest.raises(LinkLost):
        field.activate(card)
    field.place(card)
    assert field.cards() == [card]
    with pytest.raises(LinkLost):
        field.transmit(card, PPSE)
    field.activate(card)
    ok(field.transmit(card, PPSE))
    field.remove()
    assert field.cards() == []
    with pytest.raises(LinkLost):
        field.transmit(card, PPSE)


def test_without_power_a_card_should_forget_what_was_selected():
    field, card = Field(), own_card()
    field.place(card)
    field.activate(card)
    ok(field.transmit(card, SELECT))
    field.field_off()
    assert field.cards() == [card]
    with pytest.raises(LinkLost):
        field.transmit(card, get_data("9F36"))
    field.activate(card)
    assert field.transmit(card, get_data("9F36")) == b"\x69\x85"


def test_two_cards_should_be_there_together():
    """PS-16."""
    field, one, other = Field(), own_card(), own_card()
    field.place(one, other)
    assert field.cards() == [one, other]
    field.activate(other)
    ok(field.transmit(other, PPSE))
    with pytest.raises(LinkLost):
        field.transmit(one, PPSE)


@pytest.mark.parametrize("acted", (False, True))
@pytest.mark.parametrize("at_apdu", range(1, APDUS + 1))
def test_a_tear_at_any_apdu_should_show_in_the_balance(at_apdu, acted):
    """PS-20."""
    field, card = Field(), own_card()
    field.place(card)
    field.tear(at_apdu=at_apdu, acted=acted)
    with pytest.raises(LinkLost):
        tap(field, card)
    assert field.cards() == [] and field.torn == 1 and field.apdu_count == at_apdu
    taken = at_apdu == LAST and acted
    assert [final for _, _, final in card.debits] == (
        [taken] if at_apdu > 5 or (at_apdu == 5 and acted) else []
    )
    field.place(card)
    assert field.apdu_count == 0
    tap(field, card)
    assert card.balance_fen == 10000 - 200 * (1 + taken)


@pytest.mark.parametrize("acted", (False, True))
def test_a_tear_should_find_the_last_record_by_itself(acted):
    """PS-20."""
    field, card = Field(), own_card()
    field.tear(ins=0xB2, last=True, acted=acted)
    field.place(card)
    with pytest.raises(LinkLost):
        tap(field, card)
    assert field.apdu_count == LAST
    assert field.log[-1].command == read_record(3, 3) and field.log[-1].acted is acted
    # the record is read again in the recovery, where no GPO says which one is the last
    field.tear(ins=0xB2, last=True)
    field.place(card)
    field.activate(card)
    ok(field.transmit(card, SELECT))
    ok(field.transmit(card, read_record(3, 1)))
    with pytest.raises(LinkLost):
        field.transmit(card, read_record(3, 3))


def test_a_tear_by_instruction_should_take_effect_once():
    field, card = Field(), own_card()
    field.tear(ins=0xA8)
    field.place(card)
    with pytest.raises(LinkLost):
        tap(field, card)
    assert card.atc == 0
    field.place(card)
    tap(field, card)
    field.tear(ins=0xA8)
    field.forget_tears()
    field.place(card)
    tap(field, card)
    assert card.balance_fen == 9600


def test_each_tear_should_wait_for_its_own_apdu():
    field, card = Field(), own_card()
    field.tear(at_apdu=2)
    field.tear(at_apdu=1)
    for at_apdu in (1, 2):
        field.place(card)
        with pytest.raises(LinkLost):
            tap(field, card)
        assert (field.apdu_count, field.torn) == (at_apdu, at_apdu)


def test_a_script_should_be_able_to_wait_for_the_tear():
    field, card = Field(), own_card()
    field.tear(ins=0xB2, last=True, acted=True)
    outcome = []

    def terminal():
        try:
            tap(field, card)
        except LinkLost:
            outcome.append("lost")

    assert not field.wait_torn(timeout_s=0)
    field.place(card)
    thread = threading.Thread(target=terminal)
    thread.start()
    assert field.wait_torn(timeout_s=10)
    thread.join(10)
    assert outcome == ["lost"] and card.balance_fen == 9800
    assert field.wait_apdus(LAST, timeout_s=0) and not field.wait_apdus(LAST + 1, timeout_s=0)


def test_cards_taken_away_in_mid_command_should_end_in_a_lost_link_and_nothing_else():
    field, card = Field(), own_card()
    done = threading.Event()

    def hand():
        while not done.is_set():
            field.remove()
            field.place(card)

    thread = threading.Thread(target=hand)
    thread.start()
    lost = 0
    try:
        for _ in range(300):
            try:
                tap(field, card, amount_fen=1)
            except LinkLost:
                lost += 1
    finally:
        done.set()
        thread.join(10)
    final = sum(amount for _, amount, settled in card.debits if settled)
    assert card.balance_fen == 10000 - final - (card.debits[-1][1] if card.torn else 0)
    assert final == 300 - lost  # 1 fen each


def test_the_log_should_give_the_debits_of_the_card():
    field, card = Field(), own_card()
    field.place(card)
    tap(field, card)
    field.tear(ins=0xB2, last=True, acted=True)
    field.place(card)
    with pytest.raises(LinkLost):
        tap(field, card)
    assert debits(field.sent(card)) == 2
    field.place(card)
    tap(field, card)
    assert debits(field.sent(card)) == 3 == sum(final for _, _, final in card.debits)
    assert [entry.presentation for entry in field.log][-1] == field.presentation == 3


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, APDUS + 3), st.booleans()), max_size=8))
def test_both_ways_to_count_debits_should_agree(tears):
    field, card = Field(), own_card()
    for at_apdu, acted in tears:
        field.forget_tears()
        field.tear(at_apdu=at_apdu, acted=acted)
        field.place(card)
        try:
            tap(field, card)
        except LinkLost:
            assert at_apdu <= APDUS
    field.place(card)
    field.forget_tears()
    tap(field, card)
    final = [amount for _, amount, settled in card.debits if settled]
    assert debits(field.sent(card)) == len(final)
    assert card.balance_fen == 10000 - sum(final)


def test_a_replayed_card_should_leave_the_field_where_it_was_lost():
    path = shared("sessions", "pboc-torn-last-record-committed.session")
    session = parse(path.read_text(encoding="utf-8"), path.name)
    field, card = Field(), ReplayCard(session)
    field.place(card)
    field.activate(card)
    with pytest.raises(LinkLost):
        for exchange in session.presentations[0]:
            field.transmit(card, exchange.command)
    assert field.cards() == [] and field.torn == 1
    field.place(card)
    for _ in range(2):  # a reset and a new activation are the same presentation
        field.field_off()
        field.activate(card)
        for exchange in session.presentations[1]:
            assert field.transmit(card, exchange.command) == exchange.answer
    assert card.debits() == 1
