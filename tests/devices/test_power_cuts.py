# SPDX-License-Identifier: Apache-2.0
"""A share of the proof (tests/power_cuts.py): the power fails in the middle of a day."""

from tests import power_cuts, power_day


def test_power_may_fail_in_any_operation():
    """TD-001, QT-157, QT-184, CL-001, MP-9, MP-10: every 45th; `make proof` has them all."""
    points, days = power_cuts.cuts(45, 7)
    assert points > 2 and days == 5 * points


def test_worn_block_should_be_passed_over():
    """MP-7: also one that says so, and one that does not."""
    assert power_cuts.worn(16, 3) == 3


def test_day_should_balance_when_nothing_fails():
    """The day is what the proof takes it for."""
    day = power_day.Day(power_day.erased(power_day.new_flash()))
    day.live()
    day.finish()
    assert len(day.collected) == 18 and len(day.greens) == 15
    assert [len(day.card(number).debits) for number in (2, 4, 6, 7, 9)] == [1, 1, 1, 0, 1]
    assert day.journal.pending_ring.generation > 3 * day.journal.pending_ring.count
    day.card(3).debits.append(99)  # and the check can fail
    try:
        day.check()
    except AssertionError:
        return
    raise RuntimeError("a debit that stands nowhere was not noticed")
