# SPDX-License-Identifier: Apache-2.0
"""drive(): commands, background work, lost links and results of any generator of steps."""

from firmware.drive import Backlog, drive
from firmware.errors import ChipError, LinkLost
from firmware.kernel.work import Work


def echo(command, spare=None):
    return command + b"!"


def test_answers_should_be_sent_in_and_the_result_returned():
    def steps():
        first = yield b"one"
        second = yield b"two"
        return first + second

    assert drive(steps(), echo) == b"one!two!"


def test_steps_without_a_command_should_end_at_once():
    def steps():
        return 5
        yield b""

    assert drive(steps(), echo) == 5


def test_lost_link_should_be_thrown_in_where_it_was_lost():
    def lose_second(command, spare=None):
        if command == b"two":
            raise ChipError("lost", 0x01)
        return command

    def steps():
        yield b"one"
        try:
            yield b"two"
        except LinkLost as lost:
            said = str(lost)
        return said, (yield b"three")

    assert drive(steps(), lose_second) == ("lost", b"three")


def test_lost_link_nobody_waits_for_should_go_up():
    def lose(command, spare=None):
        raise LinkLost("gone")

    def steps():
        yield b"one"

    try:
        drive(steps(), lose)
    except LinkLost as lost:
        assert str(lost) == "gone"
        return
    raise AssertionError("swallowed")


class WrongStep(Exception):
    """What a work of these tests may raise."""


def counted(log, name, slices, wrong=None):
    def run():
        for number in range(slices):
            log.append((name, number))
            yield
        if wrong:
            raise WrongStep(wrong)
        return name

    return Work(run(), WrongStep)


def test_work_should_be_done_while_the_other_end_computes():
    """docs/design.md, Steps: oldest first, a slice a call, finish() does the rest."""
    for calls, done_early in ((0, 0), (1, 1), (2, 2), (3, 3), (9, 3)):
        log = []

        def exchange(command, spare):
            log.append(command)  # noqa: B023
            for _ in range(calls):  # noqa: B023
                spare()
            assert len(log) - 1 == done_early  # noqa: B023
            return b""

        def steps():
            first, second = counted(log, "a", 2), counted(log, "b", 1)  # noqa: B023
            yield first
            yield second
            yield b"x"
            return first.finish() + second.finish()

        assert drive(steps(), exchange) == "ab"
        assert [one for one in log if one != b"x"] == [("a", 0), ("a", 1), ("b", 0)]
        assert log.index(b"x") == 0


def test_spare_should_say_when_nothing_is_left():
    backlog, log = Backlog(), []
    assert backlog.spare() is False
    backlog.add(counted(log, "a", 1))
    backlog.add(counted(log, "b", 2))
    done = []
    while backlog.spare():
        done.append(len(log))
    assert done == [1, 2, 3] and backlog.waiting == []
    assert backlog.spare() is False


def test_failed_work_should_raise_at_finish_and_not_in_the_wait():
    log = []
    work = counted(log, "a", 1, "no good")
    assert work.step() is True and work.step() is False and work.step() is False
    for _ in range(2):
        try:
            work.finish()
        except WrongStep as wrong:
            assert str(wrong) == "no good"
            continue
        raise AssertionError("finished")
    assert log == [("a", 0)]
