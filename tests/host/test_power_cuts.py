# SPDX-License-Identifier: Apache-2.0
"""More of the proof than the shared test has time for (tests/power_cuts.py)."""

from tests import power_cuts


def test_power_may_fail_in_any_operation():
    """TD-001, QT-157, QT-184, CL-001, MP-9, MP-10: every 4th, other ones than the shared test."""
    points, days = power_cuts.cuts(4, 2)
    assert points > 45 and days == 5 * points


def test_any_block_may_be_worn():
    """MP-7: each block in one way."""
    assert power_cuts.worn(3, 1) >= 15
