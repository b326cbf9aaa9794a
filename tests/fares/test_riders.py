# SPDX-License-Identifier: Apache-2.0
"""What a terminal remembers of cards: last boarding, sums of day, week and month."""

from firmware.devices.riders import Riders
from firmware.fares.trip import Boarding
from firmware.formats import record

PAN, OTHER = "6228000100000010", "6228000100000028123"
SUNDAY, MONDAY = (2026, 11, 22), (2026, 11, 23)
LAST = (2027, 1, 31)  # a Sunday


class Clock:
    """Moved by hand."""

    def __init__(self):
        self.ms = 0
        self.utc_s = 1795000000
        self.day = MONDAY

    def ticks_ms(self):
        return self.ms

    def ticks_diff(self, later, earlier):
        return later - earlier

    def time_utc_s(self):
        return self.utc_s

    def local_now(self):
        return self.day + (12, 0, 0)


def riders(trusted=True, **more):
    clock = Clock()
    return clock, Riders(clock, lambda: trusted, **more)


def board(known, pan, product="12", direction=1, fen=200, psn=0, **more):
    """A sale with the next number."""
    known.boarded(pan, psn, known.newest + 1, product, direction, fen, **more)


def test_last_boarding_should_be_told_in_minutes():
    clock, known = riders()
    assert known.last(PAN) is None and known.last("") is None and known.spent(PAN) == (0, 0, 0)
    board(known, PAN, "12", 1, 200)
    clock.ms = 59999
    assert known.last(PAN) == Boarding("12", 1, 0, 200)
    clock.ms = 60 * 60000
    clock.utc_s -= 9999  # a step of the wall clock moves nothing
    assert known.last(PAN).minutes_ago == 60 and known.last(OTHER) is None
    board(known, PAN, "318", 2, 100, goes_on=True)
    assert known.last(PAN) == Boarding("318", 2, 0, 300)
    board(known, PAN, "metro", 0, 600, riders=3)
    assert known.last(PAN) == Boarding("metro", 0, 0, 200) and len(known.rows) == 1


def test_boarding_of_another_day_should_be_none():
    """Ticks go round within days; the calendar says that it is long ago."""
    clock, known = riders()
    board(known, PAN, "12", 1, 200)
    clock.day = (2026, 11, 24)
    assert known.last(PAN) is not None
    clock.day = (2026, 11, 25)
    assert known.last(PAN) is None


def test_sums_should_begin_with_their_period():
    """TD-009: days, weeks from Monday, months; at month ends and on 29 February."""
    for paid_on, asked_on, sums in (
        (MONDAY, MONDAY, (500, 500, 500)),
        (SUNDAY, MONDAY, (0, 0, 500)),
        (MONDAY, (2026, 11, 24), (0, 500, 500)),
        (MONDAY, (2026, 11, 29), (0, 500, 500)),
        ((2026, 11, 30), (2026, 12, 1), (0, 500, 0)),
        ((2026, 12, 31), (2027, 1, 1), (0, 500, 0)),
        (LAST, (2027, 2, 1), (0, 0, 0)),
        ((2028, 2, 28), (2028, 2, 29), (0, 500, 500)),
        ((2028, 2, 29), (2028, 3, 1), (0, 500, 0)),
        ((2027, 2, 28), (2027, 3, 1), (0, 0, 0)),
    ):
        clock, known = riders()
        clock.day = paid_on
        board(known, PAN, "12", 1, 200)
        board(known, PAN, "12", 1, 300)
        clock.day = asked_on
        assert known.spent(PAN) == sums, (paid_on, asked_on)
        board(known, PAN, "12", 1, 7)
        assert known.spent(PAN) == tuple([one + 7 for one in sums])


def test_clock_in_doubt_should_drop_nothing():
    """TD-008: set back, or not trusted."""
    clock, known = riders()
    board(known, PAN, "12", 1, 200)
    clock.day = (2026, 11, 1)
    assert known.spent(PAN) == (200, 200, 200)
    clock.day = (2026, 12, 1)
    known.trusted = lambda: False
    assert known.spent(PAN) == (200, 200, 200) and known.last(PAN) is not None
    board(known, OTHER, "12", 1, 200)
    assert known.spent(OTHER) == (200, 200, 200)


