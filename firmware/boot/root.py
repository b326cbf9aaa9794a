# SPDX-License-Identifier: Apache-2.0
"""The root that counts its starts: what a board's main.py runs, and on a PC

    python -m firmware.boot.root SETTINGS RECORD [FOLDER]

RECORD: path of the boot record, whose copies are RECORD.0 and RECORD.1. FOLDER: of releases.
Ends as boot/start.py says; a board, which nobody starts, starts itself anew.
"""

import json
import sys

from firmware import hal
from firmware.boot import start
from firmware.boot.file_slots import FileSlots
from firmware.boot.places import Places
from firmware.boot.record import HELD, A, B, InBlocks, InFiles
from firmware.formats import status
from firmware.formats.release import BODY_AT

RELEASE = "release"  # path of what a board keeps beside a release that comes
REGIONS = {A: "slot_a", B: "slot_b"}


def report(event):
    """One JSON object a line on standard output; a reader of it that is gone stops nothing."""
    try:
        hal.write_line(json.dumps(event))
    except OSError:
        pass


def main(settings="settings.txt", where="boot", folder="releases"):
    """One start, and what comes behind it. where, folder: of record and releases, on a PC."""
    places = board_places(hal) if hasattr(hal, "open_region") else file_places(where, folder)
    try:
        hal.leave(start.run(settings, places, hal, report))
    except KeyboardInterrupt:
        hal.hold_watchdog()  # somebody works at the console, in safe mode or before it
        raise


def board_places(hal):
    """Of a board: its record, and its slots where its flash has regions for them."""
    copies = InBlocks(hal.open_region("boot"))
    if not hal.has_slots():
        return Places(copies, status.RELEASE)
    from firmware.boot.raw_slots import RawSlots  # for boards of our own image

    devices = {A: hal.open_region("slot_a"), B: hal.open_region("slot_b")}
    return Places(
        copies,
        status.RELEASE,
        make_slots=lambda record: RawSlots(hal, record, devices, RELEASE),
        enter=lambda slots, slot, size: hal.mount_release(REGIONS[slot], BODY_AT, size - BODY_AT),
    )


def file_places(where, folder):
    """Of a PC: files below a folder."""

    def enter(slots, slot, size):
        sys.path.insert(0, slots.path_of(slots.record.values[HELD[slot][0]]))

    return Places(
        InFiles(hal, where),
        status.RELEASE,
        make_slots=lambda record: FileSlots(hal, record, folder),
        enter=enter,
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
