# SPDX-License-Identifier: Apache-2.0
"""A metro gate over the shared store: stations 1, 2 and 3, priced from where to where."""

from firmware.devices.lane_store import Entry, LaneStore, key_of
from firmware.devices.metro_store import Metro
from firmware.errors import FormatError
from firmware.kernel import apdu
from firmware.neighbours.relay import Relay
from sim.flash import Flash
from tests.devices.metro_stand import At, tariff
from tests.devices.parking_stand import PAN, Barrier, open_card
from tests.stand import Stand


class Gate:
    """A Stand with a gate of station 3, and who came in at `origin` so many minutes ago."""

    def __init__(self, lane="exit", minutes=None, origin=1, station=3, **more):
        self.barrier, self.more, self.station = Barrier(), dict(more), station
        self.more.update({"lane": lane, "product": "metro"})
        self.flash = Flash(6, 1024)
        self.stand = Stand("", self.make)
        self.stand.clock.now = (2026, 11, 21, 10, 0, 0)
        if minutes is not None:
            hour, minute = divmod(600 - minutes, 60)
            entry = Entry(key_of(PAN), origin, (2026, 11, 21, hour, minute, 0), 0)
            self.trade.store.enter(entry)
            self.trade.store.turn()

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        relay = Relay(lambda: self.barrier, 500, clock)
        store = LaneStore(self.flash, self.more.get("missing_exit") == "replace")
        here = At(settings, self.station)
        self.trade = Metro(here, parameters, store, tariff(), None, relay, clock)
        return self.trade

    def tap(self, card):
        return self.stand.tap(card)["message"]


def leaves(expected, fen, **case):
    """An exit ends in this message, costs so much, and opens the gate unless it is refused."""
    gate, card = Gate(**case), open_card()
    assert gate.tap(card) == expected, case
    assert card.balance_fen == 10000 - fen, case
    assert gate.barrier.pulses == (1 if expected in ("ok", "free_exit") else 0), case
    return gate, card


def test_exit_should_cost_from_station_to_station():
    """QX-046, QX-047: by the table, from the place of the entry."""
    for origin, fen in ((1, 400), (2, 300)):
        gate, _ = leaves("ok", fen, minutes=30, origin=origin)
        kind, values = gate.stand.records()[0]
        assert (kind, values["amount_fen"], values["device"]) == ("approved", fen, "metro")
        assert gate.trade.store.find(key_of(PAN)) is None


def test_same_station_should_go_by_the_rule():
    leaves("free_exit", 0, minutes=15, origin=3)
    leaves("ok", 200, minutes=16, origin=3)
    leaves("ok", 200, minutes=5, origin=3, same_station="fare")


def test_missing_entries_and_overtime_should_go_by_the_rule():
    """QX-045: the price of an unknown station, the service desk, or nothing at all."""
    leaves("ok", 900)
    leaves("no_entry", 0, missing_entry="refuse")
    leaves("free_exit", 0, degraded="entry_free")
    leaves("ok", 400, minutes=240)
    leaves("ok", 900, minutes=241)
    leaves("overtime", 0, minutes=241, overtime="refuse")
    leaves("ok", 400, minutes=241, overtime="fare")


def test_degraded_exit_should_let_everybody_out_and_end_the_trip():
    gate, card = leaves("free_exit", 0, minutes=30, degraded="exit_free")
    assert gate.trade.store.find(key_of(PAN)) is None and card.asked(apdu.INS_GPO) == 0
    leaves("free_exit", 0, minutes=300, degraded="exit_free", overtime="refuse")
    leaves("free_exit", 0, degraded="exit_free", missing_entry="refuse")


def test_stamp_from_the_future_should_go_to_the_service_desk():
    leaves("stamp_ahead", 0, minutes=-2)


def test_entry_should_be_durable_before_the_gate_opens():
    """QX-043: and a card that is inside does not enter, unless it may replace."""
    gate, card = Gate("entry", station=1), open_card()
    assert gate.tap(card) == "entry_noted" and gate.barrier.pulses == 1
    assert gate.trade.store.find(key_of(PAN)).lane == 1 and card.asked(apdu.INS_GPO) == 0
    for rule, pulses in (("refuse", 0), ("replace", 1)):
        gate, card = Gate("entry", minutes=60, station=2, missing_exit=rule), open_card()
        gate.tap(card)
        assert gate.barrier.pulses == pulses, rule


def test_settings_that_mean_nothing_should_be_refused():
    for key, value in (("overtime", "x"), ("degraded", "open"), ("longest_min", "0")):
        try:
            Gate(**{key: value})
        except FormatError:
            continue
        raise AssertionError(key)
