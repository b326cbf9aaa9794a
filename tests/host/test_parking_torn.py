# SPDX-License-Identifier: Apache-2.0
"""A car park with stays on simulated cards: the link is cut at every exchange of entry, pay
station and exit, before and after the card acted. Who comes again is inside once, pays once,
drives once.
"""

import pytest

from firmware.capp import layouts
from firmware.devices.card_trade import Keys
from firmware.devices.parking_card import ParkingCard
from firmware.devices.parking_pass import SFI as PASSES
from firmware.devices.parking_pass import ParkingPass
from firmware.devices.parking_rules import NoBarrier
from sim.beside_metro_card import stamp_of
from sim.beside_parking_card import SFI
from sim.capp_profile import KEY_USE, VERSIONS
from tests.devices.parking_stand import tariff
from tests.devices.test_parking_card import At
from tests.host.record_torn import CASES, Crossing, Unit, cut_everywhere, never_back, new_card

FEN = 300


class Lane(Unit):
    """A lane so many minutes behind 10:00; at a pay station what is paid counts as opened."""

    key = (KEY_USE, VERSIONS["parking"])
    kind = ParkingCard

    def __init__(self, lane, minute):
        self.lane = lane
        self.starts = (2026, 11, 21, 10, minute, 0)
        super().__init__()

    def trade(self, settings, parameters, relay, clock, keys):
        settings.more.update({"lane": self.lane, "product": "car"})
        relay = NoBarrier() if self.lane == "pay" else relay
        at = At(settings, self.lane)
        return self.kind(at, parameters, tariff(), None, relay, clock, keys)

    def opened(self):
        return self.kinds().count("approved") if self.lane == "pay" else self.barrier.pulses


def card_behind(r_mac, *steps):
    """A card behind taps that nothing has disturbed: (lane, minute, message)."""
    card = new_card(r_mac, "parking", "rides")
    for lane, minute, message in steps:
        assert Lane(lane, minute).tap(card)["message"] == message
    return card


def crossing(r_mac, lane, minute, before, finals, kind, says, state):
    """Crossing of a lane: the stamp ends in this state, with what the whole stay has cost."""

    def stands(card):
        stamp = stamp_of(card, f"{SFI:02X}")
        return (stamp["state"], stamp["amount_fen"]) == (state, sum(finals))

    return Crossing(
        lambda: Lane(lane, minute), lambda: card_behind(r_mac, *before), finals, kind, says, stands
    )


CAME, PAID = ("entry", 0, "entered"), ("pay", 40, "ok")
LANES = {
    "entry": ("entry", 0, (), (0,), "stamped", ("entered", "re_entry"), layouts.INSIDE),
    "exit": ("exit", 40, (CAME,), (0, FEN), "approved", ("ok", "re_entry"), layouts.CLOSED),
    "pay": ("pay", 40, (CAME,), (0, FEN), "approved", ("ok", "re_entry"), layouts.PAID),
    "out": ("exit", 50, (CAME, PAID), (0, FEN, 0), "stamped", ("prepaid", "re_entry"),
            layouts.CLOSED),
}  # fmt: skip


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
@pytest.mark.parametrize("lane", LANES)
def test_a_tap_lost_anywhere_should_come_to_pass_once(lane, r_mac, acted):
    """QX-035, QX-040, QX-047: entry, exit, pay station, and the exit of who has paid there."""
    assert cut_everywhere(crossing(r_mac, *LANES[lane]), acted) > 10


class PassLane(Lane):
    """The same lane, which takes passes on the card."""

    wanted = ((KEY_USE, VERSIONS["parking_pass"]),)
    kind = ParkingPass

    def trade(self, settings, parameters, relay, clock, keys):
        names = {SFI: self.key, PASSES: self.wanted[0]}
        return super().trade(settings, parameters, relay, clock, Keys(names, keys.factor_of))


def held(card):
    rows = card.state["extended"]["records"]
    return next(row for row in rows if row[0] == f"{PASSES:02X}")


def on_a_pass(r_mac, price_fen):
    """Crossing of an exit on a pass that is used for the first time."""

    def card():
        found = new_card(r_mac, "parking", "parking_pass")
        sold = {"pass_kind": layouts.DAYS, "price_fen": price_fen}
        fields = {**sold, "from_day": 20261101, "until_day": 20261130}
        row = held(found)
        blank = bytes.fromhex(row[1])
        row[1] = layouts.write(layouts.PARKING_PASS, blank, fields).hex().upper()
        assert PassLane("entry", 0).tap(found)["message"] == "entered"
        return found

    def stands(card):
        used = layouts.read(layouts.PARKING_PASS, bytes.fromhex(held(card)[1]))["used"]
        left = stamp_of(card, f"{SFI:02X}")["state"] == layouts.CLOSED
        assert used == left
        return left

    kind, says = ("approved", "pass_ride") if price_fen else ("stamped", "pass_valid")
    finals = (0, price_fen)
    return Crossing(lambda: PassLane("exit", 40), card, finals, kind, (says, "re_entry"), stands)


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_an_exit_on_a_pass_lost_anywhere_should_use_it_once(r_mac, acted):
    """QX-029, QX-035, QX-066: stamp, pass and debit change together or not at all."""
    assert cut_everywhere(on_a_pass(r_mac, 3000 * acted), acted) > 10


def test_a_pass_that_is_unknown_should_stay_pending():
    """QX-036: torn behind the card's own doing, and never seen again."""
    never_back(on_a_pass(False, 3000), True)


@pytest.mark.parametrize("acted", (False, True))
@pytest.mark.parametrize("lane", ("exit", "pay"))
def test_who_never_comes_back_should_stay_pending(lane, acted):
    """QX-036: neither paid nor unpaid, at the pay station as at the exit."""
    never_back(crossing(False, *LANES[lane]), acted)
