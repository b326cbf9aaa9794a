# SPDX-License-Identifier: Apache-2.0
"""A kiosk that writes units, on simulated cards with a simulated PSAM: the link is cut at every
exchange, before and after the card acted. Units and debit are there together, once, or not at all.
"""

import pytest

from firmware.capp import layouts
from firmware.devices.utilities_meter import COMMANDS, MeterKiosk
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from sim.capp_profile import KEY_USE, VERSIONS
from sim.meter_home import HomeMeter, give_out
from tests.devices.shop_stand import Keys as Typed
from tests.host.record_torn import CASES, Unit, finals, new_card

PRICE_FEN, PACKS = 263, 4


class Kiosk(Unit):
    """A kiosk for gas, four packs asked for; whoever has what he bought walks away."""

    key = (KEY_USE, VERSIONS["meter"])

    def __init__(self):
        self.keys = Typed()
        super().__init__()
        self.say("on 5")
        self.say(f"buy {PACKS}")

    def say(self, text):
        self.keys.typed += text.encode() + b"\r"
        for _ in range(3):
            self.terminal.turn()

    def trade(self, settings, parameters, relay, clock, keys):
        settings.more.update({"bill_kind": "gas", "unit_price_fen": str(PRICE_FEN)})
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock)
        return MeterKiosk(settings, parameters, clock, line, keys)


def card_of(r_mac):
    card = new_card(r_mac, "meter")
    give_out(card, "gas", 100234)
    return card


def units(card):
    values = layouts.read(layouts.METER, bytes.fromhex(card.state["extended"]["records"][0][1]))
    return values["total_units"]


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_a_purchase_lost_anywhere_should_be_there_once(r_mac, acted):
    """QX-035..038, QX-040: what the card carries is what it has paid, at every exchange."""
    cut = 0
    for at in range(1, 60):
        kiosk, card = Kiosk(), card_of(r_mac)
        _, fired = kiosk.lost(card, at, acted)
        if not fired:
            break
        cut += 1
        for _ in range(4):
            kiosk.tap(card)
            assert units(card) * PRICE_FEN == 100 * sum(finals(card)), at
            if kiosk.kinds().count("approved"):
                break
        assert (units(card), finals(card)) == (100 * PACKS, (PACKS * PRICE_FEN,)), at
        assert kiosk.journal.pending() == [] and kiosk.kinds().count("approved") == 1
    assert cut > 10


@pytest.mark.parametrize("r_mac", [False, True])
def test_a_meter_at_home_should_take_units_once(r_mac):
    home, card = HomeMeter(100234, "gas"), card_of(r_mac)
    assert home.lay(card) == 0
    for taps, total in ((1, 400), (2, 1200)):
        for _ in range(taps):  # two purchases before the meter reads again
            kiosk = Kiosk()
            assert kiosk.tap(card)["message"] == "units_written"
        assert home.lay(card) == 400 * taps and home.lay(card) == 0
        assert home.credit == total
    assert HomeMeter(100235, "gas").lay(card) == "other_meter"
    assert HomeMeter(100234, "water").lay(card) == "other_meter"
    card.state["extended"]["records"][0][2] = "00" * 16
    if r_mac:
        assert HomeMeter(100234, "gas").lay(card) == "forged"
    assert HomeMeter(100234, "gas").lay(new_card(r_mac, "bus")) == "unread"
