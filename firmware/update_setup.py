# SPDX-License-Identifier: Apache-2.0
"""Puts together how a unit renews its program; for units that take signed files and count starts.

Behind fleet_setup.py: where the host offers files, the program is one of them from here on.
Without a host a release may be laid by hand (boot/file_slots.py).
"""

from firmware.boot.record import A, B
from firmware.boot.update import Update
from firmware.download import Downloads
from firmware.formats import signed, status

KEPT = "release"  # path of the small files beside slots in flash (boot/raw_slots.py)


def open_slots(hal, record, folder):
    """The slots of a unit, None where it has none: those of its flash, or files below `folder`."""
    if hasattr(hal, "has_slots") and hal.has_slots():
        from firmware.boot.raw_slots import RawSlots  # one kind of slots a unit

        devices = {A: hal.open_region("slot_a"), B: hal.open_region("slot_b")}
        return RawSlots(hal, record, devices, KEPT)
    if not folder:
        return None
    from firmware.boot.file_slots import FileSlots  # likewise

    return FileSlots(hal, record, folder)


def attach(terminal, settings, hal, record):
    """Update that asks for a start, None where there are no slots; record: a BootRecord."""
    authority = signed.Authority(settings.authority, settings.authority_sm2)
    slots = open_slots(hal, record, settings.more.get("releases", ""))
    if not slots or not (authority.rsa or authority.sm2):
        return None
    board, report = hal.board_word(), terminal.parts.report
    update = Update(
        record, slots, board, authority, hal, report, status.RELEASE,
        terminal.parts.journal.waiting,
    )  # fmt: skip
    condition = terminal.condition
    if condition:
        held = condition.held
        held.renews(update, slots.path)
        condition.board = board
        condition.downloads = Downloads(held.places, held.newest, slots.store, hal, report)
        condition.host.downloads = condition.downloads
    return update
