# SPDX-License-Identifier: Apache-2.0
"""A gate on the stage: each kind of machine, people, tickets, fire and a cut; and its judge."""

from types import SimpleNamespace

import pytest

from firmware.formats import record
from host_tools.cli.runtime import runtime_command
from sim import scenario
from sim.gate_balance import gate_balance
from sim.scenario_play import Play

LINES = {
    "tpw": 'gate = "serial:gate"\ngate_kind = "tpw"',
    "digicon": 'gate = "serial:gate"\ngate_kind = "digicon"',
    "relay": 'gate = "open=a release=b passed=c back=d beam=e shut=f fire=g"',
}
DAY = """
title = "Whatever people do in a lane"
device = "gate"
start = 2026-11-21T08:00:00
until = "08:20"
[settings]
GATE
gate_lane = "lane=3 direction=entry grace_s=120"
console = "serial:console"
tickets = "serial:scanner"
ticket_keys = "{folder}/ticket_keys.txt"
twin = "serial:twin"
[files]
"ticket_keys.txt" = { ticket_keys = [1] }
[parameters]
fare_fen = 4000
[[step]]
at = "+5"
do = "tap"
card = "adult#1"
[[step]]
at = "+10"
do = "ticket"
card = "child#1"
[[step]]
at = "+30"
do = "ticket"
card = "child#1"
ends = ["ticket_used"]
[[step]]
at = "+40"
do = "ticket"
card = "adult#2"
forged = true
ends = ["ticket_forged"]
[[step]]
at = "+60"
do = "tap"
card = "adult#4"
walk = "stays"
returns = true
[[step]]
at = "+100"
do = "tap"
card = "adult#5"
walk = "turn_back"
[[step]]
at = "+130"
do = "tap"
card = "adult#6"
walk = "tailgate"
[[step]]
at = "+160"
do = "walk"
how = "push"
[[step]]
at = "+180"
do = "cut_at_open"
[[step]]
at = "+181"
do = "tap"
card = "adult#7"
[[step]]
at = "+220"
do = "ticket"
card = "group#8"
persons = 4
[[step]]
at = "+300"
do = "fire"
burns = true
[[step]]
at = "+310"
do = "walk"
count = 5
[[step]]
at = "+320"
do = "tap"
card = "adult#9"
[[step]]
at = "+330"
do = "fire"
burns = false
"""


@pytest.mark.parametrize("kind", list(LINES))
def test_each_machine_should_open_for_who_paid_and_count_him(kind, tmp_path):
    """TD-060, TD-063, TD-065, TD-070: stays and comes again, the cut between paid and opened, a
    ticket that is used or forged, a group, a fire. A Digicon board has no fire input: those who
    walk then are strays.
    """
    path = tmp_path / "lane.toml"
    path.write_text(DAY.replace("GATE", LINES[kind]), encoding="utf-8")
    (tmp_path / "day").mkdir()
    play = Play(scenario.read(path), tmp_path / "day", runtime_command("cpython")[:3])
    result = play.run()
    assert result.faults == []
    assert result.balance.approved_fen == result.balance.cards_fen == 6 * 4000
    visits, facts = result.visits, result.facts
    assert (visits["ticket_ok"], visits["ticket_used"], visits["ticket_forged"]) == (2, 1, 1)
    assert facts["people paid for"] == 6 and facts["people with an e-ticket"] == 5
    assert facts["  did not pass"] >= 1 and visits["re_entry"] == 2
    assert facts["counted by the lane"] == 16 == play.beside.gate.passed
    free = facts.get("went through in the fire drill", 0)
    assert free == (0 if kind == "digicon" else 5)
    assert result.starts == 2


def test_the_judge_of_a_gate_should_see_who_is_missing():
    def told(reason, riders=1, kind=record.EVENT):
        return {"reason": reason, "riders": riders, "kind": kind, "trade_data": bytes(26)}

    paid, passed = told("ok", 2, record.APPROVED), told("passed", 2)
    again = told("re_entry")

    def faults(people, *records):
        return "; ".join(gate_balance(SimpleNamespace(passed=people), records)[1])

    assert faults(2, paid, passed) == ""
    assert "2 people were let in, of 0" in faults(0, paid)
    assert "2 people were let in, of 4" in faults(4, paid, passed, passed)
    assert "3 went through the lane, the journal knows of 2" in faults(3, paid, passed)
    assert "1 went through the lane" in faults(1, paid, passed)
    assert faults(3, paid, passed, told("tailgating")) == ""
    assert faults(2, paid, told("not_passed"), told("passed"), again, told("passed")) == ""
    assert "more people came again" in faults(3, paid, passed, again, told("passed"))
