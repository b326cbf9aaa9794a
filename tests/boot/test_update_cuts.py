# SPDX-License-Identifier: Apache-2.0
"""The power fails in the operations of an update (tests/update_cuts.py): in all of them, left in
all ways, under CPython; in a sample under MicroPython, where `make proof` tries all.
"""

import sys

from tests.update_cuts import cuts

PART = sys.implementation.name == "micropython"


def test_power_cut_in_the_operations_of_an_update():
    # TD-012, TD-020
    points, lives = cuts(True, 5, False) if PART else cuts(True)
    assert points > 50 and lives > (9 if PART else 200)


def test_power_cut_in_the_operations_of_an_update_that_is_left_again():
    points, lives = cuts(False, 9, False) if PART else cuts(False)
    assert points > 60 and lives > (6 if PART else 240)


def test_power_cut_again_soon_after_the_first_one():
    for again in (1,) if PART else (0, 1, 3):
        cuts(True, 17 if PART else 7, False, again)
