# SPDX-License-Identifier: Apache-2.0
"""Many lanes at a hub: what all of them know of who is inside, whatever fails on the way; and the
command with lanes at ptys.
"""

import random
import subprocess
import sys
import time
from datetime import datetime

import pytest

from firmware.devices.far_store import FarStore
from firmware.devices.hub_store import HubStore
from firmware.devices.lane_store import Entry, key_of
from firmware.neighbours.lane_line import frame
from host_tools.lanes.entries import Entries
from host_tools.lanes.hub import Hub
from sim.flash import Flash
from sim.lane_peers import LaneEnd
from sim.pty_line import PtyLine
from tests.host.console import ROOT

TICK_MS = 50


class End(LaneEnd):
    """A lane's end of the line: the Neighbour of its store, turned as its loop would."""

    store = None

    def outgoing(self, now_ms):
        self.verdicts = getattr(self, "verdicts", []) + self.store.turn()
        return super().outgoing(now_ms)


def entry_lane():
    end = End()
    end.store = FarStore(end)
    return end


def exit_lane(flash):
    end = End()
    end.store = HubStore(flash, end)
    return end


class Road:
    """A hub with two entry lanes and two exit lanes; `cut`: ports whose line is cut."""

    def __init__(self, blocks=8):
        self.now_ms, self.said, self.cut = 0, [], set()
        self.flashes = [Flash(blocks, 4096) for _ in range(2)]
        self.entries = Entries(":memory:")
        self.ends = [entry_lane(), entry_lane(), *map(exit_lane, self.flashes)]
        self.start_hub()

    def start_hub(self):
        self.hub = Hub(self.entries, self.said.append)
        self.ports = [self.hub.add(f"lane {at}", at > 1) for at in range(4)]

    def restart(self, at):
        """An exit lane whose power went."""
        self.ends[at] = exit_lane(self.flashes[at - 2])

    def run(self, seconds):
        for _ in range(int(seconds * 1000 / TICK_MS)):
            self.now_ms += TICK_MS
            for at, (end, port) in enumerate(zip(self.ends, self.ports, strict=True)):
                alive = at not in self.cut
                end.feed(self.hub.outgoing(port, self.now_ms) if alive else b"", self.now_ms)
                said = end.outgoing(self.now_ms)
                self.hub.feed(port, said if alive else b"", self.now_ms)

    def enter(self, at, number, minute=0):
        """The verdict that a driver has at an entry lane."""
        one = entry(number, minute, lane=at + 1)
        end = self.ends[at]
        end.verdicts = []
        end.store.enter(one)
        for _ in range(50):
            self.run(0.1)
            found = [verdict for told, verdict in end.verdicts if told == one]
            if found:
                self.run(1)
                return found[0]
        return None

    def known(self, at):
        return sorted(self.ends[at].store.keys())

    @property
    def linked(self):
        return [end.store.linked for end in self.ends[2:]]


