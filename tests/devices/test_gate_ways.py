# SPDX-License-Identifier: Apache-2.0
"""A gate's two directions, and its day's figures."""

from tests.gate_stand import PAN, GateStand, open_card
from tests.small_card import SmallCard


def test_exit_lane_should_read_and_debit_nothing():
    """TD-022, TD-067: the opposite passage."""
    stand = GateStand("direction=exit passback_min=10")
    card = open_card()
    assert stand.tap(card)["message"] == "pass_valid" and card.debits == []
    stand.people("entered cleared")
    assert stand.words() == "pass_valid opened passed" and stand.records()[0][1]["direction"] == 2
    assert stand.tap(card)["message"] == "passback"


def test_passback_should_end_with_its_minutes():
    """TD-067: before and behind them, and over a restart."""
    stand = GateStand("passback_min=10", "same_card_s: 0")
    card = open_card()
    stand.tap(card)
    stand.people("entered cleared")
    stand.clock.advance(500)
    stand.restart()
    assert stand.tap(card)["message"] == "passback" and len(card.debits) == 1
    stand.clock.advance(101)
    assert stand.tap(card)["message"] == "ok"


def test_day_should_compare_the_machine_with_the_records():
    """TD-069: a difference is reported and written down, once a day and by key."""
    stand = GateStand()
    stand.tap(SmallCard(PAN))
    stand.people("entered cleared cleared")
    stand.lane.passages += 2  # people the terminal was not told of
    stand.events[:] = []
    stand.gate.key("day_count")
    told = [one for one in stand.events if one["event"] == "day_count"][0]
    assert (told["machine"], told["passed"], told["stray"], told["difference"]) == (4, 1, 1, 2)
    assert stand.words().endswith("day_count")
    stand.events[:] = []
    stand.clock.now = (2026, 11, 22, 0, 0, 1)
    stand.turns()
    told = [one for one in stand.events if one["event"] == "day_count"][0]
    assert (told["machine"], told["difference"]) == (0, 0)
