# SPDX-License-Identifier: Apache-2.0
"""Bike, pump and meter cards behind `faretap panel`: the real terminal, all else at its lines."""

import pytest

from firmware.errors import FormatError
from sim.tabletop_records import RECORD_KINDS
from sim.wallet import Wallet
from tests.host.tabletop_stand import laid, taps, turns, types, wait_for


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cards") / "wallet"
    Wallet.create(folder, [one for one in RECORD_KINDS if one.name in ("rider-1", "rider-2")])
    return folder


def fen_of(table, name):
    """(balance, frozen) of a card."""
    card = next(one for one in table.cards() if one["name"] == name)
    return card["balance_fen"], card["frozen_fen"]


def open_dock(table):
    """Number of the dock whose lock is open, 0 for none."""
    rows = table.beside.parts["docks"].state()["docks"]
    return next((number for number, state, *_ in rows if state == "opening"), 0)


def test_bike_should_be_frozen_hired_and_paid_at_another_station(tmp_path, wallet):
    """QX-049, QX-054: torn behind the freeze no lock opens; 50 minutes cost 1.00 elsewhere."""
    with laid("bike", tmp_path, wallet) as table:
        assert wait_for(lambda: "tap card" in table.panel["line2"])
        taps(table, "rider-1", "last_record_lost", "late")
        assert wait_for(lambda: "is frozen on the card" in str(table.stories))
        assert not open_dock(table) and fen_of(table, "rider-1") == (17000, 3000)
        taps(table, "rider-1", "torn_recovered")
        assert wait_for(lambda: open_dock(table))
        with pytest.raises(FormatError, match="rides no bike"):
            table.say("docks", "bring rider-1")
        assert wait_for(lambda: not table.hand.there())
        table.say("docks", f"take {open_dock(table)}")
        table.say("docks", "later rider-1 50")
        turns(table, "station", "32")
        assert wait_for(lambda: "tap card" in table.panel["line2"])
        table.say("docks", "bring rider-1")
        # the docks' word is on its way, a hand at a desk is slower
        assert wait_for(lambda: taps(table, "rider-1", ("ok", "bike_out")) == "ok")
        assert fen_of(table, "rider-1") == (19900, 0)
        assert "paid 1.00" in table.beside.parts["docks"].state()["riders"][0][3]
        taps(table, "rider-2", "frozen")
        assert wait_for(lambda: open_dock(table))


def test_pump_should_pour_up_to_what_is_frozen_and_be_paid_behind_a_cut(tmp_path, wallet):
    """QX-033, QX-055: the pump's own sale is what leaves the card, though the power was away."""
    with laid("fuel", tmp_path, wallet) as table:
        pump = table.beside.parts["pump"]
        with pytest.raises(FormatError, match="not released"):
            table.say("pump", "fill 2000")
        assert wait_for(lambda: "Lift the nozzle" in table.panel["line2"])
        table.say("pump", "lift")
        assert wait_for(lambda: "Tap card" in table.panel["line2"])
        taps(table, "rider-1", "frozen")
        assert fen_of(table, "rider-1") == (10000, 10000)
        assert wait_for(lambda: pump.machine.released)
        table.say("pump", "fill 2000")
        table.pull_plug()
        assert wait_for(table.plug_in) and wait_for(lambda: table.power == "on")
        assert wait_for(lambda: not pump.state()["pours"])
        table.say("pump", "hang")
        assert wait_for(lambda: pump.machine.sales[-1].cleared)
        taps(table, "rider-1", "ok")
        assert fen_of(table, "rider-1") == (20000 - 1512, 0)
        assert [pump.state()[one] for one in ("ml", "fen", "total_fen")] == [2000, 1512, 1512]
        assert wait_for(lambda: "Amount 15.12" in str(table.paper))


def test_gas_should_be_on_the_card_with_its_debit_and_be_taken_once(tmp_path, wallet):
    """QX-016: torn and settled, ten cubic metres are paid, counted, and taken by the meter."""
    with laid("meters", tmp_path, wallet) as table:
        types(table, "on 5", "Key how much")
        types(table, "buy 10", "Gas 26.30")
        taps(table, "rider-2", "last_record_lost", "late")
        taps(table, "rider-2", "torn_recovered")
        assert fen_of(table, "rider-2") == (20000 - 2630, 0)
        homes = table.beside.parts["homes"]
        for _ in range(2):
            table.say("homes", "home rider-2")
            told = {name: english for name, _, english in homes.state()["rows"]}
            assert "bought 10.00, of it taken 10.00" in told["rider-2"]
        assert "bought 0.00" in told["rider-1"]
