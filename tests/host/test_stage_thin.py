# SPDX-License-Identifier: Apache-2.0
"""Car park, coach and door on the stage: what riders paid, and judges that can say no."""

from collections import namedtuple
from datetime import datetime

import pytest

from firmware.devices.lane_store import unpack_entry
from firmware.formats import record
from host_tools.cli.runtime import runtime_command
from host_tools.fares import source
from sim import scenario
from sim.free_read import asked_to_pay
from sim.reconcile import journal_records
from sim.scenario_play import Play
from tests.host.fares_oracle import stay_fen

SHARE = 0.1  # of the people in the flows
Sent = namedtuple("Sent", "card command")


def play_of(name, folder, cuts=()):
    """A short run that is over: (Play, Result, records)."""
    one = scenario.read(scenario.find(name), SHARE)
    folder.mkdir()
    play = Play(one, folder, runtime_command("cpython")[:3], cuts=cuts)
    result = play.run()
    kept, _ = journal_records(folder / "journal.bin", play.blocks)
    return play, result, [values for _, values in kept]


@pytest.fixture(scope="module")
def car_park(tmp_path_factory):
    return play_of("car_park", tmp_path_factory.mktemp("parking") / "day")


@pytest.fixture(scope="module")
def coach(tmp_path_factory):
    return play_of("coach_morning", tmp_path_factory.mktemp("coach") / "day")


def test_each_stay_should_cost_what_the_tariff_says_by_a_second_reckoning(car_park):
    """The naive engine of the tests over the moments that stand in the records."""
    play, result, records = car_park
    assert result.faults == []
    table = source.parse(play.scenario.files["car.fares"]["fares"])
    tariff = table.product("car").stay
    paid = [values for values in records if values["kind"] == record.APPROVED]
    known = [values for values in paid if values["trade_data"]]
    for values in known:
        began = datetime(*unpack_entry(values["trade_data"]).moment)
        ended = datetime.strptime(values["date"] + values["time"], "%y%m%d%H%M%S")
        seconds = max(0, int((ended - began).total_seconds()) - table.drift_s)
        assert values["amount_fen"] == stay_fen(tariff, began, seconds), values["sequence"]
    lost = [values["amount_fen"] for values in paid if not values["trade_data"]]
    assert len(known) > 10 and lost == [tariff.lost_fen] * 3


def test_the_judge_of_a_car_park_should_see_what_does_not_agree(car_park):
    """A payment that is missing, one too many, a store that does not know who is inside."""
    play, _, records = car_park
    at = next(n for n, one in enumerate(records) if one["kind"] == record.APPROVED)
    assert play.beside.balance(records)[1] == []
    assert any(
        "barrier" in one for one in play.beside.balance(records[:at] + records[at + 1 :])[1]
    )
    twice = play.beside.balance([*records, records[at]])[1]
    assert any("paid 2 times and left 1" in one for one in twice)
    play.beside.inside.add("car#nobody")
    assert any("has no entry" in one for one in play.beside.balance(records)[1])
    play.beside.inside.discard("car#nobody")


def test_the_judge_of_a_coach_should_see_a_seat_that_is_sold_twice(coach):
    play, result, records = coach
    assert result.faults == []
    sold = next(one for one in records if one["kind"] == record.APPROVED)
    faults = play.beside.balance([*records, sold])[1]
    assert any("sold twice" in one for one in faults)
    assert any("its records" in one for one in faults)  # nor does the shift agree


def test_a_card_that_saw_a_gpo_should_be_named(coach):
    """TD-022: the judge of a door and of a check, over a log with a sale in it."""
    play, _, _ = coach
    cards = list(play.crowd.cards.values())
    sales = [one for one in play.world.field.log if one.command[1] == 0xA8]
    assert sales and asked_to_pay(sales[:1], []) == [
        f"card ..{sales[0].card.pan[-4:]} was sent a GPO"
    ]
    assert any("lost money" in one for one in asked_to_pay([], cards))
    reads = [one for one in play.world.field.log if one.command[1] != 0xA8]
    assert asked_to_pay(reads, []) == []


SHORT = """
title = "Two cars at the exit"
device = "parking"
start = 2026-11-21T08:00:00
until = "+150"
[settings]
lane = "exit"
stop = 2
store = "file:{folder}/store.bin"
twin = "serial:twin"
product = "car"
fares = "{folder}/car.fares"
door = "barrier"
[parameters]
fare_fen = 1
[files."car.fares"]
fares = '''
version = 3
effective = 2026-01-01T00:00:00
ceiling_fen = 8000
[products.car]
kind = "time"
free_minutes = 0
leave_minutes = 15
lost_fen = 5000
windows = [{ times = "00:00-24:00", step_minutes = 60, step_fen = 200 }]
'''
[kinds.car]
ends = ["ok", "re_entry", "torn_recovered"]
[[step]]
at = "+3"
do = "park"
card = "car#1"
minutes = 1
[[step]]
at = "+12"
do = "park"
card = "car#2"
minutes = 1
"""


def two_cars(folder, watch=None, cuts=()):
    """A Play of SHORT."""
    path = folder / "short.toml"
    path.write_text(SHORT, encoding="utf-8")
    (folder / "day").mkdir()
    return Play(scenario.read(path), folder / "day", runtime_command("cpython")[:3], watch, cuts)


@pytest.fixture(scope="module")
def barrier_call(tmp_path_factory):
    """Number of the call by which the terminal opens for the first car: the one before its tap is
    reported.
    """
    calls = []
    play = two_cars(
        tmp_path_factory.mktemp("two"),
        lambda event: event["event"] == "tap" and calls.append(play.world.calls),
    )
    assert play.run().faults == []
    return calls[0]


# the last record is asked for, the debit settled, told to open, afterwards
@pytest.mark.parametrize("before", [5, 2, 0, -1])
def test_a_car_should_pay_once_wherever_the_power_goes(before, barrier_call, tmp_path):
    """TD-012, TD-001: the same card opens the barrier afterwards."""
    play = two_cars(tmp_path, cuts=[barrier_call - before])
    result = play.run()
    assert result.faults == [] and result.starts == 2
    assert result.balance.cards_fen == 400
    assert play.beside.left == {"car#1": 1, "car#2": 1}
