# SPDX-License-Identifier: Apache-2.0
"""Degraded modes of a gate, by parameter and by key; the words of its lane."""

from firmware.devices.gate_modes import MODES
from firmware.devices.gate_setup import read_lane
from tests.gate_stand import OTHER, PAN, GateStand, open_card
from tests.refusal import refusal
from tests.small_card import SmallCard


def test_each_mode_should_treat_cards_as_its_table_says():
    """TD-066: a card that pays, is read without a debit, or is not looked for."""
    for mode, message in (
        ("controlled", "ok"), ("free", None), ("exit_only", None), ("closed", None),
        ("fare_waived", "free_ride"), ("time_waived", "ok"), ("date_waived", "ok"),
    ):  # fmt: skip
        stand = None  # a board has no room for two
        stand = GateStand("mode=" + mode)
        card = open_card()
        event = stand.tap(card)
        assert (event["message"] if event else None) == message, mode
        assert len(card.debits) == (message == "ok") and ("open" in stand.lane.orders) is bool(
            event
        )
        assert stand.records() == [] or stand.records()[0][1]["trade_data"][1] == MODES.index(mode)


def test_free_lane_should_count_and_raise_no_alarm():
    """TD-066: people walk, in both directions."""
    stand = GateStand("mode=free")
    assert stand.lane.orders == ["close", "free"]
    stand.people("entered cleared reverse exited cleared")
    assert stand.gate.figures.counts == {"free": 2, "exited": 1} and stand.records() == []


def test_key_should_change_the_mode_when_the_lane_is_empty():
    """TD-066: written down; who is in the lane walks out of it first."""
    stand = GateStand()
    stand.tap(SmallCard(PAN))
    stand.gate.key("free")
    stand.turns()
    assert "free" not in stand.lane.orders and stand.words() == "approved opened mode_free"
    stand.people("entered cleared")
    assert stand.lane.orders[-1] == "free" and stand.words().endswith("passed")
    stand.gate.key("controlled")
    stand.turns()
    assert stand.lane.orders[-1] == "controlled" and stand.tap(SmallCard(OTHER))["message"] == "ok"


def test_lane_should_be_read_or_refused():
    lane = read_lane("lane=3 group=16 direction=exit mode=free queue=4 grace_s=60 passage_s=7")
    assert (lane.lane, lane.group, lane.direction, lane.mode, lane.times.passage_s) == (
        3, 16, 2, "free", 7,
    )  # fmt: skip
    for wrong in (
        "lane", "lane=", "lane=0", "group=17", "grace_s=59", "grace_s=181", "mode=open",
        "direction=up", "lane=1 lane=1", "colour=red", "queue=x", "kind=" + "x" * 17,
    ):  # fmt: skip
        assert "gate_lane" in refusal(read_lane, wrong), wrong
