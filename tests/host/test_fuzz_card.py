# SPDX-License-Identifier: Apache-2.0
"""Hostile cards by hypothesis: the fuzzer's own targets, with bends chosen whole instead of byte
by byte. No crash, no approval without a chain that holds, no debit that nobody asked for.
"""

import gc

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from firmware.drive import drive
from firmware.errors import LinkLost
from sim.recording import sale_of
from tests.cards import load
from tests.fuzz import bends, recorded, taps


@pytest.fixture(autouse=True)
def quick_collections():
    """tests/stand.py collects at each start, as a board needs it; here the heap is pytest's."""
    gc.freeze()
    yield
    gc.unfreeze()


FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=[Phase.generate],  # a plan is short; making it shorter takes minutes
)
octet = st.integers(0, 255)
ways = st.integers(0, len(bends.HOWS) - 1)
slots = st.integers(0, len(bends.SLOTS) - 1)


def plans(presentations):
    """One to three bends in some of the presentations, as the bytes of a fuzzer."""
    where = st.builds(lambda at, slot: at << 6 | slot, st.sampled_from(presentations), slots)
    bend = st.builds(lambda *six: bytes(six), where, ways, octet, octet, octet, octet)
    return st.lists(bend, min_size=1, max_size=3).map(b"".join)


heads = st.tuples(octet, octet, octet, octet, octet, octet, octet, octet).map(bytes)


@FUZZ
@given(plans([0]))
def test_bent_card_should_neither_crash_nor_pay_nor_be_paid_for(plan):
    taps.present(bytes(8) + plan)


@FUZZ
@given(heads, plans([0, 1, 2, 3]))
def test_any_terminal_and_any_cards_should_hold(head, plan):
    taps.present(head + plan)


@FUZZ
@given(st.integers(0, 2), plans([0]))
def test_recorded_card_should_not_pay_by_a_bent_answer(which, plan):
    recorded.present(bytes([which]) + plan)


@FUZZ
@given(st.integers(3, 5), plans([1]))
def test_bent_card_should_not_settle_what_it_cannot_prove(which, plan):
    """The second presentation of a torn card is bent: recovered needs the first signature."""
    recorded.present(bytes([which]) + plan)


@FUZZ
@given(st.lists(st.binary(max_size=300), max_size=12))
def test_noise_should_be_no_card(answers):
    told = load("pboc-approved-v01")
    sale, queue = sale_of(told), list(answers)

    def exchange(command, spare=None):
        if not queue:
            raise LinkLost("gone")
        return queue.pop(0)

    sold = drive(sale.steps(told.uid), exchange)
    assert sold.outcome.taken is False and list(sale.journal.records()) == []
