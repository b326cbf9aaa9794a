# SPDX-License-Identifier: Apache-2.0
"""The tap that pays at a fare adjustment kiosk, cut at every exchange: the debit and the new entry
stand together or not at all, who comes again has paid once.
"""

import pytest

from firmware.capp import layouts
from firmware.devices import window
from firmware.devices.adjust import Adjust
from sim.beside_metro_card import stamp_of
from sim.capp_profile import KEY_USE, VERSIONS
from tests.devices.metro_stand import At, tariff
from tests.devices.parking_stand import PAN
from tests.devices.test_adjust import Typed
from tests.host.record_torn import CASES, Crossing, Unit, cut_everywhere, never_back, new_card

DUE_FEN = 900


class Kiosk(Unit):
    """A kiosk that has told this card what is due; who was put right is noted to the staff."""

    key = (KEY_USE, VERSIONS["metro"])

    def trade(self, settings, parameters, relay, clock, keys):
        settings.more["product"] = "metro"
        self.keys, self.noted = Typed(), 0
        trade = Adjust(At(settings, 3), parameters, tariff(), self.keys, clock, keys)
        trade.asked, trade.asked_until = (PAN, DUE_FEN), window.opened(clock, 60)
        return trade

    def opened(self):
        self.noted += self.keys.said().count(", record ")
        return self.noted


def is_inside(card):
    stamp = stamp_of(card)
    return (stamp["state"], stamp["entry_place"]) == (layouts.INSIDE, 3)


def crossing(r_mac):
    return Crossing(
        Kiosk, lambda: new_card(r_mac, "metro"), (DUE_FEN,), "approved", ("adjusted",), is_inside
    )


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_an_adjustment_lost_anywhere_should_be_paid_once(r_mac, acted):
    """QX-035, QX-040, QX-046."""
    assert cut_everywhere(crossing(r_mac), acted) > 10


@pytest.mark.parametrize("acted", (False, True))
def test_who_never_comes_back_should_stay_pending(acted):
    """QX-036, QX-052."""
    never_back(crossing(False), acted)
