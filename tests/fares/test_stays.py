# SPDX-License-Identifier: Apache-2.0
"""What is paid by time: free minutes, blocks, windows, caps, and clocks that are set meanwhile."""

from firmware.fares import calendar
from tests.fares import tables

DAY = (2028, 2, 28)  # before a 29 February


def later(began, minutes, seconds=0):
    at = calendar.shifted(calendar.moment(began), minutes * 60 + seconds)
    second = at[1]
    return calendar.date_of(at[0]) + (second // 3600, second // 60 % 60, second % 60)


def stays(rows, began=DAY + (9, 0, 0), fares=None, product="parking-a"):
    fares = fares or tables.city()
    for minutes, seconds, amount_fen in rows:
        fare = fares.stay(product, began, later(began, minutes, seconds))
        assert fare and fare.amount_fen == amount_fen, (minutes, seconds, fare)


def test_blocks_should_begin_on_the_minute():
    """Free 15 min; 60 min 5.00, then each 30 min 2.50; the clock may be 5 s off (TD-008)."""
    stays(
        (
            (0, 0, 0),
            (15, 0, 0),
            (15, 5, 0),
            (15, 6, 500),
            (60, 5, 500),
            (60, 6, 750),
            (90, 5, 750),
            (91, 0, 1000),
        )
    )


def test_windows_should_count_by_where_a_block_begins():
    evening = DAY + (19, 30, 0)
    # a first block of 60 min; then from 20:30 by the night, 1.00 an hour, 5.00 at most
    stays(((30, 0, 500), (61, 0, 600), (121, 0, 700), (12 * 60, 0, 1000)), evening)
    night = DAY + (23, 0, 0)
    stays(((60, 0, 100), (61, 0, 200), (9 * 60, 0, 500), (9 * 60 + 1, 0, 750)), night)


def test_cap_should_hold_for_each_24_hours():
    """TD-009: over a 29 February, a month's and a year's end."""
    day_min = 24 * 60
    for began in (DAY + (9, 0, 0), (2027, 12, 31, 9, 0, 0), (2027, 2, 28, 9, 0, 0)):
        stays(
            (
                (day_min, 5, 4000),
                (day_min, 6, 4250),
                (2 * day_min, 0, 8000),
            ),
            began,
            tables.city(1000000),
        )
    capped = tables.city(1000000).stay("parking-a", DAY + (9, 0, 0), (2029, 2, 28, 9, 0, 0))
    assert (capped.amount_fen, capped.rule) == (8000, "ceiling")  # of the table


def test_what_nobody_knows():
    fares = tables.city()
    began = DAY + (9, 0, 0)
    lost = fares.stay("parking-a", None, began)
    assert (lost.amount_fen, lost.rule) == (5000, "time")
    assert fares.stay("parking-a", began, DAY + (8, 0, 0)).amount_fen == 0  # set back
    assert fares.stay("parking-a", began, (2028, 2, 30, 9, 0, 0)) is None
    assert fares.fault == "clock"
    assert fares.stay("parking-a", began, later(began, 90), trusted=False) is None
    assert fares.fault == "clock"
    assert fares.stay("12", began, later(began, 90)) is None and fares.fault == "no_product"


def test_classes_and_caps_should_count_for_stays():
    fares = tables.city()
    began = DAY + (9, 0, 0)
    free = fares.stay("parking-a", began, later(began, 100), pan="62280410")
    assert (free.amount_fen, free.full_fen, free.fare_class) == (0, 1000, "soldier")
    capped = fares.stay("parking-a", began, later(began, 100), spent=(1200, 1200, 1200))
    assert (capped.amount_fen, capped.rule) == (300, "cap")


def test_free_minutes_may_be_deducted():
    """As of a public bike: the first hour free, then by the hour."""
    from firmware.fares import layout  # in this test alone
    from firmware.fares.engine import Fares

    day = {
        "from_min": 0, "to_min": 0, "first_min": 0, "first_fen": 0, "step_min": 60,
        "step_fen": 100, "cap_fen": layout.NO_FEN,
    }  # fmt: skip
    stay = {
        "free_min": 60, "deducted": 1, "leave_min": 0, "lost_fen": 2000, "cap_fen": 2000,
        "first_window": 0, "windows": 1,
    }  # fmt: skip
    rows = {"products": [tables.product("bike", layout.TIME)], "stays": [stay], "windows": [day]}
    bike = Fares(tables.Bytes(tables.packed(rows)), 10000)
    stays(((60, 0, 0), (61, 0, 100), (120, 0, 100), (121, 0, 200), (2000, 0, 2900)), fares=bike,
          product="bike")  # fmt: skip
