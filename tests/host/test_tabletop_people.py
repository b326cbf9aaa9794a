# SPDX-License-Identifier: Apache-2.0
"""Canteen, lift and library behind `faretap panel`: the real terminal, its machines at lines."""

import pytest

from firmware import settings
from firmware.errors import FormatError
from host_tools.cli.panel import DEVICES as NAMED
from sim.kinds import KINDS
from sim.tabletop_devices import DEVICES
from sim.wallet import Wallet
from tests.host.tabletop_stand import fen_of, laid, taps, types, wait_for

CARDS = ("adult-1", "adult-2", "student-1")


@pytest.fixture(scope="module")
def wallet(tmp_path_factory):
    """A folder of three cards."""
    folder = tmp_path_factory.mktemp("cards") / "wallet"
    Wallet.create(folder, [one for one in KINDS if one.name in CARDS])
    return folder


def test_command_should_know_every_device_of_the_tabletop():
    assert sorted(DEVICES) == list(NAMED)
    assert {shown.firmware or name for name, shown in DEVICES.items()} == set(settings.DEVICES)


def test_canteen_should_take_dishes_from_buttons_and_what_the_school_leaves(tmp_path, wallet):
    """TD-003: pressed on buttons, a teacher pays 70 %, a student 5.00 less, a guest all of it."""
    with laid("canteen", tmp_path, wallet) as table:
        types(table, "on 9", "Please wait")
        for button in ("b3", "b5"):
            assert wait_for(lambda: not table.beside.state()["dishes"]["pressed"])
            table.say("dishes", button)
            with pytest.raises(FormatError, match="one button"):
                table.say("dishes", button)
        assert wait_for(lambda: "pay 14.00" in table.panel["line2"])
        taps(table, "adult-1", "concession")
        for name, message in (("student-1", "concession"), ("adult-2", "ok")):
            assert wait_for(lambda: table.panel["line2"] == "Please wait")  # the card has gone
            table.say("console", "item 3 5")
            assert wait_for(lambda: "pay 14.00" in table.panel["line2"])
            taps(table, name, message)
        left = [fen_of(table, name) for name in CARDS]
        assert left == [10000 - 980, 25000 - 1400, 10000 - 900]
        table.say("console", "report")
        assert wait_for(lambda: table.beside.state()["console"]["paper"])
        paper = [line.split() for line in table.beside.state()["console"]["paper"]]
        assert [line[2:] for line in paper if "Total" in line] == [["3", "32.80"]]
        assert ["teacher", "1", "9.80", "4.20"] in paper


def test_lift_should_go_where_the_card_may_and_rest_without_power(tmp_path, wallet):
    """TD-022: floors are freed by the terminal alone, no card pays, no power frees nothing."""
    with laid("lift", tmp_path, wallet) as table:
        with pytest.raises(FormatError, match="not freed"):
            table.say("lift", "5")
        taps(table, "student-1", "access_granted")
        assert wait_for(lambda: table.beside.state()["lift"]["freed"] == [1, 4, 5])
        table.say("lift", "5")
        lift = table.beside.parts["lift"].state()
        assert lift == {"at": 5, "freed": [1, 4, 5], "rides": 1}
        table.pull_plug()
        assert wait_for(lambda: table.beside.state()["lift"]["freed"] == [1])
        assert fen_of(table, "student-1") == 10000


def test_library_should_be_full_and_know_who_is_inside_behind_a_cut(tmp_path, wallet):
    """TD-022: two seats; what the terminal says of them is what a camera sees, restarted too."""
    with laid("library", tmp_path, wallet) as table:
        taps(table, "adult-1", "came_in")
        taps(table, "adult-2", "came_in")
        taps(table, "student-1", "seats_full")
        room = table.beside.parts["room"]
        assert wait_for(lambda: "student-1" in room.state()["last"][1])
        assert [name for name, _ in room.state()["rows"]] == ["adult-1", "adult-2"]
        table.pull_plug()
        assert wait_for(table.plug_in) and wait_for(lambda: table.power == "on")
        taps(table, "student-1", "seats_full")
        table.say("console", "report")
        assert wait_for(lambda: "在场 Present: 2 of 2" in table.beside.state()["console"]["paper"])
        assert fen_of(table, "adult-1") == 10000
