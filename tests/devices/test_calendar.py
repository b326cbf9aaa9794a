# SPDX-License-Identifier: Apache-2.0
"""A terminal on days that others have stumbled over (TD-009), and with a clock that goes back."""

from firmware.devices.timekeeper import Timekeeper
from tests.small_card import SmallCard
from tests.stand import Stand

# local date and time, seconds since 1970 of it
DAYS = (
    ((2028, 2, 29, 12, 0, 0), 1835409600),
    ((2028, 2, 29, 23, 59, 59), 1835452799),
    ((2028, 3, 1, 0, 0, 0), 1835452800),
    ((2026, 12, 31, 23, 59, 59), 1798732799),
    ((2027, 1, 1, 0, 0, 0), 1798732800),
    ((2026, 11, 30, 23, 59, 59), 1796054399),
    ((2038, 1, 19, 3, 14, 7), 2147454847),
    ((2038, 1, 19, 11, 14, 8), 2147483648),
)


def test_every_day_should_be_judged_and_stand_in_the_record():
    """TD-009: 29 February, ends of months and years, 2^31 seconds: by then the card has expired,
    which a date of 1901 or 1970 would not have told.
    """
    stand, sold = Stand("same_card_s: 0"), 0
    for now, utc_s in DAYS:
        stand.clock.now, stand.clock.utc_s = now, max(utc_s, stand.clock.utc_s)
        card = SmallCard()
        event = stand.tap(card)
        stand.clock.advance(5)
        if now[0] == 2038:
            assert event["message"] == "expired" and card.debits == []
            continue
        sold += 1
        assert event["message"] == "ok" and len(stand.records()) == sold
        values = stand.records()[-1][1]
        assert values["date"] == "%02d%02d%02d" % (now[0] % 100, now[1], now[2])
        assert values["time"] == "%02d%02d%02d" % now[3:]
        assert values["time_utc_s"] == stand.clock.utc_s - 5 and values["clock_trusted"] == 1


def test_numbers_should_rise_whatever_the_clock_does():
    """TD-008: the order of records is that of their numbers, no clock's."""
    stand = Stand("same_card_s: 0\nclock_back_s: 0")
    sequences = []
    for step_s in (0, -86400, 3600, -(10**8), 10**8):
        stand.clock.utc_s += step_s
        sequences.append(stand.tap(SmallCard())["sequence"])
        stand.clock.advance(5)
    stand.restart()
    sequences.append(stand.tap(SmallCard())["sequence"])
    assert sequences == [1, 2, 3, 4, 5, 6]


def test_doubt_should_be_flagged_and_sold_on():
    """TD-008: a rider is not sent away for a clock that may be off; the record says so."""
    stand = Stand("same_card_s: 0")
    keeper = Timekeeper(stand.clock, 300, 30, 1)
    terminal = stand.terminal
    terminal.parts = type(terminal.parts)(
        *[keeper if one is stand.clock else one for one in terminal.parts]
    )
    terminal.sale.stamp.clock = keeper
    stand.tap(SmallCard())
    assert stand.records()[-1][1]["clock_trusted"] == 1
    stand.clock.utc_s += 600  # somebody has set the wall clock
    stand.clock.advance(5)
    stand.terminal.turn()
    assert stand.records()[-1][1]["reason"] == "clock_stepped +600"
    assert stand.tap(SmallCard())["message"] == "ok"
    assert stand.records()[-1][1]["clock_trusted"] == 0
    keeper.step_s = 3600
    keeper.heard(keeper.time_utc_s() - 600, 100)
    stand.clock.advance(5)
    stand.tap(SmallCard())
    assert stand.records()[-1][1]["clock_trusted"] == 1
