# SPDX-License-Identifier: Apache-2.0
"""A bike station with simulated cards: the link is cut at every exchange of hire and return,
before and after the card acted. Whatever happens, the deposit is frozen once, one lock opens
behind it, and the hire is paid once.
"""

import pytest

from firmware.devices.bike import Bike
from firmware.devices.bike_docks import Station
from firmware.neighbours import dock as docks
from firmware.neighbours.line import Neighbour
from sim.beside_bike_books import frozen_on
from sim.capp_profile import KEY_USE, VERSIONS
from sim.docks import DockStation
from sim.flash import Flash
from tests.devices.bike_stand import HELD_FEN, DockWire, Hourly
from tests.host.record_torn import (
    CASES,
    MOST,
    Crossing,
    Unit,
    cut_everywhere,
    finals,
    never_back,
    new_card,
)

FARE_FEN, RETURN_S = 200, 600


class Docked(Unit):
    """A station with two bikes; `brings`: and a third one that was locked just now; number: of
    its terminal.
    """

    key = (KEY_USE, VERSIONS["bike"])
    fleet_lines = "merchant: 104310055110001"

    def __init__(self, minute=0, brings=False, number=None):
        self.number = number
        self.starts = (2026, 11, 21, 10 + minute // 60, minute % 60, 0)
        self.brings, self.docks = brings, DockStation([11, 12, 0])
        if brings:
            self.docks.push(13, 0)
        super().__init__()
        for _ in range(4):
            self.terminal.turn()

    def trade(self, settings, parameters, relay, clock, keys):
        settings.more.update({"freeze_fen": str(HELD_FEN), "product": "bike"})
        if self.number:
            settings = settings._replace(
                terminal=self.number, ifd_serial=f"{self.number:08d}", stop=self.number
            )
        line = Neighbour(lambda: DockWire(self.docks, clock), docks.Docks(), clock)
        station = Station(line, clock, RETURN_S)
        return Bike(settings, parameters, Hourly(), station, clock, keys)

    def opened(self):
        """Locks that have opened; of a return, bikes that may be hired again."""
        return len(self.docks.locked()) - 2 if self.brings else self.docks.opened


class Elsewhere(Docked):
    """Another station, with a journal of its own."""

    flash = Flash(9, 4096)


def hired(r_mac):
    card = new_card(r_mac, "bike", "rides")
    assert Docked().tap(card)["message"] == "frozen"
    return card


def hire(r_mac):
    return Crossing(
        Docked, lambda: new_card(r_mac, "bike", "rides"), (), "preauthorised", ("frozen",),
        frozen_on_it,
    )  # fmt: skip


def giving_back(r_mac):
    return Crossing(
        lambda: Docked(100, True), lambda: hired(r_mac), (FARE_FEN,), "approved", ("ok",),
        lambda card: not frozen_on_it(card),
    )  # fmt: skip


def frozen_on_it(card):
    return frozen_on(card) == HELD_FEN


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_a_hire_lost_anywhere_should_open_one_lock(r_mac, acted):
    """QX-033, QX-035, QX-052: the lock opens behind a durable freeze alone."""
    assert cut_everywhere(hire(r_mac), acted) > 10


@pytest.mark.parametrize(("r_mac", "acted"), CASES)
def test_a_return_lost_anywhere_should_be_paid_once(r_mac, acted):
    """QX-035, QX-055: the bike may be hired again when its hire is settled."""
    assert cut_everywhere(giving_back(r_mac), acted) > 10


@pytest.mark.parametrize("acted", (False, True))
def test_a_hirer_who_never_comes_back_should_stay_pending_without_a_bike(acted):
    """QX-036, QX-052."""
    unit, card = never_back(hire(False), acted)
    assert frozen_on_it(card) is acted and unit.docks.opened == 0


@pytest.mark.parametrize("acted", (False, True))
def test_a_return_lost_anywhere_should_be_judged_elsewhere_by_the_card(acted):
    """QX-038, QX-049, QX-051: torn at a station, then shown at a third one and where it was hired:
    the card says whether it has paid. Who has not is not asked for anything there and pays, once,
    where his bike is; who has hires anew and has paid once.
    """
    paid_somewhere = refused_somewhere = 0
    for at in range(1, MOST):
        card, unit = hired(False), Docked(100, True, 2)
        _, fired = unit.lost(card, at, acted)
        if not fired:
            break
        paid = not frozen_on_it(card)
        assert finals(card) == ((FARE_FEN,) if paid else ())
        for number in (3, 1):
            elsewhere = Elsewhere(101, number=number)
            event = elsewhere.tap(card)
            assert finals(card) == ((FARE_FEN,) if paid else ()), (at, event)
            if paid:
                assert event["message"] == "frozen" and elsewhere.opened() == 1
                break  # on the next bike
            assert event["message"] == "bike_out" and elsewhere.opened() == 0, (at, event)
        paid_somewhere += paid
        if not paid:
            refused_somewhere += 1
            assert unit.settled(card, ("ok",)) == "ok" and finals(card) == (FARE_FEN,)
            assert not frozen_on_it(card) and unit.kinds().count("approved") == 1
    assert refused_somewhere and paid_somewhere == acted
