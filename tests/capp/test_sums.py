# SPDX-License-Identifier: Apache-2.0
"""Frozen sums and passes on a card."""

from firmware.capp import freeze, layouts, passes
from firmware.capp.trip import Here

HERE = Here(3100, 9, 0, 31, 3101, 77)
NOW = (2026, 11, 22, 8, 0, 0)


def bike(**fields):
    data = layouts.write(layouts.FREEZE, layouts.issued("own", "bike"), fields)
    return layouts.read(layouts.FREEZE, data)


def hired(**more):
    fields = freeze.frozen(HERE, NOW, 10000, 60, b"00000042", b"104310055110001")
    fields.update(more)
    return bike(**fields)


def test_state_amount_and_date_should_say_what_is_due():
    """QX-049, QX-051: a new pre-authorisation or the completion of the one that is open."""
    for values, now, expected in (
        (bike(), NOW, (2, "")),
        (hired(state=2), NOW, (2, "")),
        (hired(), (2026, 11, 22, 9, 0, 0), (3, "")),
        (hired(), (2026, 11, 22, 9, 0, 1), (3, "overdue")),
        (hired(valid_minutes=0), (2026, 11, 25, 9, 0, 0), (3, "")),
        (hired(), (2026, 11, 22, 7, 50, 0), (0, "stamp_ahead")),
        (hired(entry_time=None), NOW, (0, "stamp_bad")),
        (hired(frozen_fen=0), NOW, (0, "stamp_bad")),
    ):
        assert freeze.due(values, now) == expected, expected


def test_completion_should_leave_what_was_frozen():
    """QX-054, QX-055: who froze the sum stands on the card; the real sum may be above it."""
    for amount_fen in (9000, 10000, 11000):
        values = hired(**freeze.completed(HERE, NOW, amount_fen))
        assert values["state"] == layouts.COMPLETED and values["amount_fen"] == amount_fen
        assert values["frozen_fen"] == 10000 and values["merchant"] == b"104310055110001"


def ten_rides(**fields):
    values = layouts.read(layouts.PASS, layouts.issued("own", "pass"))
    values.update({"pass_kind": 1, "price_fen": 2995, "rides": 10})
    values.update({"from_day": 20261101, "until_day": 20261130})
    values.update(fields)
    return values


def test_rides_of_a_pass_should_cost_its_price_together():
    """QX-066: first, middle and last ride."""
    values, paid = ten_rides(), []
    for _ in range(10):
        word, amount_fen, fields = passes.ride(values, NOW)
        assert word == ""
        paid.append(amount_fen)
        values.update(fields)
    assert paid == [299] * 9 + [304] and sum(paid) == 2995
    assert passes.ride(values, NOW)[0] == "pass_used_up"
    assert values["first_time"] == NOW


def test_days_of_a_pass_should_cost_once_a_period():
    """QX-066, QX-067: the price at the first use, then nothing, then the next period."""
    values = dict(ten_rides(), pass_kind=2, period_days=7)
    for day, expected in ((1, 2995), (2, 0), (7, 0), (8, 2995), (14, 0), (15, 2995)):
        word, amount_fen, fields = passes.ride(values, (2026, 11, day, 8, 0, 0))
        assert (word, amount_fen) == ("", expected), day
        values.update(fields)


def test_pass_should_end_with_its_days():
    """QX-067: validity to the day, stamps from the future, a kind that nobody knows."""
    for now, word in (
        ((2026, 10, 31, 23, 59, 59), "pass_early"), ((2026, 11, 1, 0, 0, 0), ""),
        ((2026, 11, 30, 23, 59, 59), ""), ((2026, 12, 1, 0, 0, 0), "pass_expired"),
    ):  # fmt: skip
        assert passes.ride(ten_rides(), now)[0] == word, now
    late = dict(ten_rides(), used=1, last_time=(2026, 11, 23, 0, 0, 0))
    assert passes.ride(late, NOW)[0] == "stamp_ahead"
    assert passes.ride(dict(ten_rides(), pass_kind=9), NOW)[0] == "pass_unknown"
    assert passes.ride(dict(ten_rides(), rides=0), NOW)[0] == "pass_used_up"
