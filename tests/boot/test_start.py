# SPDX-License-Identifier: Apache-2.0
"""A start: counted before it runs, a crash kept, safe mode behind so many, a slot's code first."""

import sys

from firmware.boot import start
from firmware.boot.places import Places
from firmware.boot.record import A, BootRecord, InBlocks
from firmware.boot.slots import LOOP, TRIES, good, stage
from firmware.hal.watchdog import Watchdog
from sim.flash import Flash

POWER, WATCHDOG = 1, 4
DIGEST = b"\x22" * 32


class Board:
    """What a start needs of a board."""

    def __init__(self, cause=POWER):
        self.cause = cause
        self.held = 0

    def watchdog(self, timeout_ms):
        return Watchdog()

    def reset_cause(self):
        return self.cause

    def hold_watchdog(self):
        self.held += 1

    def unload(self, names):
        pass


class Unit:
    """A board with its flash; `runs` what each start's program does."""

    def __init__(self):
        self.flash = Flash(2)
        self.events = []
        self.mended = []
        self.mounted = []
        self.refuses = False
        self.copies = InBlocks(self.flash)

    def is_whole(self, slot, size, digest):
        return digest == DIGEST

    def enter(self, slots, slot, size):
        assert slots is self and size == 1000
        if self.refuses:
            raise OSError(19)
        self.mounted.append(slot)

    def start(self, program, cause=POWER):
        def mend(path, places, hal, report, fault):
            self.mended.append(fault)
            return start.AGAIN

        places = Places(self.copies, 3, lambda record: self, self.enter)
        del self.events[:]
        self.board = Board(cause)
        return start.run("settings.txt", places, self.board, self.events.append, lambda: program,
                         mend)  # fmt: skip

    def kept(self):
        return BootRecord(self.copies).values


def well(path, report, boot):
    assert path == "settings.txt" and boot.record.values["starts"]
    report({"event": "ready"})


def crashes(path, report, boot):
    raise ValueError("no such thing")


def ends(status, *said):
    def program(path, report, boot):
        for event in said:
            report(event)
        sys.exit(status)

    return program


def test_a_start_should_be_counted_before_its_program_runs():
    unit = Unit()
    seen = []

    def program(path, report, boot):
        seen.append(unit.kept()["starts"])

    assert unit.start(program) == start.STOPPED
    assert seen == [1] and unit.kept()["starts"] == 0  # who stops it by hand loops nowhere
    assert [one["event"] for one in unit.events] == ["boot"]
    assert (unit.events[0]["slot"], unit.events[0]["release"]) == ("factory", 3)


def test_a_crash_should_be_kept_with_its_text():
    unit = Unit()
    assert unit.start(crashes) == start.CRASHED
    assert unit.kept()["text"] == "96 ValueError: no such thing" and unit.kept()["starts"] == 1
    assert unit.events[-2] == {"event": "self_test", "code": 96,
                               "text": "ValueError: no such thing"}  # fmt: skip
    unit.start(well)
    assert unit.events[0]["text"] == "96 ValueError: no such thing"


def test_starts_that_never_come_to_good_should_end_in_safe_mode():
    """TD-018. And one that comes to good, in between, begins the count anew."""
    unit = Unit()
    for _ in range(LOOP):
        assert unit.start(crashes) == start.CRASHED
    assert unit.mended == [] and unit.start(crashes) == start.AGAIN
    (fault,) = unit.mended
    assert fault[0] == 93 and fault[1].endswith("ValueError: no such thing")

    def comes_to_good(path, report, boot):
        assert boot.record.save(good(boot.record.values))
        crashes(path, report, boot)

    again = Unit()
    for _ in range(LOOP):
        again.start(crashes)
        again.start(comes_to_good)
    assert again.mended == []


def test_a_loop_that_hung_should_be_told_from_the_reset_cause():
    """TD-018."""
    unit = Unit()
    unit.start(well)
    unit.start(well, WATCHDOG)
    assert unit.events[0]["cause"] == WATCHDOG and "the loop hung" in unit.events[0]["text"]
    assert unit.kept()["cause"] == WATCHDOG


def test_a_part_that_is_missing_should_lead_to_safe_mode_with_its_code():
    unit = Unit()
    said = {"event": "self_test", "code": 10, "text": "reader: no such port"}
    stopped = {"event": "stopped", "text": "no such port"}
    assert unit.start(ends(2, said, stopped)) == start.AGAIN
    assert unit.mended == [(10, "no such port")]
    assert unit.kept()["text"] == "10 no such port"


def test_a_storage_that_fails_and_a_renewal_should_end_with_their_status():
    unit = Unit()
    stopped = {"event": "stopped", "text": "storage: [Errno 5] EIO"}
    assert unit.start(ends(3, stopped)) == start.STORAGE
    assert "storage" in unit.kept()["text"] and unit.kept()["starts"] == 1
    assert unit.start(ends(4)) == start.AGAIN and unit.kept()["starts"] == 0
    assert unit.mended == []


def test_a_release_on_trial_that_crashes_should_be_left():
    """Its slot is mounted, its starts are used up, and what is frozen runs."""
    unit = Unit()
    record = BootRecord(unit.copies)
    record.save(stage(record.values, A, 9, 1000, DIGEST))
    modules = dict(sys.modules)
    try:
        for _ in range(TRIES):
            assert unit.start(crashes) == start.CRASHED and unit.events[0]["slot"] == "a"
    finally:
        sys.modules.update(modules)
    assert unit.mounted == [A] * TRIES
    unit.start(well)
    assert unit.events[0]["slot"] == "factory" and unit.mounted == [A] * TRIES
    assert (unit.events[0]["left"], unit.events[0]["why"]) == (9, "never good")


def test_a_slot_that_cannot_be_mounted_should_have_its_code():
    unit = Unit()
    record = BootRecord(unit.copies)
    record.save(stage(record.values, A, 9, 1000, DIGEST))
    unit.refuses = True
    assert unit.start(well) == start.CRASHED
    assert unit.kept()["text"].startswith("95 ")


def test_modules_of_the_package_alone_should_be_dropped():
    modules = {"firmware": 1, "firmware.main": 2, "firmwares": 3, "sys": 4}
    start.drop(modules)
    assert sorted(modules) == ["firmwares", "sys"]


def test_a_record_that_cannot_be_written_should_not_stop_service():
    unit = Unit()
    for block in (0, 1):
        unit.flash.wear(block, "refuses")
    assert unit.start(ends(0)) == start.STOPPED
    assert unit.events[0]["text"] == "the boot record cannot be written"


def test_a_trial_that_cannot_be_counted_should_not_be_begun():
    unit = Unit()
    record = BootRecord(unit.copies)
    record.save(stage(record.values, A, 9, 1000, DIGEST))
    for block in (0, 1):
        unit.flash.wear(block, "refuses")
    assert unit.start(ends(0)) == start.STOPPED
    assert unit.events[-1]["slot"] == "factory" and unit.mounted == []


def test_who_works_at_the_console_should_not_be_reset():
    def stopped_by_hand(path, report, boot):
        raise KeyboardInterrupt

    unit = Unit()
    try:
        unit.start(stopped_by_hand)
        raise AssertionError("not told")
    except KeyboardInterrupt:
        assert unit.board.held == 1
