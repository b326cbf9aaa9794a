# SPDX-License-Identifier: Apache-2.0
"""Several terminals on one day: what the balance over all of them finds, and lock step."""

import pytest

from firmware.errors import FormatError
from host_tools.cli.runtime import runtime_command
from host_tools.cli.scenario import heap_of
from sim import scenario
from sim.gates_play import Gates, play_of
from sim.world import Clock, World
from sim.worlds import Worlds
from tests.host.console import needs_micropython

CPYTHON = runtime_command("cpython")[:3]


class Meeting:
    """Worlds without terminals that note who was when; `said`: in the order it came."""

    def __init__(self, *steps_ms):
        self.said = []
        self.worlds = [World(None, Clock(0), None) for _ in steps_ms]
        self.calls = [lambda at=at, ms=ms: self.live(at, ms) for at, ms in enumerate(steps_ms)]

    def live(self, at, step_ms):
        world = self.worlds[at]
        while world.now_ms < 12:
            world.pass_ms(step_ms)
            self.said.append((world.now_ms, at))

    def run(self):
        Worlds(self.worlds).run(self.calls)
        return self.said


def test_worlds_should_go_in_the_order_of_time():
    """Each in its own steps; at the same moment the first of the list goes first."""
    said = Meeting(3, 4, 5).run()
    assert said == sorted(said) and len(said) == 4 + 3 + 3
    assert [at for ms, at in said if ms == 12] == [0, 1]


def test_what_one_does_to_another_should_come_at_its_time():
    """Earlier than what that one was waiting for."""
    made = Meeting(2, 12)
    one, other = made.worlds
    one.at(5000, lambda: other.at(7000, lambda: made.said.append((other.now_ms, "told"))))
    said = made.run()
    assert (7, "told") in said and said == sorted(said, key=lambda row: row[0])


def test_one_that_fails_should_end_all():
    made = Meeting(1, 2, 3)
    made.worlds[1].at(5000, lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        made.run()
    assert max(ms for ms, _ in made.said) <= 6


def played(folder, runtime):
    """(Gates, faults) of the whole day of metro_line with few people."""
    folder.mkdir()
    play = play_of(scenario.read(scenario.find("metro_line"), 0.1), folder, runtime)
    return play, play.run().faults


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    """Gates of a day that balances; all under CPython."""
    play, faults = played(tmp_path_factory.mktemp("gates") / "day", CPYTHON)
    assert isinstance(play, Gates) and faults == []
    return play


@needs_micropython
def test_both_interpreters_at_once_should_write_the_same_journals(day, tmp_path):
    """Byte for byte, two gates under each: nothing in them comes from threads or the machine."""
    heap = heap_of(day.scenario)
    other, faults = played(tmp_path / "day", runtime_command("micropython", heap)[:3])
    assert faults == []
    programs = {one.runtime[0][0].rpartition("/")[2] for one in other.plays.values()}
    assert len(programs) == 2
    for name in day.plays:
        one, same = (play.folder / name / "journal.bin" for play in (day, other))
        assert one.read_bytes() == same.read_bytes(), name


def test_a_fault_in_any_of_the_gates_should_be_found(day):
    """The judge must be able to say no: a fen more than a rider owes, somebody inside whom the
    ledger does not know, a card that says otherwise, an opening that nobody walked through.
    """
    assert day.due["rider#1"] == 400 and day._faults() == []
    day.due["rider#1"] += 1
    assert day._faults() == ["rider#1 has paid 400 fen, its rides cost 401"]
    day.due["rider#1"] -= 1
    out3 = day.plays["out3"].beside
    assert out3._card_faults() == []
    day.inside.update({f"rider#{who}": 1 for who in ("a", "b", "c", "d", "e")})
    assert day._faults() == ["the ledger has 0 open trips, 5 are inside"]
    day.last["rider#1"] = ("exit", 4)
    out3.stop = 4
    assert any("its card says" in one for one in out3._card_faults())
    out3.gate.pulses += 1
    assert any("openings" in one for one in out3.balance([])[1])


def test_a_step_should_name_a_gate_that_there_is(day, tmp_path):
    bad = day.scenario._replace(steps=[day.scenario.steps[0]._replace(args={"gate": "out9"})])
    with pytest.raises(FormatError, match="no gate is called 'out9'"):
        Gates(bad, tmp_path, CPYTHON)
