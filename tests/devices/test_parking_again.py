# SPDX-License-Identifier: Apache-2.0
"""A car park: who has paid is not asked again, however the power goes."""

from firmware.devices.lane_store import Entry, key_of
from firmware.kernel import apdu
from tests.devices.parking_stand import PAN, inside, open_card, parked
from tests.small_card import LAST


def test_who_has_paid_and_did_not_go_should_leave_free_within_the_time():
    """TD-063: also after a restart; the time runs from paying, and taps do not lengthen it."""
    lane, card = parked(), open_card()
    assert lane.tap(card) == "ok"
    for at_s in (0, 300, 300):
        lane.stand.clock.advance(at_s)
        lane.stand.restart()
        assert lane.tap(card) == "re_entry" and len(card.debits) == 1
    assert lane.barrier.pulses == 4
    lane.stand.clock.advance(301)
    lane.more["missing_entry"] = "refuse"
    lane.stand.restart()
    assert lane.tap(card) == "no_entry" and len(card.debits) == 1


def test_who_comes_again_within_that_time_should_pay_for_the_new_stay():
    """TD-005: an entry behind the payment is another stay; the guard does not make it free."""
    lane, card = parked(), open_card()
    assert lane.tap(card) == "ok"
    lane.trade.store.enter(Entry(key_of(PAN), 1, (2026, 11, 21, 10, 1, 0), 0))
    lane.at(10, 59)
    assert lane.tap(card) == "ok" and len(card.debits) == 2 and not inside(lane)


def test_power_lost_between_record_and_store_should_not_charge_again():
    """TD-012, TD-001: the record is durable, the entry still there, the barrier shut."""
    lane, card = parked(), open_card()
    lane.trade.store.leave = lambda key: None
    lane.trade._open = lambda word: None
    assert lane.tap(card) == "ok" and inside(lane) and lane.barrier.pulses == 0
    lane.stand.restart()
    assert not inside(lane)
    assert lane.tap(card) == "re_entry" and lane.barrier.pulses == 1 and len(card.debits) == 1


def test_torn_payment_should_be_settled_by_the_second_tap():
    """The amount is that of the first tap, whatever the tariff says by then."""
    lane, card = parked(59), open_card()
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert lane.tap(card) == "last_record_lost" and lane.barrier.pulses == 0 and inside(lane)
    lane.at(10, 2)
    assert lane.tap(card) == "torn_recovered" and lane.barrier.pulses == 1
    assert card.balance_fen == 9700 and not inside(lane) and lane.stand.kinds() == ["approved"]
