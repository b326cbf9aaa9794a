# SPDX-License-Identifier: Apache-2.0
"""Many taps in one process: the heap is as large behind them as it was when all was loaded."""

from host_tools.cli.runtime import PICO_W_HEAP_KIB, runtime_command
from sim.soak_run import soak

TAPS = 2000
SLACK = 1024  # bytes by which rows may differ: what happens to be open at that moment
LEAST_FREE = 0.2  # of the heap, at the end of a tap, its garbage in it


def test_the_heap_should_be_flat_over_many_taps():
    rows = list(soak(TAPS, runtime_command("micropython32", PICO_W_HEAP_KIB)[:3]))
    assert rows[-1].taps >= TAPS and len(rows) >= 3
    before, last = rows[1:3]  # the first is of one tap: caches are empty
    assert last.taps >= before.taps + 1000
    assert abs(last.live - before.live) <= SLACK, rows
    assert last.piece >= before.piece * 3 // 4, rows
    assert min(row.least_free for row in rows) > LEAST_FREE * rows[0].total, rows
