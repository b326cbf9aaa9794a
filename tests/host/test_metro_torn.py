# SPDX-License-Identifier: Apache-2.0
"""A metro gate with trips on simulated cards: the link is cut at every exchange of entry and exit,
before and after the card acted. Whatever happens, who comes again is inside once and pays once.

Real device, kernel, journal and module driver; simulated card and PSAM.
"""

from functools import cache

import pytest

from firmware.capp import layouts
from firmware.devices.card_trade import EVERY, Keys, factor_by
from firmware.devices.metro_card import MetroCard
from firmware.neighbours.relay import Relay
from sim import capp_keys
from sim.beside_metro_card import stamp_of
from sim.capp_profile import KEY_USE, VERSIONS, Extension
from sim.card import Card
from sim.flash import Flash
from sim.issuer import Authority, Profile
from sim.psam import Psam
from tests.devices.parking_stand import PAN, Barrier
from tests.devices.test_metro import At, tariff
from tests.host.card_reading import last_of
from tests.host.test_psam import Contacts, module_over
from tests.host.torn_world import Rim
from tests.stand import Stand

KEY = (KEY_USE, VERSIONS["metro"])
FARE_FEN, HELD_FEN = 400, 10000
MOST = 40  # exchanges of a tap
AGAIN = 4  # taps until it is settled


class Gate(Stand):
    """A gate at a station with a simulated PSAM in its slot."""

    flash, limits = Flash(9, 4096), (2560, 1000)

    def __init__(self, lane, station, minute):
        self.lane, self.station, self.barrier = lane, station, Barrier()
        psam = Psam({KEY: capp_keys.known_master(*KEY)})
        self.module = module_over(Contacts(psam), wanted=[KEY])
        super().__init__(f"same_card_s: 0\nca: {authority().ca_line()}\n", self.make)
        self.clock.now = (2026, 11, 21, 10, minute, 0)

    def make(self, settings, parameters, clock, report):
        settings.more.update({"lane": self.lane, "product": "metro"})
        relay = Relay(lambda: self.barrier, 500, clock)
        here, keys = At(settings, self.station), Keys({EVERY: KEY}, factor_by("pan:01"))
        return MetroCard(here, parameters, tariff(), relay, clock, keys)

    def lost(self, card, at, acted):
        """(event, did it come to pass) of a tap whose exchange `at` is cut."""
        rim = Rim(card, last_of)
        rim.cut = (at, acted)
        return self.tap(rim), rim.fired

    def settled(self, card):
        """Tap until somebody is let through; what the panel said last."""
        for _ in range(AGAIN):
            event = self.tap(card)
            if event["outcome"] in ("approved", "recovered") or event["message"] == "re_entry":
                break
        assert self.terminal.torn_taps.open == [] and self.journal.pending() == []
        return event["message"]


@cache
def authority():
    """A CA whose index is that of no other test key."""
    return Authority.generate(index=0xE4)


@cache
def image(r_mac):
    extended = Extension(("metro", "rides"), r_mac=r_mac)
    return authority().issue_issuer().personalise(PAN, Profile(extended=extended))


def new_card(r_mac):
    return Card(image(r_mac))


def finals(card):
    return [fen for _, fen, final in card.debits if final]


def entered(r_mac):
    card = new_card(r_mac)
    assert Gate("entry", 1, 0).tap(card)["message"] == "entered"
    return card


CASES = [(r_mac, acted) for r_mac in (False, True) for acted in (False, True)]


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_an_entry_lost_anywhere_should_let_in_once(r_mac, acted):
    """QX-035, QX-040, QX-044."""
    recovered = 0
    for at in range(1, MOST):
        card, gate = new_card(r_mac), Gate("entry", 1, 0)
        event, fired = gate.lost(card, at, acted)
        if not fired:
            assert event["message"] == "entered"
            break
        inside, opened = stamp_of(card)["state"] == layouts.INSIDE, gate.barrier.pulses
        assert gate.barrier.pulses == 0 or inside, at
        message = gate.settled(card)
        assert message in ("entered", "torn_recovered", "stamp_proven", "re_entry"), (at, message)
        recovered += message not in ("entered", "re_entry")
        stamp = stamp_of(card)
        assert (stamp["state"], stamp["entry_place"]) == (layouts.INSIDE, 1), at
        assert finals(card) == [0] and card.balance_fen == HELD_FEN, at
        assert gate.kinds().count("stamped") == 1 and gate.barrier.pulses - opened == 1, at
    assert at > 10 and recovered == acted


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_an_exit_lost_anywhere_should_be_paid_once(r_mac, acted):
    """QX-035, QX-040, QX-046: the debit and the stamp of the exit stand together or not at all."""
    recovered = 0
    for at in range(1, MOST):
        card, gate = entered(r_mac), Gate("exit", 3, 30)
        event, fired = gate.lost(card, at, acted)
        if not fired:
            assert event["message"] == "ok"
            break
        paid = sum(finals(card)) == FARE_FEN
        assert (stamp_of(card)["state"] == layouts.CLOSED) is paid, at
        assert gate.barrier.pulses == 0, at
        message = gate.settled(card)
        recovered += message in ("torn_recovered", "stamp_proven")
        stamp = stamp_of(card)
        assert (stamp["state"], stamp["exit_place"]) == (layouts.CLOSED, 3), at
        assert stamp["amount_fen"] == FARE_FEN, at
        assert finals(card) == [0, FARE_FEN] and card.balance_fen == HELD_FEN - FARE_FEN, at
        assert gate.kinds().count("approved") == 1 and gate.barrier.pulses == 1, at
    assert at > 10 and recovered == acted


@pytest.mark.parametrize("acted", (False, True))
def test_a_rider_who_never_comes_back_should_stay_pending_and_pay_what_the_card_says(acted):
    """QX-036, QX-052: unknown is neither paid nor unpaid; the record keeps the stamp."""
    card, gate = entered(False), Gate("exit", 3, 30)
    event, fired = gate.lost(card, -1, acted)
    assert fired and event["taken"] is None and gate.barrier.pulses == 0
    gate.clock.advance(10**4)
    for _ in range(4):
        gate.terminal.turn()
    assert gate.kinds() == ["pending"] and gate.records()[0][1]["extension"]
    assert sum(finals(card)) == FARE_FEN * acted
    assert (stamp_of(card)["state"] == layouts.CLOSED) is acted
