# SPDX-License-Identifier: Apache-2.0
"""Which slot is started: trial, return, damage, crash loop, no way back to an older release."""

from firmware.boot import record, slots
from firmware.boot.record import DAMAGED, FACTORY, NEVER_GOOD, A, B
from firmware.boot.trial import AGAIN_MS, STEADY_MS, Trial
from firmware.errors import FormatError
from sim.flash import Flash
from tests.hand_clock import HandClock

POWER, WATCHDOG = 1, 4
DIGEST = b"\x11" * 32


class Held:
    """What the slots hold; whole: those whose bytes are as they were verified."""

    def __init__(self, *whole):
        self.whole = whole
        self.asked = []

    def __call__(self, slot, size, digest):
        assert size == 1000 and digest == DIGEST
        self.asked.append(slot)
        return slot in self.whole


def staged(values, slot, number):
    return slots.stage(values, slot, number, 1000, DIGEST)


def in_use(number=7):
    """A terminal whose release `number` in slot a is good."""
    return slots.good(started(staged(record.BLANK, A, number), A))


def started(values, *whole):
    return slots.begin(values, POWER, Held(*whole)).values


def refused(call, *given):
    try:
        call(*given)
    except FormatError:
        return True
    return False


def test_a_blank_record_starts_the_factory_release():
    held = Held(A, B)
    start = slots.begin(record.BLANK, POWER, held)
    assert (start.slot, start.safe, held.asked) == (FACTORY, False, [])
    assert slots.running(start.values) == 0


def test_a_release_on_trial_has_so_many_starts_and_then_is_left():
    values = staged(in_use(), B, 8)
    for left in range(slots.TRIES - 1, -1, -1):
        start = slots.begin(values, WATCHDOG, Held(A, B))
        assert (start.slot, start.values["left"], start.safe) == (B, left, False)
        values = start.values
        assert slots.running(values) == 8
    start = slots.begin(values, WATCHDOG, Held(A, B))
    assert start.slot == A and slots.running(start.values) == 7
    assert (start.values["returned"], start.values["why"]) == (8, NEVER_GOOD)
    assert (start.values["cause"], start.values["starts"]) == (WATCHDOG, 1)
    assert refused(slots.check_newer, start.values, 8)  # it would fail again
    slots.check_newer(start.values, 9)


def test_a_good_release_stays_and_raises_the_floor():
    values = started(staged(in_use(), B, 8), A, B)
    values = slots.good(values)
    assert (values["active"], values["trial"], values["floor"]) == (B, FACTORY, 8)
    assert (values["starts"], values["returned"]) == (0, 0)
    assert slots.begin(values, POWER, Held(A, B)).slot == B
    for older in (1, 7, 8):
        assert refused(slots.check_newer, values, older)
        assert refused(staged, values, A, older)


def test_only_the_idle_slot_is_written_and_none_during_a_trial():
    assert slots.idle(record.BLANK) == A
    values = in_use()
    assert slots.idle(values) == B
    assert refused(staged, values, A, 8)
    assert slots.idle(staged(values, B, 8)) == FACTORY


def test_a_damaged_slot_gives_way_to_the_other_and_then_to_the_factory_release():
    values = slots.good(started(staged(in_use(), B, 8), A, B))
    start = slots.begin(values, POWER, Held(A))
    assert (start.slot, slots.running(start.values)) == (A, 7)
    assert (start.values["returned"], start.values["why"]) == (8, DAMAGED)
    assert start.values["floor"] == 8
    slots.check_newer(start.values, 9)
    assert refused(slots.check_newer, start.values, 7)
    start = slots.begin(values, POWER, Held())
    assert (start.slot, slots.running(start.values)) == (FACTORY, 0)
    assert start.values["floor"] == 8
    start = slots.begin(staged(in_use(), B, 8), POWER, Held(A))  # damaged while on trial
    assert (start.slot, start.values["why"]) == (A, DAMAGED)


def test_a_slot_that_is_being_written_is_nothing_to_return_to():
    values = slots.good(started(staged(in_use(), B, 8), A, B))
    values = slots.forget(values, slots.idle(values))
    held = Held(A)  # half of a release lies there
    assert slots.begin(values, POWER, held).slot == FACTORY and held.asked == [B]


def test_the_factory_number_is_a_floor_too():
    values = slots.begin(record.BLANK, POWER, Held(), 5).values
    assert refused(slots.check_newer, values, 5)
    slots.check_newer(values, 6)


def test_starts_that_never_come_to_good_end_in_safe_mode():
    values = in_use()
    for count in range(1, slots.LOOP + 1):
        start = slots.begin(values, WATCHDOG, Held(A))
        values = start.values
        assert (start.safe, values["starts"]) == (False, count)
    assert slots.begin(values, WATCHDOG, Held(A)).safe
    assert not slots.begin(slots.steady(values), WATCHDOG, Held(A)).safe
    values["starts"] = 255
    assert slots.begin(values, WATCHDOG, Held(A)).values["starts"] == 255


def test_good_is_who_passed_the_self_test_and_sold_or_reached_the_host():
    for selftest_passed, tapped, hosted, expected in (
        (True, True, False, True),
        (True, False, True, True),
        (True, False, False, False),
        (False, True, True, False),
    ):
        one = record.BootRecord(record.InBlocks(Flash(2, 512)))
        one.save(started(staged(in_use(), B, 8), A, B))
        trial = Trial(one, HandClock())
        trial.mark(selftest_passed=selftest_passed)
        trial.mark(tapped=tapped)
        trial.mark(hosted=hosted)
        writes = one.count
        assert trial.turn() is expected
        assert (one.values["floor"] == 8) is expected
        assert not trial.turn() and one.count == writes + expected


def test_a_terminal_that_runs_for_a_while_is_in_no_crash_loop():
    one = record.BootRecord(record.InBlocks(Flash(2, 512)))
    one.save(started(in_use(), A))
    clock = HandClock()
    trial = Trial(one, clock)
    trial.mark(selftest_passed=True)
    assert not trial.turn() and one.values["starts"] == 1
    clock.ms += STEADY_MS
    assert not trial.turn() and one.values["starts"] == 0
    one.save(started(staged(one.values, B, 8), A, B))
    trial = Trial(one, clock)
    trial.mark(selftest_passed=True)
    clock.ms += STEADY_MS
    assert not trial.turn() and one.values["starts"] == 1  # on trial it is no merit


def test_a_record_that_cannot_be_written_is_tried_again():
    flash = Flash(2, 512)
    one = record.BootRecord(record.InBlocks(flash))
    one.save(started(staged(in_use(), B, 8), A, B))
    clock = HandClock()
    trial = Trial(one, clock)
    trial.mark(selftest_passed=True, tapped=True)
    flash.worn = {0: "refuses", 1: "refuses"}
    assert not trial.turn()
    flash.worn = {}
    assert not trial.turn()
    clock.ms += AGAIN_MS
    assert trial.turn() and one.values["active"] == B
