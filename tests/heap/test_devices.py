# SPDX-License-Identifier: Apache-2.0
"""Every device in the heap of a Pico W: 32 bits, firmware frozen (docs/porting.md, heap)."""

import pytest

from host_tools.cli.heap import measured, stage_share
from host_tools.cli.runtime import PICO_W_HEAP_KIB, runtime_command
from sim.heap_days import DAYS
from sim.heap_measure import BLOCK_BYTES, measure, measure_driver

TOO_SMALL_KIB = 48  # for any of them
LARGEST = 600  # bytes that a start behind a cut asks for in one piece


@pytest.mark.parametrize("name", DAYS)
def test_a_device_should_work_in_the_heap_of_a_pico_w(name):
    """A start, cards of both suites, a deny list, a torn card, a cut of power, an upload."""
    found = measured(name, PICO_W_HEAP_KIB)
    assert found.faults == []
    assert found.start <= found.most < PICO_W_HEAP_KIB * 1024
    assert found.piece >= LARGEST // BLOCK_BYTES * BLOCK_BYTES


def test_the_bus_should_work_in_it_with_the_driver_of_the_pn532():
    """By firmware.main on a pty, where the stage takes no heap."""
    found = measure_driver(runtime_command("micropython32", PICO_W_HEAP_KIB)[:3])
    assert found.faults == []
    assert found.most < PICO_W_HEAP_KIB * 1024


def test_a_heap_that_is_too_small_should_be_a_fault():
    """The judge must be able to say no."""
    found = measure("bus", runtime_command("micropython32", TOO_SMALL_KIB)[:3])
    assert any("MemoryError" in one or "memory allocation" in one for one in found.faults)


def test_the_stage_should_take_little_of_what_is_measured():
    assert 0 < stage_share() < 4096
