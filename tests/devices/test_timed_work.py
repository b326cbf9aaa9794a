# SPDX-License-Identifier: Apache-2.0
"""The time that background work takes, told apart by whether a card was computing meanwhile."""

from firmware.devices.timed_work import metered
from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.kernel.work import Work


class Clock:
    """Moved by the work itself."""

    us = 0

    def ticks_us(self):
        return self.us

    def ticks_diff(self, later, earlier):
        return later - earlier


def slices(clock, count):
    for _ in range(count):
        clock.us += 100
        yield
    return "done"


def told_of(exchange, ends):
    """(events, what the steps returned) of one exchange with a Work of five slices beside it."""
    clock, told = Clock(), []

    def steps():
        work = Work(slices(clock, 5), ValueError)
        yield work
        try:
            yield b"\x00"
        except LinkLost:
            return "lost"
        return work.finish()

    assert drive(*metered(steps(), exchange, clock, told.append)) == ends
    return told


def test_slices_in_the_waiting_time_should_be_told_as_hidden():
    def exchange(command, spare):
        spare()
        spare()
        return b"\x90\x00"

    assert told_of(exchange, "done") == [
        {"event": "work", "us": 200, "hidden_us": 200, "last": False},
        {"event": "work", "us": 300, "hidden_us": 0, "last": True},
    ]


def test_a_lost_link_should_pass_through_to_the_steps():
    def exchange(command, spare):
        raise LinkLost("gone")

    assert told_of(exchange, "lost") == []
