# SPDX-License-Identifier: Apache-2.0
"""Toll lane, metro, kiosk and stage bus behind `faretap panel`: the real terminal, cards with
records, a simulated PSAM; cards have lost what the journal has taken.
"""

import pytest

from firmware.capp import layouts
from firmware.errors import FormatError
from sim.tabletop_records import RECORD_KINDS, put, read_record
from sim.wallet import Wallet
from tests.host.tabletop_stand import fen_of, laid, taken_fen, taps, turns, wait_for

CARDS = ("rider-1", "rider-2", "plain-1")


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    """A folder of three cards, one of them made when it is missing."""
    folder = tmp_path_factory.mktemp("cards") / "wallet"
    kinds = [one for one in RECORD_KINDS if one.name in CARDS]
    Wallet.create(folder, kinds[:2])
    Wallet(folder).complete(kinds)
    return folder


def all_fen(table):
    return sum(fen_of(table, name) for name in CARDS)


def agrees(table, had_fen):
    """The journal has taken what the cards have lost."""
    assert wait_for(lambda: taken_fen(table) == had_fen - all_fen(table)), table.journal.rows


def test_wallet_should_get_the_cards_that_it_lacks_once(wallet):
    entries = Wallet(wallet).entries
    assert tuple(one.name for one in entries) == CARDS
    Wallet(wallet).complete([one for one in RECORD_KINDS if one.name in CARDS])
    assert Wallet(wallet).entries == entries


def test_toll_lane_should_be_paid_once_for_a_torn_card_and_a_cut(tmp_path, wallet):
    """QX-044, QX-045, TD-012: entry at another station, debit torn, power cut, same card again."""
    with laid("toll", tmp_path, wallet) as table:
        had_fen, barrier = all_fen(table), table.beside.parts["barrier"]
        for name in CARDS[:2]:
            table.say("entries", f"11 45 1 {name}")
        with pytest.raises(FormatError, match="no record"):
            table.say("entries", "11 45 1 plain-1")
        assert wait_for(lambda: table.panel["line2"] == "Please wait")  # for the class
        table.say("console", "class 1")
        assert wait_for(lambda: "present card" in table.panel["line2"])
        taps(table, "rider-1", "last_record_lost", tear="late")
        assert fen_of(table, "rider-1") == 20000 - 4000 and not barrier.state()["open"]
        assert table.pull_plug() and table.plug_in()
        assert wait_for(lambda: table.power == "on")
        table.say("console", "class 1")
        taps(table, "rider-1", "torn_recovered")
        assert wait_for(lambda: barrier.state()["open"])
        table.say("loop", "drive")
        with pytest.raises(FormatError, match="on the loop"):
            table.say("loop", "drive")
        assert wait_for(lambda: table.beside.state()["loop"]["driven"] == 1)
        table.say("console", "class 2")  # came in as a car: the dearer class counts
        taps(table, "rider-2", "ok")
        taps(table, "plain-1", "capp_absent")
        assert [fen_of(table, name) for name in CARDS] == [16000, 13000, 10000]
        agrees(table, had_fen)


def test_metro_gate_should_refuse_without_its_module_and_be_turned(tmp_path, wallet):
    """QX-013, QX-043, TD-012: pulled out in the midst of a tap nothing is taken; entry and exit in
    turn; trips in the shared store.
    """
    with laid("metro", tmp_path, wallet) as table:
        had_fen = all_fen(table)
        table.say("entries", "1 25 rider-1")
        table.say("module", "midst")
        taps(table, "rider-1", "module_failed")
        assert table.beside.state()["module"]["pulled"] and all_fen(table) == had_fen
        table.say("module", "put")
        turns(table, "gates", "entry 1")
        taps(table, "rider-2", "entered")
        with pytest.raises(FormatError, match="none of"):
            table.say("gates", "exit 9")
        turns(table, "gates", "exit 3")
        taps(table, "rider-2", "ok")
        taps(table, "rider-1", "ok")
        assert ["rider-1", "left"] in [
            [name, said.partition(" ")[0]]
            for name, _, said in table.beside.state()["entries"]["rows"]
        ]
        turns(table, "gates", "store")
        table.say("stored", "1 25 plain-1")
        assert wait_for(lambda: table.beside.state()["stored"]["rows"])
        taps(table, "plain-1", "ok")
        assert all_fen(table) == had_fen - 3 * 400
        agrees(table, had_fen)


def test_kiosk_should_let_out_who_has_paid_there(tmp_path, wallet):
    """QX-045: the first tap says what is due, the second pays it; the exit gate lets out."""
    with laid("adjust", tmp_path, wallet) as table:
        had_fen = all_fen(table)
        table.say("entries", "1 300 rider-1")
        taps(table, "rider-1", "adjust_overtime")
        assert all_fen(table) == had_fen
        taps(table, "rider-1", "adjusted")
        turns(table, "kiosk", "exit 3")
        taps(table, "rider-1", "free_exit")
        assert table.beside.state()["kiosk"]["at"] == "exit 3"
        assert all_fen(table) == had_fen - 900
        agrees(table, had_fen)


def test_stage_bus_should_charge_torn_rides_once_and_passes_their_share(tmp_path, wallet):
    """QX-062, QX-066: a transfer from another line, torn while leaving; a pass of rides."""
    with laid("stage", tmp_path, wallet) as table:
        had_fen = all_fen(table)
        for word in ("bus 20", "on 2"):
            table.say("before", f"{word} rider-1")
        for word in ("pass 3", "on 2"):
            table.say("before", f"{word} rider-2")
        taps(table, "rider-1", "last_record_lost", tear="late")
        taps(table, "rider-1", "torn_recovered")
        taps(table, "rider-2", "pass_ride")
        assert [20000 - fen_of(table, name) for name in CARDS[:2]] == [200 - 100, 333]
        agrees(table, had_fen)


def test_record_should_be_written_into_no_card_that_lies_at_the_reader(tmp_path, wallet):
    """What other terminals do is over before a card is here; a card that is torn is taken back."""
    with laid("metro", tmp_path, wallet) as table:
        table.hand.hold("rider-1")
        with pytest.raises(FormatError, match="take it away"):
            put(table, "rider-1", "metro", state=layouts.INSIDE)
        with pytest.raises(FormatError, match="which card"):
            put(table, "rider-9", "metro", state=layouts.INSIDE)
        table.hand.leave("rider-1")
        put(table, "rider-1", "metro", entry_place=2)
        assert read_record(table.rig.cards["rider-1"], "metro")["entry_place"] == 2
        kept = Wallet(tmp_path / "wallet").card("rider-1")
        assert read_record(kept, "metro")["entry_place"] == 2
        assert read_record(table.rig.cards["plain-1"], "metro") is None
