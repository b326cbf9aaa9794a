# SPDX-License-Identifier: Apache-2.0
"""What a terminal says of itself: versions, backlog, torn taps, p95 (terminals.md 10)."""

from collections import namedtuple

from firmware.devices.condition import Condition
from firmware.devices.held_files import HeldFiles
from firmware.devices.tap_times import BINS, KEPT, STEP_MS, TapTimes
from firmware.formats import fields, record, status
from tests.small_card import SmallCard
from tests.stand import Stand

Told = namedtuple("Told", ("faults", "counts", "numbers", "ended"))


class Fetched(Told):
    """Downloads, as far as they are asked."""

    def laid(self, kind):
        return self.numbers.get(kind, 0)


class Held(HeldFiles):
    """Two kinds of files, their numbers by hand."""

    def __init__(self, terminal, numbers):
        self.terminal, self.numbers = terminal, numbers
        self.update = None

    def kinds(self):
        return [status.PARAMETERS, status.ALLOW_LIST]

    def in_force(self, kind):
        return self.numbers[kind]


def told(stand, downloads=None):
    """STATUS_V1 as the host reads it."""
    stand.terminal.condition = stand.terminal.condition or Condition(
        stand.terminal, Held(stand.terminal, {16: 7, 4: 41}), downloads, 1
    )
    return fields.unpack(status.STATUS_V1, stand.terminal.condition.packed())


def test_a_quiet_terminal_says_what_it_is():
    said = told(Stand())
    assert said["files"] == [(16, 7, 0, 0, 0), (4, 41, 0, 0, 0)]
    assert (said["backlog"], said["oldest_s"], said["taps"], said["p95_ms"]) == (0, 0, 0, 0)
    assert (said["clock"], said["reset"]) == (0, 1) and said["firmware"]


class Program:
    """What an Update says (firmware/boot/update.py), by hand."""

    def __init__(self, in_force, trying, left, refused):
        self.in_force = lambda: in_force
        self.trying = lambda: trying
        self.left = lambda: left
        self.refused = refused


class Renewed(HeldFiles):
    """The program alone."""

    def __init__(self, terminal, update):
        self.terminal, self.update = terminal, update

    def kinds(self):
        return [status.PROGRAM]


def test_what_became_of_a_release_is_told():
    # TD-020: numbers in force, on trial, left and refused
    for numbers, row in (
        ((7, 0, 0, 0), (6, 7, 0, 0, 0)),
        ((7, 8, 0, 0), (6, 7, 8, 0, 0)),
        ((7, 0, 8, 0), (6, 7, 0, 8, 5)),
        ((7, 0, 8, 9), (6, 7, 0, 9, 4)),
        ((9, 0, 8, 0), (6, 9, 0, 0, 0)),
    ):
        stand = Stand()
        terminal = stand.terminal
        terminal.condition = Condition(terminal, Renewed(terminal, Program(*numbers)), None, 1)
        terminal.condition.board = "pico"
        said = told(stand)
        assert said["files"] == [row] and said["firmware"] == status.FIRMWARE + "+pico"


def test_taps_and_records_that_wait_are_counted():
    stand = Stand()
    told(stand)
    stand.tap(SmallCard("6228000100000010"))
    stand.clock.advance(90)
    said = told(stand)
    assert said["taps"] == 1 and said["torn"] == 0 and said["p95_ms"] >= STEP_MS
    assert said["backlog"] == len(stand.records())
    assert said["oldest_s"] >= 90


def test_an_age_by_a_clock_that_went_wrong_is_not_known():
    stand = Stand()
    values = record.blank(record.EVENT)
    values["time_utc_s"] = stand.clock.time_utc_s() + 9999
    stand.journal.append(record.pack(values))
    assert told(stand)["oldest_s"] == status.UNKNOWN_AGE


def test_files_that_are_laid_or_not_taken_are_named():
    stand = Stand()
    stand.terminal.refused[16] = 8
    said = told(stand, Fetched({4: (43, 1)}, {1: 3, 2: 1}, {4: 42, 16: 6}, 0))
    assert said["files"] == [(16, 7, 0, 8, 4), (4, 41, 42, 43, 1)]
    assert (said["disk_full"], said["wrong_hash"]) == (3, 1)


def test_the_histogram_holds_the_last_taps_alone():
    times = TapTimes()
    assert times.p95_ms() == 0
    for number in range(KEPT):
        times.add(900000 if number % 2 else 30000, number < 10)
    assert (times.taps, times.torn, times.p95_ms()) == (KEPT, 10, 925)
    for _ in range(KEPT):
        times.add(30000, False)
    assert (times.taps, times.torn, times.p95_ms()) == (KEPT, 0, 2 * STEP_MS)


def test_the_95th_of_a_hundred_counts():
    times = TapTimes()
    for _ in range(95):
        times.add(99000, False)
    for _ in range(5):
        times.add(10**9, True)
    assert times.p95_ms() == 100
    times.add(10**9, True)
    assert times.p95_ms() == BINS * STEP_MS
    times.add(-5, False)  # a clock that wrapped
    assert times.taps == 102
