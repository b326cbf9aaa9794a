# SPDX-License-Identifier: Apache-2.0
"""The machines beside a bike station: their prices are the tariff's, and they can say no."""

import tomllib

from firmware.capp import layouts
from firmware.fares.engine import Fares
from host_tools.cli.card_words import described
from host_tools.cli.runtime import runtime_command
from host_tools.fares import build, source
from sim import scenario
from sim.beside_bike_books import Ride, stamp_of
from sim.scenario_play import Play
from tests.crew import Blob

MINUTES = (0, 30, 31, 60, 61, 90, 91, 121, 599, 600)


def play_of(folder):
    folder.mkdir()
    day = scenario.read(scenario.find("bike_day"), 0.01)
    return Play(day, folder, runtime_command("cpython")[:3])


def test_prices_of_the_machines_should_be_those_of_the_tariff(tmp_path):
    """Two ways to the same fen: from the locks, and by the fare table."""
    books = play_of(tmp_path / "day").beside.books
    told = tomllib.loads(scenario.find("bike_day").read_text(encoding="utf-8"))
    fares = Fares(Blob(build.build(source.parse(told["files"]["bike.fares"]["fares"]))))
    for minutes in MINUTES:
        began, ended = (2026, 11, 21, 7, 0, 0), (2026, 11, 21, 7 + minutes // 60, minutes % 60, 0)
        due_fen = fares.stay("bike", began, ended).amount_fen
        assert books.price_fen(60 * minutes, Ride(31, 0)) == due_fen, minutes
    assert books.price_fen(60 * 601, Ride(31, 0)) == 3000
    assert books.price_fen(60 * 90, Ride(31, 0, by_bus=True)) == 0


def test_judge_should_name_a_wrong_sum_a_lost_bike_and_a_missing_deposit(tmp_path):
    play = play_of(tmp_path / "day")
    books = play.beside.books
    card, _ = play.card("rider#1")
    books.hired("rider#1", 31)
    books.took("rider#1", 1000)
    (own,) = [row for row in card.state["extended"]["records"] if row[0] == "1A"][:1]
    paid = layouts.write(layouts.FREEZE, bytes.fromhex(own[1]), {"state": 2, "amount_fen": 700})
    _, faults = books.balance([])
    assert "rider#1 rides a bike without a deposit" in faults
    assert "bikes are lost or doubled" in faults  # it is in its dock as well
    own[1] = paid.hex().upper()
    assert stamp_of(card)["amount_fen"] == 700
    books.locked("rider#1", 31)
    books.settled("rider#1")
    assert "rider#1 owes {0}" in play.wrong[0]


def test_card_with_a_frozen_sum_should_say_that_its_balance_is_without_it(tmp_path):
    """QX-056."""
    card, _ = play_of(tmp_path / "day").card("rider#1")
    assert "frozen" not in "\n".join(described("one", card))
    card.state["extended"]["frozen"].append(["1A", "0226", 3000, 5])
    assert "without what is frozen, 30.00" in "\n".join(described("one", card))
