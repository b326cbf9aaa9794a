# SPDX-License-Identifier: Apache-2.0
"""A toll lane over the shared store: classes, U-turns, times, the loop, to the fen."""

from firmware.devices.lane_store import Entry, LaneStore, key_of
from firmware.devices.toll_store import Toll
from firmware.kernel import apdu
from sim.flash import Flash
from tests.devices.parking_stand import PAN, open_card
from tests.devices.toll_stand import DEAREST, Lane, tariff

HELD = 10000


class StoreLane(Lane):
    """A lane with the store; who came in at `origin` so many minutes ago."""

    def __init__(self, lane="exit", minutes=None, origin=1, was=1, station=3, **more):
        self.store_flash = Flash(6, 1024)
        super().__init__(lane, station, 0, self.build_trade, **more)
        if minutes is not None:
            hour, minute = divmod(600 - minutes, 60)
            entry = Entry(key_of(PAN), origin, (2026, 11, 21, hour, minute, 0), was)
            self.trade.store.enter(entry)
            self.trade.store.turn()

    def build_trade(self, here, parameters, booth, clock):
        store = LaneStore(self.store_flash, self.more.get("missing_exit") == "replace")
        return Toll(here, parameters, store, tariff(), None, booth, clock)

    def inside(self):
        return self.trade.store.find(key_of(PAN))


def leaves(message, fen, **case):
    """An exit ends in this message, costs so much, and opens the barrier unless it is refused."""
    lane, card = StoreLane(**case), open_card()
    said = lane.tap(card)["message"]
    assert (said, HELD - card.balance_fen) == (message, fen), (said, card.balance_fen, case)
    passed = message in ("ok", "free_exit")
    assert lane.barrier.pulses == passed and card.asked(apdu.INS_GPO) == (fen > 0), case
    if passed:
        assert lane.inside() is None, case
    return lane, card


def test_exit_should_be_priced_by_stations_and_class():
    """QX-047: by the table, from the place of the entry; the class stands in the record."""
    lane, _ = leaves("ok", 2000, minutes=30)
    kind, values = lane.records()[0]
    assert (kind, values["device"], values["reference"]) == ("approved", "toll", 1)
    assert values["trade"] == 0x0C and values["direction"] == 2
    leaves("ok", 1500, minutes=30, origin=2)
    leaves("ok", 4000, minutes=30, was=2, vehicle_class="2")


def test_other_class_should_go_by_the_rule():
    leaves("ok", 4000, minutes=30, was=2)
    leaves("ok", 4000, minutes=30, vehicle_class="2")
    leaves("ok", 2000, minutes=30, was=2, class_differs="exit")
    leaves("class_differs", 0, minutes=30, was=2, class_differs="refuse")


def test_times_should_go_by_the_rules():
    leaves("free_exit", 0, minutes=10, origin=3)
    leaves("ok", DEAREST, minutes=11, origin=3)
    leaves("u_turn", 0, minutes=11, origin=3, u_turn="refuse")
    leaves("too_fast", 0, minutes=7, least_min="1=8")
    leaves("ok", DEAREST, minutes=121, longest_min="120")
    leaves("overtime", 0, minutes=121, longest_min="120", overtime="refuse")


def test_missing_entries_should_go_by_the_rule():
    """TD-068: a lost card is one without an entry."""
    leaves("ok", DEAREST)
    leaves("no_entry", 0, missing_entry="refuse")
    leaves("free_exit", 0, degraded="entry_free")
    leaves("free_exit", 0, minutes=30, degraded="exit_free")


def test_entry_should_keep_station_and_class_and_take_nothing():
    """TD-022: a free read; the barrier opens when the entry is durable."""
    lane, card = StoreLane("entry", station=2, vehicle_class="2"), open_card()
    assert lane.tap(card)["message"] == "entry_noted"
    lane.trade.turn()
    kept = lane.inside()
    assert (kept.lane, kept.vehicle_class, lane.barrier.pulses) == (2, 2, 1)
    assert card.asked(apdu.INS_GPO) == 0


def test_second_tap_should_open_until_the_vehicle_has_gone():
    """TD-001: in and out; the loop ends it."""
    lane, card = StoreLane("entry"), open_card()
    for pulses in (1, 2):
        assert lane.tap(card)["message"] == "entry_noted"
        lane.trade.turn()
        assert lane.barrier.pulses == pulses
    lane.drive_over()
    assert lane.tap(card)["message"] == "inside_already" and lane.barrier.pulses == 2
    lane, card = leaves("ok", 2000, minutes=30)
    assert lane.tap(card)["message"] == "re_entry" and lane.barrier.pulses == 2
    lane.drive_over()
    assert lane.tap(card)["message"] == "ok" and HELD - card.balance_fen == 2000 + DEAREST


def test_paid_vehicle_should_leave_behind_a_restart():
    """TD-012: whoever has paid may leave, however the power went."""
    lane, card = leaves("ok", 2000, minutes=30)
    lane.restart()
    assert lane.tap(card)["message"] == "re_entry" and card.balance_fen == HELD - 2000


def test_card_that_hides_its_number_should_not_be_asked():
    lane, card = StoreLane(minutes=30), open_card(tells=False)
    assert lane.tap(card)["message"] == "number_unread"
    assert card.asked(apdu.INS_GPO) == 0 and lane.barrier.pulses == 0
