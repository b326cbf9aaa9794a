# SPDX-License-Identifier: Apache-2.0
"""The shift: totals are the sum of the records that carry it; opened, closed, cut by the day."""

from firmware.kernel import apdu
from tests.kiosk import a_kiosk, card, summed, taken
from tests.small_card import LAST, SmallCard


def test_records_should_carry_driver_and_shift():
    """TD-032: opened, sold, closed, each stamped; nobody signed on is 0."""
    stand, shift = a_kiosk()
    assert stand.tap(card(1)) is None
    assert (
        shift().open(4711) == "" and shift().open(5) == "sign off first: driver 4711 is signed on"
    )
    stand.tap(card(1))
    assert shift().close() == "" and shift().close() == "nobody is signed on"
    assert [(one["reason"], one["driver"], one["shift"]) for _, one in stand.records()] == [
        ("shift_opened", 4711, 1),
        ("ok", 4711, 1),
        ("shift_closed", 4711, 1),
    ]
    assert shift().open(4711, 1) == "shift 1 is closed: leave the number out"
    assert shift().open(12, 9) == "" and shift().number == 9
    assert stand.tap(card(2)) and stand.records()[-1][1]["driver"] == 12


def test_totals_should_be_the_sum_of_the_records():
    """TD-032: full, reduced, staff, cash, refused: each in its row."""
    stand, shift = a_kiosk()
    shift().open(7)
    for number in range(3):
        stand.tap(card(number))
    stand.tap(SmallCard("6228000200000010"))  # a senior; learnt at the first tap
    stand.tap(SmallCard("6228000200000010"))
    stand.tap(SmallCard("6228000100000077"))
    assert shift().cash(350, riders=2)
    assert taken(shift()) == summed(stand, 1) == (4, 700)
    assert shift().sum_of("card") == (3, 3, 600) and shift().sum_of("reduced") == (1, 1, 100)
    assert shift().sum_of("staff") == (1, 1, 0) and shift().sum_of("cash") == (1, 2, 350)
    shift().close()
    assert list(shift().statement()) == [
        "班次 Shift 1 司机 Driver 7",
        "开始 From 2026-11-21 10:15",
        "结束 To 2026-11-21 10:15",
        "刷卡全价 Card, full fare: 3 笔 3 人 6.00",
        "刷卡优惠 Card, reduced: 1 笔 1 人 1.00",
        "现金 Cash: 1 笔 2 人 3.50",
        "员工 Staff: 1 笔 1 人 0.00",
        "合计 Total: 10.50",
    ]


def test_torn_tap_should_count_when_it_is_completed():
    """TD-032: once, for the shift that is stamped in it, however late."""
    for close_first in (False, True):
        stand, shift = a_kiosk()
        shift().open(7)
        torn = card(1)
        torn.tear = (apdu.INS_READ_RECORD, LAST, True)
        assert stand.tap(torn)["message"] == "last_record_lost"
        assert taken(shift()) == (0, 0)
        if close_first:
            shift().close()
        assert stand.tap(torn)["message"] == "torn_recovered"
        late = [one for one in stand.events if one["event"] == "shift_late"]
        assert taken(shift()) == ((0, 0) if close_first else (1, 200))
        assert len(late) == close_first and summed(stand, 1) == (1, 200)


def test_day_cut_should_close_the_shift():
    """Terminals.md 7: by force at 04:00, whatever the calendar does; not by a clock set back."""
    for opened, now, later_s, cut in (
        ((2026, 11, 21, 10, 15, 0), (2026, 11, 21, 23, 59, 0), 49440, False),
        ((2026, 11, 21, 10, 15, 0), (2026, 11, 22, 3, 59, 0), 63840, False),
        ((2026, 11, 21, 10, 15, 0), (2026, 11, 22, 4, 0, 0), 63900, True),
        ((2026, 11, 21, 10, 15, 0), (2026, 11, 23, 3, 0, 0), 146700, True),
        ((2026, 11, 21, 3, 59, 0), (2026, 11, 21, 4, 0, 0), 60, True),
        ((2026, 11, 21, 4, 0, 0), (2026, 11, 21, 4, 0, 30), 30, False),
        ((2026, 12, 31, 22, 0, 0), (2027, 1, 1, 4, 0, 0), 21600, True),
        ((2028, 2, 28, 22, 0, 0), (2028, 2, 29, 3, 59, 0), 21540, False),
        ((2028, 2, 29, 22, 0, 0), (2028, 3, 1, 4, 0, 0), 21600, True),
        ((2026, 11, 21, 10, 15, 0), (2026, 11, 21, 9, 0, 0), -60, False),
    ):
        stand, shift = a_kiosk("")
        stand.clock.now = opened
        shift().open(7)
        stand.tap(card(1))
        stand.clock.now = now
        stand.clock.advance(later_s)
        stand.terminal.turn()
        assert shift().is_open is not cut, (opened, now)
        assert stand.terminal.trade.cut == cut
        assert (stand.records()[-1][1]["reason"] == "shift_forced") is cut


def test_day_cut_should_wait_for_a_trusted_clock():
    """TD-008: a clock that was never set closes nothing."""
    stand, shift = a_kiosk("")
    shift().open(7)
    stand.clock.now = (2020, 1, 1, 5, 0, 0)
    stand.terminal.turn()
    assert shift().is_open
