# SPDX-License-Identifier: Apache-2.0
"""The image of a Pico, executed: it boots, debits, keeps, uploads, and outlives cuts of power.

Processor, chip and cards are simulated; image, firmware, collector and ledger are the real ones.
A second of it takes twenty here: one day is lived, and each cut begins with what that has left.
"""

import pytest

from sim import pico_heap
from sim.pico_cuts import RIDERS, Day, phases_of, sampled

CUTS, SEED = 1, 20261122  # each takes two minutes; `make proof-pico` tries more


@pytest.fixture(scope="module")
def day(image, tmp_path_factory):
    return Day(image, tmp_path_factory.mktemp("pico"))


@pytest.fixture(scope="module")
def faults(day):
    """Of the day without a cut; lived once."""
    return day.live(RIDERS[:1])


def test_an_image_boots_debits_and_settles(day, faults):
    """TD-001: from power to a ledger that holds what the card lost."""
    assert faults == []
    (card, *_) = day.cards.values()
    assert len(card.debits) == 1
    assert "tap of " + RIDERS[0] in phases_of(day.moments)


def test_a_tap_leaves_room_on_the_c_stack(day, faults):
    """A tap that changes records of the card: test_stack_pico.py."""
    assert faults == []
    assert 4096 < day.stack <= pico_heap.STACK_MOST, day.stack


@pytest.mark.parametrize("number", range(CUTS))
def test_it_outlives_a_cut_of_power(day, faults, number, capsys):
    """MP-9, MP-10: what is left of an operation is started, pays and balances."""
    assert faults == []
    cut = sampled(day.moments, CUTS, SEED)[number]
    with capsys.disabled():
        print(f"\nemulated Pico, the power fails in {cut.words}")
    assert day.recover(cut) == [], cut.words
