# SPDX-License-Identifier: Apache-2.0
"""The self-test: each fault has its code on the panel, in the journal and among the events."""

from firmware.devices import late_tests, selftest
from firmware.errors import LinkLost
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.small_card import SmallCard
from tests.stand import Stand


def found_by(stand):
    """Codes and texts of a start."""
    stand.events[:] = []
    selftest.at_start(stand.terminal)
    found = [one for one in stand.events if one["event"] == "self_test"]
    return (found[0]["codes"], found[0]["text"]) if found else ([], "")


def test_terminal_that_is_well_should_say_nothing():
    """TD-016: no code, no record, the fare stands."""
    stand = Stand()
    shown = stand.log[:]
    assert found_by(stand) == ([], "") and stand.log == shown and stand.records() == []


def test_clock_that_was_never_set_should_have_its_code():
    """TD-016: on the panel with its words, in the record, reported; then the panel says why
    nothing is sold.
    """
    stand = Stand()
    stand.clock.now = (2000, 1, 1, 0, 0, 0)
    codes, text = found_by(stand)
    assert codes == [30] and "2000-01-01" in text
    assert ("show", "Self-test 30 clock not set", 0) in stand.log and stand.shown() == "blue"
    assert [one["reason"] for _, one in stand.records()] == ["self_test 30"]
    stand.terminal.turn()
    assert stand.terminal.screen.shown == "self_test"
    stand.clock.advance(6)
    stand.terminal.turn()
    assert stand.terminal.screen.shown == "clock_not_set"


def test_each_part_should_have_its_code():
    """TD-016: fault after fault; several are shown as numbers."""
    stand = Stand()
    stand.clock.in_doubt, stand.clock.error_s = lambda: True, lambda: 9
    assert found_by(stand)[0] == [31]
    stand.terminal.sale.keys.ring.capks = ()
    assert found_by(stand)[0] == [31, 40]
    assert ("show", "Self-test 31 40", 0) in stand.log
    assert selftest.row_of(70)[1] == "random"


def test_full_journal_should_warn_before_it_stops_sales():
    """TD-010: at 80 and at 95 per cent, and when nothing goes in any more."""

    class Kept:
        damaged = 0

        def __init__(self, used, room):
            self.used, self.left = used, room

        def fill(self):
            return self.used / 100

        def room(self):
            return self.left

    for used, room, code in ((79, 5, 0), (80, 5, 21), (94, 5, 21), (95, 5, 22), (99, 0, 23)):
        assert selftest.journal(Kept(used, room))[0] == code
    Kept.damaged = 1
    assert selftest.journal(Kept(79, 5))[0] == 24 and selftest.journal(Kept(80, 5))[0] == 21


def test_line_that_is_cut_should_be_named():
    """TD-016: found at the start, not when the first rider comes."""

    def cut():
        raise LinkLost("no such port")

    stand = Stand()
    stand.terminal.trade.line = Neighbour(cut, Console(""), stand.clock)
    assert found_by(stand) == ([50], "line: Console: no such port")


def test_rider_who_comes_at_once_should_be_served():
    """TD-016: a code delays no tap."""
    stand = Stand()
    stand.clock.in_doubt, stand.clock.error_s = lambda: True, lambda: 9
    found_by(stand)
    assert stand.tap(SmallCard())["message"] == "ok" and stand.shown() == "green"


def test_every_part_should_be_told_on_demand():
    """TD-017: those that work, too; field on and off; False when one is out of order."""
    stand = Stand()
    assert selftest.on_demand(stand.terminal) is True
    said = [one for one in stand.events if one["event"] == "self_test"]
    said = [one for one in said if one["text"][:2] != "sm"]  # where SM2 was loaded already
    assert [one["code"] for one in said] == [0] * len(said) and len(said) == 7
    assert stand.reader.powered is False

    def gone(on):
        raise LinkLost("the chip is silent")

    stand.reader.power = gone
    assert selftest.on_demand(stand.terminal) is False
    codes = [one["code"] for one in stand.events if one["event"] == "self_test"]
    assert [code for code in codes if code] == [11]


def test_part_without_which_there_is_no_terminal_should_be_said_before_the_end():
    """TD-016: reader and journal."""
    stand, said = Stand(), []
    selftest.failed(stand, said.append, 10, "no such port")
    assert said == [{"event": "self_test", "code": 10, "text": "reader: no such port"}]
    assert ("show", "Self-test 10 reader silent", 0) in stand.log


def test_what_must_not_be_sold_with_should_stop_sales():
    """TD-016: an algorithm that answers wrongly, a source of numbers that failed (QT-030): the
    panel says why, and no card is asked for anything.
    """
    for code, message in selftest.STOPS_SALES:
        stand = Stand()
        assert stand.tap(SmallCard())["message"] == "ok"
        selftest.tell(stand.terminal, [(code, "looked at")])
        assert stand.terminal.sale.refused_before() == message
        looks = stand.reader.looks
        stand.clock.advance(6)
        stand.terminal.turn()
        assert stand.terminal.screen.shown == message and stand.reader.looks == looks


def test_terminal_should_be_sound_when_the_slow_tests_have_passed():
    """TD-016: in idle time, a slice a turn; a severe code keeps a release from being good."""
    stand = Stand()
    slices = len(list(late_tests.steps(stand.terminal, ())))
    assert stand.terminal.sound is True and slices == 0  # a small journal, RSA alone
    list(late_tests.steps(stand.terminal, [(25, "the boot record is not kept"), (0, "well")]))
    assert stand.terminal.sound is False and stand.terminal.codes == [25]
    stand.terminal.codes = [21]
    list(late_tests.steps(stand.terminal, ()))
    assert stand.terminal.sound is True
