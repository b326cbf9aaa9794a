# SPDX-License-Identifier: Apache-2.0
"""Fare adjustment over the shared store: asked, paid, let out for nothing; never paid twice."""

from firmware.devices.adjust_store import AdjustStore
from firmware.devices.lane_store import key_of
from firmware.devices.metro_store import Metro
from firmware.kernel import apdu
from firmware.neighbours.lane_line import LaneLine
from firmware.neighbours.line import Neighbour
from firmware.neighbours.relay import Relay
from tests.devices.metro_stand import At, tariff
from tests.devices.parking_stand import OTHER, PAN, Lane, open_card
from tests.devices.pay_stand import Park, PayStand


class Kiosk(PayStand):
    """In the paid area of station 3."""

    def make(self, settings, parameters, clock, report):
        settings.more.update({"product": "metro"})
        line = Neighbour(lambda: self.wire.end(0), LaneLine(), clock)
        self.trade = AdjustStore(At(settings, 3), parameters, line, tariff(), clock)
        return self.trade


class Gate(Lane):
    """The exit gate of station 3, which keeps the store."""

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        settings.more["product"] = "metro"
        relay = Relay(lambda: self.barrier, 500, clock)
        store = self.store(clock)
        here = At(settings, 3)
        self.trade = Metro(here, parameters, store, tariff(), None, relay, clock)
        return self.trade


class Station(Park):
    """Somebody came in at station 1 at 10:00."""

    kinds = (Gate, Kiosk)


def test_overtime_should_be_paid_at_the_kiosk_and_not_at_the_gate():
    """QX-045: the gate refuses, the kiosk says 9.00 and takes it, the gate lets out once."""
    station, card = Station(300, overtime="refuse"), open_card()
    assert station.exit.tap(card) == "overtime" and card.asked(apdu.INS_GPO) == 0
    assert "Overtime 9.00: tap again" in station.asks(card)
    assert card.balance_fen == 10000 and station.pay.shown() == "amber"
    assert station.exit.tap(card) == "pay_open"  # he may be about to pay there
    assert station.pay.tap(card)["message"] == "ok" and card.balance_fen == 9100
    values = station.pay.records()[-1][1]
    assert (values["device"], values["rule"]) == ("adjust", "adjust_overtime")
    station.beat()
    assert station.exit.tap(card) == "prepaid" and card.balance_fen == 9100
    assert station.exit.trade.store.find(key_of(PAN)) is None


def test_who_leaves_too_late_should_pay_no_more_than_the_dearest_fare():
    """What was paid counts, however long he stays."""
    for rule in ("refuse", "maximum"):
        station, card = Station(300, overtime=rule), open_card()
        assert station.pays(card) == "ok"
        station.at(320)
        assert station.exit.tap(card) == "free_exit" and card.balance_fen == 9100, rule


def test_who_owes_nothing_here_should_be_sent_to_the_gate():
    station, card = Station(30), open_card()
    assert "All right: go to the gate" in station.asks(card)
    assert "No entry: the gate takes it" in station.asks(open_card(OTHER))
    assert card.asked(apdu.INS_GPO) == 0
    assert station.exit.tap(card) == "ok" and card.balance_fen == 9600


def test_payment_should_go_on_behind_a_cut_of_line_and_power():
    """TD-012: the gate charges nobody whose payment may be on its way."""
    station, card = Station(300), open_card()
    station.asks(card)
    station.wire.cut = True
    assert station.pay.tap(card)["message"] == "ok"
    station.pay.restart()
    station.exit.stand.restart()
    assert station.exit.tap(card) == "pay_open" and card.balance_fen == 9100
    station.wire.cut = False
    station.beat(6)
    assert station.exit.tap(card) == "prepaid" and card.balance_fen == 9100
