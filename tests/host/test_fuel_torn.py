# SPDX-License-Identifier: Apache-2.0
"""A pump's terminal with simulated cards: the link is cut at every exchange of freeze and
completion, before and after the card acted. Whatever happens, the sum is frozen once, the nozzle
released behind it, and what was poured paid once.
"""

import pytest

from firmware.devices import fuel_fills
from firmware.devices.fuel import Fuel
from firmware.neighbours import pump
from sim.beside_fuel import is_frozen
from sim.capp_profile import KEY_USE, VERSIONS
from tests.devices.fuel_stand import FREEZE_FEN, Wire
from tests.devices.parking_stand import PAN
from tests.host.record_torn import CASES, Crossing, Unit, cut_everywhere, never_back, new_card

POURED_FEN = 2400


class Post(Unit):
    """A pump with its nozzle out; `paid`: completions that were told to the device."""

    key = (KEY_USE, VERSIONS["fuel"])
    fleet_lines = "merchant: 104310055110001"

    def __init__(self, minute=0, fills=False):
        self.starts = (2026, 11, 21, 10, minute, 0)
        self.fills, self.paid = fills, 0
        super().__init__()
        self.wire.state = pump.IDLE if fills else pump.LIFTED
        for _ in range(4):
            self.terminal.turn()

    def trade(self, settings, parameters, relay, clock, keys):
        settings.more.update({"freeze_fen": str(FREEZE_FEN), "product": "92"})
        link = pump.PumpLink()
        self.wire = Wire(link, clock)
        trade = Fuel(settings, parameters, clock, keys, link, self.wire, self.events.append)
        if self.fills:
            trade.completed = self._completed
        return trade

    def prepare(self):
        if self.fills:  # what the journal of a longer day would have
            fills = self.terminal.trade.fills
            fills.froze(1, PAN, FREEZE_FEN)
            poured = pump.Status(4, 0, 1, FREEZE_FEN, 7, POURED_FEN, 3000, 800, 0, 0)
            fills.noted(1, POURED_FEN, fuel_fills.data_of(poured, FREEZE_FEN), 1)

    def _completed(self, sold, fields):
        self.paid += 1

    def opened(self):
        released = sum(kind == pump.RELEASE for kind, _ in self.wire.told)
        return self.paid if self.fills else released


def frozen(r_mac):
    card = new_card(r_mac, "fuel", "rides")
    assert Post().tap(card)["message"] == "frozen"
    return card


def freeze(r_mac):
    return Crossing(
        Post, lambda: new_card(r_mac, "fuel", "rides"), (), "preauthorised", ("frozen",), is_frozen
    )


def completion(r_mac):
    return Crossing(
        lambda: Post(30, True), lambda: frozen(r_mac), (POURED_FEN,), "approved", ("ok",),
        lambda card: not is_frozen(card),
    )  # fmt: skip


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_a_freeze_lost_anywhere_should_be_released_once(r_mac, acted):
    """QX-033, QX-035, QX-052: the nozzle pours behind a durable freeze alone."""
    assert cut_everywhere(freeze(r_mac), acted) > 10


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_a_completion_lost_anywhere_should_be_paid_once(r_mac, acted):
    """QX-035, QX-055."""
    assert cut_everywhere(completion(r_mac), acted) > 10


@pytest.mark.parametrize("acted", (False, True))
def test_who_never_comes_back_should_stay_pending(acted):
    """QX-036, QX-052: nothing is released, nothing is counted as paid."""
    unit, card = never_back(freeze(False), acted)
    assert is_frozen(card) is acted and not unit.terminal.trade.fills.by_order
