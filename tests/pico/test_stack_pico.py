# SPDX-License-Identifier: Apache-2.0
"""The C stack of a board in the deepest tap there is: one that changes records of the card, priced
by a fare table, with a module at a serial slot. MicroPython ends a program that outgrows it.

Emulated. The stage bus runs out of a slot of the common image, which is built already; its calls
are those of code that is frozen. The plain tap's stack is looked at in test_pico.py.
"""

from host_tools.cli.runtime import find_compiler
from sim import pico_extended, pico_heap


def test_tap_that_changes_records_leaves_room_on_the_c_stack(image):
    """QX-025, QX-029: two records read, two updated."""
    (tap,) = pico_extended.measure(image, "stage", False, 1, find_compiler())
    assert tap.asked >= 4, tap
    assert 4096 < tap.stack <= pico_heap.STACK_MOST, tap.stack
