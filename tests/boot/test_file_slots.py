# SPDX-License-Identifier: Apache-2.0
"""Slots that are files, as on a Raspberry Pi: laid there by hand, power cut at every write."""

from firmware.boot import record, slots
from firmware.boot.file_slots import FileSlots
from firmware.boot.trial import Trial
from firmware.boot.update import LOOK_MS, Update
from firmware.formats import release
from tests.deny_lists import AUTHORITY
from tests.hand_clock import HandClock
from tests.part_files import WAYS, Files, PowerCut
from tests.release_files import ZIP, signed_release

NEW = signed_release(8, ZIP, board="linux", body=release.ZIP)


class Disk(Files):
    """Folders need no making in memory."""

    def make_folder(self, path):
        pass


def start(disk):
    """(BootRecord, FileSlots) of a start; what it chose is whole."""
    one = record.BootRecord(record.InFiles(disk, "boot"))
    places = FileSlots(disk, one, "releases")
    begun = slots.begin(one.values, 1, places.is_whole, 3)
    assert one.save(begun.values)
    return one, places


def judged(disk, one, places, report):
    clock = HandClock()
    update = Update(one, places, "linux", AUTHORITY, clock, report, 3, lambda: False)
    for _ in range(4):
        clock.ms += LOOK_MS
        if update.due():
            return True
        while update.steps:
            update.due()
    return False


def live(disk, events):
    """Starts until nothing more is to be done; the values."""
    for _ in range(9):
        one, places = start(disk)
        if one.values["trial"]:
            trial = Trial(one, HandClock())
            trial.mark(selftest_passed=True, hosted=True)
            assert trial.turn()
        if not judged(disk, one, places, events.append):
            return one.values
    raise AssertionError("no end")


def test_a_release_that_is_laid_by_hand_is_tried_and_good():
    disk = Disk({"releases/coming.next": NEW})
    values = live(disk, [])
    assert (values["floor"], slots.running(values)) == (8, 8)
    assert disk.there["releases/8/release"] == NEW


def test_power_cut_at_every_write():
    for way in WAYS:
        for cut in range(1, 40):
            disk = Disk({"releases/coming.next": NEW}, cut, way)
            failed = False
            try:
                live(disk, [])
            except PowerCut:
                failed = True
            disk.cut_at = None
            values = live(disk, [])
            if values["floor"] == 3:  # its file went to its place, the record knows nothing of it
                assert disk.there["releases/8/release"] == NEW
                disk.there["releases/coming.next"] = NEW  # the host offers it again
                values = live(disk, [])
            assert (values["floor"], slots.running(values)) == (8, 8), (way, cut)
            if not failed:
                break
        assert not failed and cut > 5


def test_a_damaged_file_gives_way_to_what_is_installed():
    disk = Disk({"releases/coming.next": NEW})
    live(disk, [])
    disk.there["releases/8/release"] = NEW[:-1] + b"\x01"
    one, _ = start(disk)
    assert slots.running(one.values) == 0 and one.values["returned"] == 8


def test_what_is_not_for_this_machine_is_refused_once():
    disk = Disk({"releases/coming.next": signed_release(9)})
    events = []
    assert live(disk, events)["trial"] == 0
    assert [one["text"] for one in events] == ["release for pico, this is linux"]
