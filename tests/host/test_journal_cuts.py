# SPDX-License-Identifier: Apache-2.0
"""The cuts of tests/journal_day.py on blocks of full size, with more seeds, and cut again during
recovery (MP-9).
"""

import pytest

from firmware.journal import Journal
from sim.flash import Dice, Flash, PowerCut
from tests.journal_day import (
    BLOCK_BYTES,
    BLOCKS,
    Model,
    adopt,
    boot,
    compare,
    cut_day,
    live,
    live_beside,
    small,
)


def count_cuts(seed, **how):
    cut = 0
    while cut_day(seed, cut, **how):
        cut += 1
    return cut


@pytest.mark.parametrize("seed", range(10, 16))
def test_a_long_day_survives_every_cut(seed):
    assert count_cuts(seed, actions=140) > 150


@pytest.mark.parametrize("seed", (31,))
def test_blocks_of_full_size_survive_every_cut(seed):
    assert count_cuts(seed, build=Journal, blocks=12, block_bytes=4096, actions=110) > 100


@pytest.mark.parametrize(
    "build, blocks, block_bytes",
    [(small, BLOCKS, BLOCK_BYTES), (small, 16, 1536), (Journal, 24, 4096)],
)
def test_a_day_beside_open_entries_survives_every_cut(build, blocks, block_bytes):
    # Copies of open entries among the writes, in rings with and without room for them.
    how = {"build": build, "blocks": blocks, "block_bytes": block_bytes}
    assert count_cuts(71, day=live_beside, actions=100, **how) > 100


@pytest.mark.parametrize(
    "seed, day", [(40, live), (41, live), (42, live), (43, live), (44, live_beside)]
)
def test_a_second_cut_while_starting_again_changes_nothing(seed, day):
    # Every third cut of a day; after it, a cut at every write until the next tap is done.
    tried = first = 0
    while True:
        second = 0
        while True:
            flash = Flash(BLOCKS, BLOCK_BYTES)
            flash.cut(first, seed + first)
            model, dice = Model(), Dice(seed)
            try:
                day(small(flash), model, dice, 70)
                assert tried > 150
                return
            except PowerCut:
                flash.restart()
            flash.cut(second, seed * 31 + second)
            try:
                journal = small(flash)
                compare(journal, model)
                adopt(journal, model)
                boot(journal, model, dice)
                break
            except PowerCut:
                flash.restart()
            if second % 2:
                flash.ripen()
            journal = small(flash)
            compare(journal, model)
            adopt(journal, model)
            boot(journal, model, dice)
            model.unseen = []
            compare(small(flash), model)
            tried += 1
            second += 1
        first += 3
