# SPDX-License-Identifier: Apache-2.0
"""Scenarios of sim/scenarios at simulated time: short ones here, the full ones by command."""

import pytest

from firmware.formats.record import EVENT
from host_tools.cli.runtime import runtime_command
from host_tools.cli.scenario import heap_of
from sim import scenario
from sim.gates_play import play_of
from sim.reconcile import journal_records
from sim.scenario_play import Play
from tests.host.console import RUNTIMES, faretap

# of the people in the flows: seconds, not minutes
SHARE = {
    "flat_fare": 0.04,
    "clock_trouble": 0.3,
    "gate_morning": 0.01,
    "taxi_day": 0.15,
    "canteen": 0.1,
    "bike_day": 0.02,
    "bus_shift": 0.04,
    "gate_relay": 0.08,
    "shop_lunch": 0.2,
    "campus_library": 0.2,
    "lift": 0.2,
    "shop_day": 0.1,
    "office_door": 0.1,
    "car_park": 0.03,
    "car_park_card": 0.06,
    "car_park_day": 0.02,
    "car_park_pay": 0.01,
    "fuel_day": 0.05,
    "gas_post": 0.3,
    "kiosk_day": 0.1,
    "metro_card": 0.5,
    "meter_cards": 0.3,
    "metro_entry": 0.2,
    "metro_exit": 0.2,
    "metro_hub": 0.2,
    "toll_day": 0.3,
    "toll_store": 0.15,
    "stage_bus": 0.1,
    "stage_t_union": 0.3,
}


def played(name, folder, runtime="cpython", cuts=()):
    """(Result, Play) of a short run."""
    one = scenario.read(scenario.find(name), SHARE.get(name, 1.0))
    folder.mkdir(exist_ok=True)
    play = play_of(one, folder, runtime_command(runtime, heap_of(one))[:3], cuts=cuts)
    return play.run(), play


# checking an e-ticket takes MicroPython a second: gates have gate_relay on both
IN_STAGE_THIN = ("car_park", "coach_morning")  # played there by CPython, and asked more
BY_CPYTHON_ALONE = ("gate_morning",)
BY_BOTH_AT_ONCE = ("metro_hub",)  # two gates under each: no second run
IN_GATES_PLAY = "metro_line"  # played there on both
DAYS = [
    pytest.param(name, *one.values, marks=one.marks)
    for name in scenario.names()
    if name != IN_GATES_PLAY
    for one in [one if hasattr(one, "marks") else pytest.param(one) for one in RUNTIMES]
    if name
    not in (BY_CPYTHON_ALONE if one.values != ("cpython",) else (*IN_STAGE_THIN, *BY_BOTH_AT_ONCE))
]


@pytest.mark.parametrize(("name", "runtime"), DAYS)
def test_a_short_day_should_balance(name, runtime, tmp_path):
    result, _ = played(name, tmp_path / "day", runtime)
    assert result.faults == []
    assert result.balance.debits or not result.balance.cards_fen
    assert sum(result.visits.values()) > 0


def test_doubt_about_the_time_should_stand_in_the_records(tmp_path):
    """TD-008: while the host is away after a step, and neither before nor afterwards."""
    _, play = played("clock_trouble", tmp_path / "day")
    records, _ = journal_records(tmp_path / "day" / "journal.bin", play.blocks)
    said = [values["reason"].split()[0] for _, values in records if values["kind"] == EVENT]
    assert [one for one in said if one != "clock_set"] == ["clock_stepped"] * 2
    assert "clock_set" in said
    flags = [values["clock_trusted"] for _, values in records if values["kind"] != EVENT]
    assert set(flags) == {0, 1} and flags[0] == flags[-1] == 1
    assert [number for number, _ in records] == list(range(1, len(records) + 1))


def test_the_same_seed_should_write_the_same_journal(tmp_path):
    """Byte for byte, on both interpreters: nothing in it comes from the machine it runs on."""
    journals = []
    for folder, runtime in (("a", "cpython"), ("b", "cpython"), ("c", "micropython")):
        played("flat_fare", tmp_path / folder, runtime)
        journals.append((tmp_path / folder / "journal.bin").read_bytes())
    assert journals[0] == journals[1]
    assert journals[0] == journals[2]
    other = scenario.read(scenario.find("flat_fare"), SHARE["flat_fare"], seed=13)
    (tmp_path / "d").mkdir()
    Play(other, tmp_path / "d", runtime_command("cpython")[:3]).run()
    assert (tmp_path / "d" / "journal.bin").read_bytes() != journals[0]


@pytest.mark.parametrize("cut", range(20, 400, 47))
def test_money_should_balance_with_the_plug_pulled_at_any_call(cut, tmp_path):
    """TD-012: whatever the terminal was about to ask of the world when its power went."""
    path = tmp_path / "short.toml"
    path.write_text(SHORT, encoding="utf-8")
    (tmp_path / "day").mkdir()
    play = Play(scenario.read(path), tmp_path / "day", runtime_command("cpython")[:3], cuts=[cut])
    result = play.run()
    assert result.faults == []
    assert result.starts == 2


SHORT = """
title = "Four riders, one torn"
device = "bus"
start = 2026-11-21T08:00:00
until = "+40"
[parameters]
fare_fen = 200
class = "student 62280002 50"
[[step]]
at = "+2"
do = "tap"
card = "adult#1"
[[step]]
at = "+4"
do = "tap"
card = "student#1"
[[step]]
at = "+7"
do = "tap"
card = "adult#2"
tear = { ins = 0xB2, last = true, acted = true }
[[step]]
at = "+12"
do = "tap"
card = "adult#3"
"""


def test_a_scenario_that_does_not_balance_should_be_said_in_sentences(tmp_path):
    """The judge must be able to say no: an expectation that cannot come true."""
    path = tmp_path / "wrong.toml"
    path.write_text(SHORT + "[expect]\nok = 40\n", encoding="utf-8")
    done = faretap("scenario", "run", path, "--runtime", "cpython")
    assert done.returncode == 1
    assert "2 visits ended with 'ok', not 40 to 40" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = 1 2", "Expected"),
        ('title = "x"\n', "'start' is missing"),
        (SHORT + "[[flow]]\nfrm = 1\n", "'frm'"),
        (SHORT.replace('"+2"', '"07:00"'), "before the start"),
        (SHORT.replace('"tap"', '"fly"', 1), "fly"),
        (SHORT.replace("adult#3", "adlut#3"), "no kind of card is called 'adlut'"),
        (SHORT + '[kinds.mine]\nlike = "adlut"\n', "no kind of card is called 'adlut'"),
        (SHORT + '[[flow]]\nfrom = "+1"\nto = "+2"\ncount = 1\ncards = {odd = 1}\n', "'odd'"),
    ],
)
def test_a_file_that_is_wrong_should_be_named(text, words, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    done = faretap("scenario", "run", path, "--runtime", "cpython")
    assert done.returncode == 2
    assert words in done.stderr and "wrong" in done.stderr
