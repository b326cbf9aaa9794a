# SPDX-License-Identifier: Apache-2.0
"""A metro gate with trips on simulated cards: the link is cut at every exchange of entry and exit,
before and after the card acted. Whatever happens, who comes again is inside once and pays once.
"""

import pytest

from firmware.capp import layouts
from firmware.devices.metro_card import MetroCard
from sim.beside_metro_card import stamp_of
from sim.capp_profile import KEY_USE, VERSIONS
from tests.devices.metro_stand import At, tariff
from tests.host.record_torn import CASES, Crossing, Unit, cut_everywhere, never_back, new_card

FARE_FEN = 400


class Gate(Unit):
    """A gate at a station."""

    key = (KEY_USE, VERSIONS["metro"])

    def __init__(self, lane, station, minute):
        self.lane, self.station = lane, station
        self.starts = (2026, 11, 21, 10, minute, 0)
        super().__init__()

    def trade(self, settings, parameters, relay, clock, keys):
        settings.more.update({"lane": self.lane, "product": "metro"})
        here = At(settings, self.station)
        return MetroCard(here, parameters, tariff(), relay, clock, keys)


def entered(r_mac):
    card = new_card(r_mac, "metro", "rides")
    assert Gate("entry", 1, 0).tap(card)["message"] == "entered"
    return card


def is_inside(card):
    stamp = stamp_of(card)
    return (stamp["state"], stamp["entry_place"]) == (layouts.INSIDE, 1)


def is_out(card):
    stamp = stamp_of(card)
    there = (stamp["state"], stamp["exit_place"], stamp["amount_fen"])
    return there == (layouts.CLOSED, 3, FARE_FEN)


def entry(r_mac):
    says = ("entered", "re_entry")
    return Crossing(
        lambda: Gate("entry", 1, 0), lambda: new_card(r_mac, "metro", "rides"), (0,), "stamped",
        says, is_inside,
    )  # fmt: skip


def leaving(r_mac):
    return Crossing(
        lambda: Gate("exit", 3, 30), lambda: entered(r_mac), (0, FARE_FEN), "approved", ("ok",),
        is_out,
    )  # fmt: skip


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_an_entry_lost_anywhere_should_let_in_once(r_mac, acted):
    """QX-035, QX-040, QX-044."""
    assert cut_everywhere(entry(r_mac), acted) > 10


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_an_exit_lost_anywhere_should_be_paid_once(r_mac, acted):
    """QX-035, QX-040, QX-046: the debit and the stamp of the exit stand together or not at all."""
    assert cut_everywhere(leaving(r_mac), acted) > 10


@pytest.mark.parametrize("acted", (False, True))
def test_a_rider_who_never_comes_back_should_stay_pending_and_pay_what_the_card_says(acted):
    """QX-036, QX-052: unknown is neither paid nor unpaid; the record keeps the stamp."""
    _, card = never_back(leaving(False), acted)
    assert is_out(card) is acted
