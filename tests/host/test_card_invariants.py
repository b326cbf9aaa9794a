# SPDX-License-Identifier: Apache-2.0
"""Money is conserved on every kind of card, in whatever order it is paid, torn and loaded.

A card lives through a random row of events; after each of them its balances are what it began
with, plus loads, minus what was debited, and its counters and logs agree.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.card import Card
from sim.profile import Second
from tests.host.card_reading import (
    PPSE,
    SELECT,
    gpo_of,
    last_of,
    own_card,
    read_record,
    records_of,
)

SECOND = Second(balance_fen=5000, ceiling_fen=9000, single_limit_fen=3000)
# name, profile: what decides at GPO (qpboc.md 2.17 rows 5 to 9)
CARDS = {
    "low value": {"threshold_fen": 500},
    "low value and CTTA": {"options": "40400000", "total_limit_fen": 3000},
    "low value or CTTA": {
        "options": "20400000",
        "total_limit_fen": 3000,
        "total_upper_fen": 4000,
        "balance_fen": 1500,
    },
    "prepaid": {"options": "80C00000", "threshold_fen": 500},
    "second currency": {"second": SECOND, "options": "84000000", "foreign_limit": 2},
    "long key": {"bits": 1152},
    "short log": {"log": False, "trans_prove": True},
    "few left": {"atc": 0xFFFA},
}

TAP = st.tuples(
    st.just("tap"),
    st.one_of(st.integers(0, 6000), st.integers(0, 50)),
    st.sampled_from(("28000080", "28000000", "26000080", "26800080", "28400080")),
    st.sampled_from(("0156", "0156", "0344", "0840")),
    st.integers(2, 10),  # commands until it is torn away
    st.booleans(),  # the last record is read before the GPO, as after a tear
)
LOAD = st.tuples(st.just("load"), st.integers(1, 60000), st.sampled_from((0, 0, 1)))
RESTART = st.tuples(st.just("restart"))
EVENTS = st.lists(st.one_of(TAP, TAP, TAP, LOAD, RESTART), max_size=16)


def tapped(card, amount_fen, ttq, currency, steps, reread):
    card.power_up()
    commands = [PPSE, SELECT] + [last_of(card)] * reread
    commands.append(gpo_of(card, amount_fen, ttq=ttq, currency=currency))
    commands += [read_record(*record) for record in records_of(card.afl)]
    for command in commands[:steps]:
        card.exchange(command)


def loaded(card, amount_fen, purse):
    """What was added, 0 when the card refused: too much for its ceiling, ATC used up."""
    try:
        card.top_up(amount_fen, purse)
    except ValueError:
        return 0
    return amount_fen


def restarted(card):
    """The same card as its file would give it back."""
    return Card(card.image, card.state, rollback=card.rollback)


def check(card, began, loads):
    """The sums of the head of this file."""
    state = card.state
    balances = (card.balance_fen, card.second_fen)
    for purse in (0, 1):
        charges = [one for one in state["debits"] if one[3] == purse]
        gone = sum(charge for _, _, final, _, charge in charges if final)
        if card.torn and state["debits"][-1][3] == purse:
            gone += state["debits"][-1][4]
        assert balances[purse] == began[purse] + loads[purse] - gone
        assert balances[purse] >= 0
    own = card.image["internal_data"]
    assert balances[0] <= int(own["9F77"]) and balances[1] <= int(own.get("DF77", "0"))
    assert 0 <= state["total_fen"] <= max(int(own.get("9F5C", "0")), int(own.get("9F54", "0")))
    assert 0 <= state["foreign_count"] <= int(own["9F53"], 16)
    finals = [one for one in state["debits"] if one[2]]
    assert len(state["log"]) == (min(10, len(finals)) if card.logs.written else 0)
    numbers = [one[0] for one in state["debits"]]
    assert numbers == sorted(set(numbers)) and (not numbers or numbers[-1] <= state["atc"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(CARDS)), st.sampled_from(("select", "gpo")), EVENTS)
def test_money_should_be_conserved_in_every_order_of_events(kind, rollback, events):
    card = own_card(rollback=rollback, **CARDS[kind])
    began, loads = (card.balance_fen, card.second_fen), [0, 0]
    for event in events:
        atc, finals = card.atc, [one for one in card.debits if one[2]]
        if event[0] == "tap":
            tapped(card, *event[1:])
        elif event[0] == "load":
            loads[event[2]] += loaded(card, *event[1:])
        else:
            card = restarted(card)
        assert atc <= card.atc <= min(atc + 1, 0xFFFF)
        # what was final stays final: a load or a tear never undoes a debit
        assert [one for one in card.debits if one[2]][: len(finals)] == finals
        check(card, began, loads)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(CARDS)), st.integers(1, 3000))
def test_a_whole_tap_should_cost_once_and_a_torn_one_nothing(kind, amount_fen):
    card = own_card(**CARDS[kind])
    before = card.balance_fen
    tapped(card, amount_fen, "28000080", "0156", len(list(records_of(card.afl))) + 2, False)
    card.power_up()
    card.exchange(PPSE)
    card.exchange(SELECT)
    assert card.balance_fen == before and not any(final for _, _, final in card.debits)
    tapped(card, amount_fen, "28000080", "0156", 99, False)
    paid = [one for one in card.state["debits"] if one[2]]
    assert len(paid) <= 1 and card.balance_fen == before - sum(one[4] for one in paid)
