# SPDX-License-Identifier: Apache-2.0
"""Calendar, edges of bands, and the change of tables at the exact second (TD-007 to TD-009)."""

from firmware.fares import calendar, layout, trip
from firmware.fares.cutover import Cutover
from tests.fares import tables


def test_calendar_should_count_each_day_once():
    """TD-009: 29 February, 2100 without one, 2038, to the end of two bytes."""
    number = 0
    for year in range(2000, 2179):
        leap = year % 4 == 0 and year not in (2100,)
        for month in range(1, 13):
            days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
            assert calendar.day_number(year, month, 1) == number
            assert calendar.day_number(year, month, days) == number + days - 1
            assert calendar.date_of(number + days - 1) == (year, month, days)
            assert calendar.is_day(year, month, days) and not calendar.is_day(
                year, month, days + 1
            )
            number += days
    assert number == 65379
    for day, weekday in (((2026, 11, 22), 6), ((2028, 2, 29), 1), ((2038, 1, 19), 1)):
        assert calendar.weekday(calendar.day_number(*day)) == weekday


def test_moments_should_be_possible():
    for when in (
        (2027, 2, 29, 0, 0, 0),
        (1999, 12, 31, 0, 0, 0),
        (2026, 1, 1, 24, 0, 0),
        (2026, 13, 1, 0, 0, 0),
        (2026, 1, 1, 0, 0, 60),
    ):
        assert calendar.moment(when) is None, when
    eve = calendar.moment((2038, 1, 19, 3, 14, 7))
    assert calendar.shifted(eve, 86400) == calendar.moment((2038, 1, 20, 3, 14, 7))
    assert calendar.shifted((0, 0), -1) == (-1, 86399)


BAND = {
    "band": 0, "group": layout.ANY, "days": 1, "from_min": 420, "to_min": 540,
    "how": layout.PERCENT, "value": 150,
}  # fmt: skip


def peak(drift_s, **more):
    band = dict(BAND)
    band.update(more)
    return tables.flat(sections={"bands": [band]}, drift_s=drift_s)


def asked(fares, *when):
    return fares.price(trip.new("12", when)).amount_fen


def test_edge_of_a_band_should_favour_the_rider():
    """TD-008: 07:00 to 09:00 costs 3.00; within the drift of an edge 2.00 on both sides."""
    exact, lax = peak(0), peak(5)
    for hour, minute, second, by_exact, by_lax in (
        (6, 59, 59, 200, 200),
        (7, 0, 0, 300, 200),
        (7, 0, 4, 300, 200),
        (7, 0, 5, 300, 300),
        (8, 59, 54, 300, 300),
        (8, 59, 55, 300, 200),
        (8, 59, 59, 300, 200),
        (9, 0, 0, 200, 200),
    ):
        when = (2026, 11, 23, hour, minute, second)
        assert asked(exact, *when) == by_exact, when
        assert asked(lax, *when) == by_lax, when


def test_edge_of_a_cheap_band_should_favour_the_rider_too():
    fares = peak(5, value=50)
    for second, amount_fen in ((54, 200), (55, 100), (59, 100)):
        assert asked(fares, 2026, 11, 23, 6, 59, second) == amount_fen
    assert (
        asked(fares, 2026, 11, 23, 9, 0, 4) == 100 and asked(fares, 2026, 11, 23, 9, 0, 6) == 200
    )


def test_untrusted_clock_should_cost_the_cheapest_band():
    """TD-008: also a clock that shows no moment at all."""
    noon = (2026, 11, 23, 12, 0, 0)
    assert peak(5).price(trip.new("12", noon[:3] + (8, 0, 0), False)).amount_fen == 200
    assert peak(5, value=50).price(trip.new("12", noon, False)).amount_fen == 100
    assert peak(5, value=50).price(trip.new("12", (2026, 2, 30, 12, 0, 0))).amount_fen == 100
    assert peak(5, value=50, group=3).price(trip.new("12", noon, False)).amount_fen == 200


def test_kind_of_day_should_come_from_the_list():
    """A Saturday that is worked, a Monday that is a holiday, edges of a day at midnight."""
    fares = tables.city()
    senior = "622802"
    for day, is_workday in (
        ((2026, 12, 31), True),
        ((2027, 1, 1), False),
        ((2027, 1, 3), False),
        ((2027, 1, 4), True),
        ((2027, 1, 30), True),
        ((2027, 1, 31), False),
        ((2027, 2, 11), False),
        ((2027, 2, 12), True),
        ((2028, 2, 29), True),
    ):
        fare = fares.price(trip.new("12", day + (8, 0, 0), pan=senior))
        assert fare.amount_fen == (100 if is_workday else 0), day
    night = tables.flat(
        sections={"bands": [dict(BAND, days=2, from_min=0, to_min=1440)]}, drift_s=5
    )
    assert asked(night, 2026, 11, 20, 23, 59, 59) == 200  # Friday
    assert (
        asked(night, 2026, 11, 21, 0, 0, 4) == 200 and asked(night, 2026, 11, 21, 0, 0, 5) == 300
    )


def two():
    old = tables.flat(200, version=7, effective="20260101000000")
    return old, tables.flat(300, version=8, effective="20280229040000")


def test_tables_should_change_at_the_exact_second():
    """TD-007: on a 29 February at four."""
    old, newer = two()
    for tables_held in ([old, newer], [newer, old]):
        cutover = Cutover(tables_held)
        for when, version in (
            ((2026, 1, 1, 0, 0, 0), 7),
            ((2028, 2, 28, 23, 59, 59), 7),
            ((2028, 2, 29, 3, 59, 59), 7),
            ((2028, 2, 29, 4, 0, 0), 8),
            ((2038, 1, 19, 3, 14, 8), 8),
        ):
            fare = cutover.price(trip.new("12", when))
            assert (fare.version, fare.amount_fen) == (version, version * 100 - 500), when
        assert cutover.price(trip.new("12", (2025, 12, 31, 23, 59, 59))) is None
        assert cutover.fault == "no_table"


def test_trip_should_keep_its_table():
    """TD-007: begun before the change, ended behind it."""
    cutover = Cutover(two())
    when = (2028, 2, 29, 4, 0, 0)
    assert cutover.price(trip.new("12", when), version=7).amount_fen == 200
    assert cutover.price(trip.new("12", when), version=6).amount_fen == 300  # not held any more
    assert cutover.of_version(8).version == 8 and cutover.of_version(9) is None


def test_untrusted_clock_should_cost_the_cheaper_table():
    """TD-008: nobody knows whether it is in force."""
    old, newer = two()
    for when in ((2026, 6, 1, 0, 0, 0), (2029, 1, 1, 0, 0, 0), (2000, 1, 1, 0, 0, 0)):
        assert Cutover((old, newer)).price(trip.new("12", when, False)).version == 7
    assert Cutover((old, newer)).price(trip.new("12", when, False), version=8).version == 8
    sold = Cutover((tables.flat(20000, ceiling_fen=10000), newer))
    assert sold.price(trip.new("12", when, False)).version == 8 and sold.fault == ""