def entry(number, minute=0, lane=1):
    hour, minute = divmod(600 + minute, 60)
    return Entry(key_of(str(number)), lane, (2026, 11, 21 + hour // 24, hour % 24, minute, 0), 1)


def keys(*numbers):
    return sorted(key_of(str(number)) for number in numbers)


@pytest.fixture
def road():
    made = Road()
    made.run(3)
    assert made.linked == [True, True]
    return made


def test_each_exit_should_know_who_came_in_anywhere(road):
    """TD-068: with two entries and two exits; a barrier opens when the hub has the entry."""
    assert road.enter(0, 1) == road.enter(1, 2) == "stored"
    assert road.known(2) == road.known(3) == keys(1, 2)
    assert road.ends[3].store.find(key_of("2")).lane == 2
    assert road.enter(1, 1, minute=20) == "inside"


def test_who_leaves_by_one_exit_should_be_gone_at_all(road):
    road.enter(0, 1)
    road.ends[2].store.leave(key_of("1"))
    road.run(1)
    assert road.known(3) == road.known(2) == [] and road.entries.all() == []
    assert road.enter(1, 1, minute=20) == "stored" and road.known(3) == keys(1)


def test_exit_whose_line_was_cut_should_catch_up(road):
    road.enter(0, 1)
    road.enter(0, 2)
    road.cut = {3}
    road.run(4)
    assert road.linked == [True, False]
    road.ends[3].store.leave(key_of("1"))  # paid there: it had the entry
    road.ends[2].store.leave(key_of("2"))
    assert road.enter(1, 3) == "stored"
    assert road.known(3) == keys(2) and road.known(2) == keys(1, 3)
    road.cut = set()
    road.run(4)
    assert road.linked == [True, True]
    assert road.known(2) == road.known(3) == keys(3)
    assert [one.key for one in road.entries.all()] == keys(3)


def test_restarts_should_lose_nobody(road):
    """TD-012: of an exit lane, between paying and telling; of the hub."""
    for number in (1, 2):
        road.enter(0, number)
    road.ends[2].store.leave(key_of("1"))
    road.restart(2)
    assert road.linked == [False, True]
    road.run(4)
    assert road.linked == [True, True] and road.known(3) == keys(2)
    road.start_hub()
    road.enter(1, 3)
    road.run(3)
    assert road.known(2) == road.known(3) == keys(2, 3)


def test_exit_that_is_full_should_not_be_linked():
    road = Road(blocks=4)  # 15 entries
    road.run(3)
    for number in range(17):
        assert road.enter(0, number) == "stored"
    road.run(4)
    assert road.linked == [False, False]
    assert any("store_blocks" in one for one in road.said)


def test_lanes_should_not_do_what_is_not_theirs(road):
    """An entry lane takes nobody out, an exit lane brings nobody in."""
    road.enter(0, 1)
    gone = b"\x02" + bytes(road.ends[2].store.rows[1:17])
    road.ends[0].protocol.put(gone)
    road.ends[2].protocol.put(b"\x01" + key_of("9") + gone[9:])
    for port in road.ports:
        for kind in (4, 5, 9):
            road.hub.feed(port, frame(kind, bytes(17)), road.now_ms)
    road.run(2)
    assert [one.key for one in road.entries.all()] == keys(1) == road.known(3)


def test_entries_of_long_ago_should_be_taken_out(road):
    road.enter(0, 1)
    assert road.hub.forget(datetime(2026, 11, 23, 9), 2) == 0
    assert road.hub.forget(datetime(2026, 11, 23, 11), 2) == 1
    road.run(1)
    assert road.known(2) == road.known(3) == []


@pytest.mark.parametrize("seed", range(6))
def test_all_should_agree_in_the_end_whatever_was_cut(seed):
    """Moves drawn by a seed: entries, exits, cuts of lines, restarts of lanes and hub. Who leaves
    by a lane that is cut off is known there; one that has come in anew since would be priced by
    the journey before (docs/without-keys.md), and does not come there.
    """
    draw, road = random.Random(seed), Road()
    road.run(3)
    inside: dict = {}  # number -> moment of its entry
    for step in range(150):
        move, at = draw.random(), draw.randint(2, 3)
        store = road.ends[at].store
        if move < 0.35:
            number = draw.randint(1, 40)
            if road.enter(draw.randint(0, 1), number, 7 * step) == "stored":
                inside[number] = entry(number, 7 * step).moment
        elif move < 0.7:
            found = [(one, store.find(key_of(str(one)))) for one in sorted(inside)]
            may = [one for one, known in found if known and known.moment == inside[one]]
            if may:
                number = draw.choice(may)
                store.leave(key_of(str(number)))
                del inside[number]
        elif move < 0.8:
            road.cut = {one for one in range(4) if draw.random() < 0.3}
        elif move < 0.9:
            road.restart(at)
        elif move < 0.95:
            road.start_hub()
        road.run(draw.choice((0.1, 1, 5)))
    road.cut = set()
    road.run(20)
    assert road.linked == [True, True]
    assert road.known(2) == road.known(3) == keys(*inside)
    assert sorted(one.key for one in road.entries.all()) == keys(*inside)


def test_command_should_serve_three_lanes(tmp_path):
    """Entry, and two exits, each at a pty; the store outlives the process."""
    ends = [entry_lane(), exit_lane(Flash(8, 4096)), exit_lane(Flash(8, 4096))]
    with PtyLine(ends[0]) as one, PtyLine(ends[1]) as two, PtyLine(ends[2]) as three:
        argv = [
            sys.executable, "-m", "host_tools.cli.main", "lanes", "--store",
            str(tmp_path / "lanes.db"), "--entry", one.path, "--exit", two.path,
            "--exit", three.path,
        ]  # fmt: skip
        for number in (1, 2):
            running = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            try:
                wait(lambda: ends[1].store.linked and ends[2].store.linked)
                wait(lambda: not ends[0].store.fault)
                with one.lock:
                    ends[0].store.enter(entry(number))
                wanted = keys(*range(1, number + 1))
                for end in ends[1:]:
                    wait(lambda end=end, wanted=wanted: sorted(end.store.keys()) == wanted)
            finally:
                running.terminate()
                said = running.communicate(timeout=10)[0]
            assert f"{number - 1} are inside" in said and "stopped" in said
            wait(lambda: not ends[1].store.linked and not ends[2].store.linked)


def wait(come_true):
    """Until it has; at most twenty seconds."""
    ends_s = time.monotonic() + 20
    while not come_true():
        assert time.monotonic() < ends_s
        time.sleep(0.05)
