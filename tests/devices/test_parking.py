# SPDX-License-Identifier: Apache-2.0
"""A car park: entry free, exit by the tariff, no barrier before its record."""

from firmware.devices.lane_store import Entry, key_of
from firmware.kernel import apdu
from tests.devices.parking_stand import PAN, Lane, inside, open_card, parked


def test_entry_should_be_kept_before_the_barrier_opens_and_touch_no_money():
    """TD-022, TD-001: no GPO; lane, time and class in the store, an event in the journal."""
    lane = Lane("entry", vehicle_class="3")
    lane.at(8, 30)
    card = open_card()
    assert lane.tap(card) == "entry_noted" and card.asked(apdu.INS_GPO) == 0
    assert card.atc == 4 and card.balance_fen == 10000 and lane.barrier.pulses == 1
    assert lane.trade.store.find(key_of(PAN)) == Entry(key_of(PAN), 1, (2026, 11, 21, 8, 30, 0), 3)
    kind, values = lane.stand.records()[0]
    assert (kind, values["reason"], values["trade"], values["direction"]) == (
        "event", "entry_noted", 7, 1,
    )  # fmt: skip
    assert lane.stand.shown() == "green" and ("show", "Please drive in", 0) in lane.stand.log


def test_card_that_hides_its_number_should_be_sent_to_the_attendant():
    """TD-022, TD-068: at both lanes, before a GPO; at the exit no price of a lost entry."""
    for name in ("entry", "exit"):
        hides_its_number(name)


def hides_its_number(name):
    lane, card = Lane(name), open_card(tells=False)
    assert lane.tap(card) == "number_unread"
    assert card.asked(apdu.INS_GPO) == 0 and lane.barrier.pulses == 0


def test_exit_should_charge_the_tariff_and_forget_the_entry():
    for minutes, fen in ((16, 300), (60, 300), (61, 500), (120, 500), (1440, 2000), (2900, 4200)):
        leaves(minutes, fen)


def leaves(minutes, fen):
    lane, card = parked(minutes), open_card()
    assert lane.tap(card) == "ok", minutes
    assert card.balance_fen == 10000 - fen and lane.barrier.pulses == 1
    kind, values = lane.stand.records()[0]
    assert (kind, values["amount_fen"], values["rule"]) == ("approved", fen, "time")
    assert values["direction"] == 2 and len(values["trade_data"]) == 17
    assert not inside(lane)


def test_free_minutes_should_cost_nothing_and_be_noted():
    lane, card = parked(15), open_card()
    assert lane.tap(card) == "free_exit" and card.debits == [] and lane.barrier.pulses == 1
    assert lane.stand.records()[0][1]["reason"] == "free_exit" and not inside(lane)


def test_lost_entry_should_go_by_the_rule():
    """TD-068: the tariff's price, or the attendant."""
    for rule, message, fen in (("maximum", "ok", 5000), ("refuse", "no_entry", 0)):
        leaves_without_entry(rule, message, fen)


def leaves_without_entry(rule, message, fen):
    lane, card = Lane("exit", missing_entry=rule), open_card()
    assert lane.tap(card) == message and card.balance_fen == 10000 - fen
    assert lane.barrier.pulses == (1 if fen else 0)


def test_clock_in_doubt_should_charge_the_shorter_stay():
    """TD-008: who may have stayed for an hour pays for an hour; nobody is kept from leaving."""
    for doubts, error_s, fen in ((False, 120, 500), (True, 120, 300), (True, 30, 500)):
        lane = parked(61)
        lane.stand.clock.in_doubt = lambda doubts=doubts: doubts
        lane.stand.clock.error_s = lambda error_s=error_s: error_s
        card = open_card()
        assert lane.tap(card) == "ok" and card.balance_fen == 10000 - fen, (doubts, error_s)
