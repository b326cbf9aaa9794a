# SPDX-License-Identifier: Apache-2.0
"""The shift over power cuts: totals come back from the last checkpoint and what lies behind it."""

from firmware.devices import shift as shifts
from firmware.kernel import apdu
from tests.kiosk import a_kiosk, card, summed, taken
from tests.small_card import LAST


def test_totals_should_outlast_a_restart_at_every_tap():
    """TD-032, TD-012: the power is cut behind each tap, checkpoints among them."""
    stand, shift = a_kiosk()
    shift().open(7)
    for number in range(20):
        stand.tap(card(number))
        if number % 3 == 2:
            shift().cash(100)
        if number > 13 or number % 4 == 0:
            stand.restart()
            stand.terminal.turn()
        assert (shift().is_open, shift().driver, shift().number) == (True, 7, 1)
        assert taken(shift()) == (number + 1, 200 * (number + 1))
    assert shift().sum_of("cash") == (6, 6, 600)
    assert [data for _, data in stand.journal.records() if b"shift_totals" in data]
    shift().close()
    stand.restart()
    assert not shift().is_open and taken(shift()) == (20, 4000)
    assert shift().open(8) == "" and (shift().number, taken(shift())) == (2, (0, 0))


def test_sale_that_the_power_cut_left_open_should_count():
    """QT-163: the record is written at the start, before the totals are taken up."""
    stand, shift = a_kiosk()
    shift().open(7)
    torn = card(1)
    torn.tear = (apdu.INS_READ_RECORD, LAST, True)
    stand.tap(torn)
    stand.restart()
    assert stand.tap(torn)["message"] == "torn_recovered"
    assert taken(shift()) == summed(stand, 1) == (1, 200)


def test_damaged_checkpoint_should_leave_the_shift_closed():
    """One that cannot be read is passed over: what lies behind it counts from the one before."""
    stand, shift = a_kiosk("")
    shift().open(7)
    stand.tap(card(1))
    values = shift()._event(shifts.TOTALS)
    for data in (b"", b"\x01", b"\x02" + bytes(12), b"\xff" * 96):
        values["trade_data"] = data
        assert shift()._append(values)
    stand.restart()
    assert shift().is_open and taken(shift()) == (1, 200)