def test_memory_should_be_bounded():
    clock, known = riders(most_cards=3)
    for number in range(5):
        board(known, "622800010000001%d" % number, "12", 1, 200)
    assert len(known.rows) == 3 and known.forgotten == 2
    assert known.last("6228000100000011") is None and known.last("6228000100000012") is not None
    board(known, "6228000100000012", "12", 1, 200)
    board(known, "6228000100000019", "12", 1, 200)
    assert known.last("6228000100000012") is not None and known.last("6228000100000013") is None


def test_what_has_no_place_in_a_row_should_be_left_out():
    _, known = riders()
    board(known, "", "12", 1, 200)
    board(known, PAN, "a product with a long word", 1, 200)
    board(known, PAN, "12", 300, 200)
    assert known.rows == []
    board(known, PAN, "12", 1, 0xFFFFFFFF)
    board(known, PAN, "12", 1, 0xFFFFFFFF)
    assert known.spent(PAN) == (0xFFFFFFFF,) * 3


def sold(pan, day, seconds_ago, amount_fen, kind=record.APPROVED, trusted=1):
    values = record.blank(kind)
    values["pan"] = record.pan_bytes(pan)
    values["date"] = "%02d%02d%02d" % (day[0] % 100, day[1], day[2])
    values["time_utc_s"] = 1795000000 - seconds_ago
    values["amount_fen"], values["riders"], values["direction"] = amount_fen, 1, 2
    values["clock_trusted"] = trusted
    return values


def restored(records, trusted=True, most_cards=64):
    """records: newest first."""
    clock, known = riders(trusted, most_cards=most_cards)
    numbered = [(len(records) - n, values) for n, values in enumerate(records)]
    known.restore(lambda count: iter(numbered[:count]), lambda values: "12")
    return clock, known


def test_restart_should_forget_no_ride():
    clock, known = restored(
        [
            sold(PAN, MONDAY, 600, 100),
            sold(OTHER, MONDAY, 1200, 300),
            sold(PAN, MONDAY, 3600, 200),
            sold(PAN, MONDAY, 3700, 5000, record.REFUSED),
            sold(PAN, SUNDAY, 90000, 1000),
            sold(PAN, (2026, 10, 31), 9000000, 70000),
        ]
    )
    assert known.last(PAN) == Boarding("12", 2, 10, 100)
    assert known.last(OTHER) == Boarding("12", 2, 20, 300)
    assert known.spent(PAN) == (300, 300, 1300) and known.spent(OTHER) == (300, 300, 300)
    clock.ms = 5 * 60000
    assert known.last(PAN).minutes_ago == 15


def test_restart_should_know_what_a_trip_has_paid():
    """A transfer goes on with the trip before it, and no further."""
    rides = [
        sold(PAN, MONDAY, ago, fen) for ago, fen in ((60, 1), (120, 20), (180, 300), (240, 4000))
    ]
    rides[0]["rule"] = rides[1]["rule"] = "transfer"
    rides.insert(1, sold(OTHER, MONDAY, 90, 7))
    _, known = restored(rides)
    assert known.last(PAN) == Boarding("12", 2, 1, 321) and known.spent(PAN)[0] == 4321
    assert known.last(OTHER).paid_fen == 7


def test_restart_with_a_clock_in_doubt_should_favour_the_rider():
    for trusted, noted in ((False, 1), (True, 0)):
        _, known = restored([sold(PAN, MONDAY, 99999, 100, trusted=noted)], trusted)
        assert known.last(PAN).minutes_ago == 0


def test_restart_should_keep_to_its_bound_and_the_newest():
    pans = ["622800010000001%d" % number for number in range(5)]
    _, known = restored([sold(pan, MONDAY, 60, 100) for pan in pans], most_cards=3)
    assert [known.last(pan) is not None for pan in pans] == [True, True, True, False, False]
    board(known, PAN[:-1] + "9", "12", 1, 100)
    assert known.last(pans[2]) is None and known.last(pans[0]) is not None


def test_restart_should_pass_over_what_counts_for_nothing():
    clock, known = riders()
    records = [(1, sold(PAN, MONDAY, 60, 100)), (2, sold(OTHER, (2026, 13, 45), 60, 100))]
    known.restore(lambda count: iter(records), lambda values: "" if values["riders"] else "12")
    assert known.rows == []
    known.restore(lambda count: iter(records[1:]), lambda values: "12")
    assert known.rows == []
