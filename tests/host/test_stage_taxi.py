# SPDX-License-Identifier: Apache-2.0
"""A taxi on the stage: the virtual meter, its tariff, and the judge of the day."""

import copy

import pytest

from host_tools.cli.runtime import runtime_command
from sim import scenario
from sim.reconcile import journal_records
from sim.scenario_play import Play
from sim.taxi_balance import taxi_balance

DAY = """
title = "Three rides"
device = "taxi"
start = 2026-11-21T08:00:00
until = "08:40"
[settings]
meter = "serial:meter"
meter_kind = "KIND"
console = "serial:console"
[parameters]
fare_fen = 1
ceiling_fen = 50000
[[step]]
at = "08:00:20"
do = "sign_in"
driver = 77
[[step]]
at = "08:01"
do = "trip"
card = "adult#1"
hm = 52
waiting = 3
tear = { ins = 0xB2, last = true, acted = true }
[[step]]
at = "08:02"
do = "trip"
hm = 10
pays = "cash"
[[step]]
at = "08:03"
do = "trip"
hm = 20
pays = "nothing"
[[step]]
at = "08:30"
do = "sign_out"
"""


def played(folder, kind="jtt905"):
    path = folder / "rides.toml"
    path.write_text(DAY.replace("KIND", kind), encoding="utf-8")
    (folder / "day").mkdir()
    play = Play(scenario.read(path), folder / "day", runtime_command("cpython")[:3])
    return play, play.run()


@pytest.mark.parametrize("kind", ["jtt905", "bf"])
def test_the_meter_should_name_the_price_and_hear_how_it_was_paid(kind, tmp_path):
    """TD-050, TD-053, TD-054: either framing; the torn card pays once."""
    play, result = played(tmp_path, kind)
    assert result.faults == []
    assert [one.amount_jiao for one in play.beside.ended] == [165, 100, 100]
    assert result.balance.approved_fen == result.balance.cards_fen == 1650
    told = kind == "jtt905"  # the older framing has no word for cards, nor for unpaid
    assert play.beside.shifts[0].totals == (3, 365, told, 165 * told)
    refused = [one.refused for one in play.beside.ended]
    assert refused == [False, False, told]


def test_the_judge_of_a_taxi_day_should_see_each_difference(tmp_path):
    play, result = played(tmp_path)
    assert result.facts["shift 1, trips / yuan / of it by card"] == "3 / 36.50 / 16.50"
    pairs, _ = journal_records(tmp_path / "day" / "journal.bin", play.blocks)
    records = [values for _, values in sorted(pairs)]
    ended, shifts = play.beside.ended, play.beside.shifts

    def faults_with(change):
        mine = copy.deepcopy([ended, shifts, records])
        change(*mine)
        return "; ".join(taxi_balance(*mine)[1])

    assert faults_with(lambda *_: None) == ""
    dearer = faults_with(lambda ended, *_: setattr(ended[1], "amount_jiao", 101))
    assert "trip 2: 101 jiao are 1000 fen" in dearer
    unheard = faults_with(lambda ended, *_: setattr(ended[0], "paid_by", None))
    assert "trip 1 was by card, the meter heard nothing" in unheard
    assert "trip 3 of the journal is none" in faults_with(lambda ended, *_: ended.pop())
    lost = faults_with(lambda _, __, records: records.pop())
    assert "1 shifts of the meter, 0 in the journal" in lost
    more = [shifts[0]._replace(totals=(4, 365, 1, 165))]
    assert "shift 1: the meter counted (4," in "; ".join(taxi_balance(ended, more, records)[1])
