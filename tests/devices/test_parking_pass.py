# SPDX-License-Identifier: Apache-2.0
"""A car park: passes, cards that are inside, a barrier that is gone."""

from firmware.fares import calendar
from firmware.formats import allow_list
from firmware.formats.allow_list import AllowList, Window
from tests.devices.parking_stand import OTHER, PAN, Bytes, Lane, inside, open_card, parked


def test_card_that_is_inside_should_not_enter():
    """TD-067, TD-068; within minutes it is a driver who was not let in."""
    lane, card = Lane("entry"), open_card()
    for minute, pulses in ((0, 1), (4, 2), (20, 2)):
        lane.at(8, minute)
        lane.tap(card)
        assert lane.barrier.pulses == pulses
    assert ("show", "Is inside: ask attendant", 0) in lane.stand.log
    lane.stand.restart()
    lane.at(9, 0)
    assert lane.tap(card) == "entry_noted" and lane.barrier.pulses == 2


def test_pass_should_leave_free_while_it_is_valid():
    """Parking: a month card is a dated pass."""
    first = calendar.day_number(2026, 11, 1)
    for last, message in ((first + 29, "pass_valid"), (first + 19, "ok")):
        leaves_with_pass(Window(1, 127, 0, 1440, first, last), message)


def leaves_with_pass(month, message):
    passes = AllowList(Bytes(allow_list.pack(1, bytes(8), (month,), {PAN: 1})))
    lane, card = parked(passes=passes), open_card()
    assert lane.tap(card) == message and (card.debits == []) == (message == "pass_valid")
    assert lane.barrier.pulses == 1 and not inside(lane)


def test_barrier_that_is_gone_should_close_the_lane():
    lane = parked()
    lane.barrier.gone = True
    card = open_card()
    assert lane.tap(card) == "ok" and ("show", "Barrier out of order", 0) in lane.stand.log
    assert lane.tap(open_card(OTHER)) is None
    lane.barrier.gone = False
    lane.stand.clock.advance(1)
    lane.stand.terminal.turn()
    assert lane.tap(card) == "re_entry" and lane.barrier.pulses == 1
