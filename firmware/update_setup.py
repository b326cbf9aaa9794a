# SPDX-License-Identifier: Apache-2.0
"""Puts together how a unit renews its program; for units that take signed files and count starts.

Behind fleet_setup.py: where the host offers files, the program is one of them from here on.
Without a host a release may be laid by hand (boot/file_slots.py).
"""

from firmware.boot.update import Update
from firmware.download import Downloads
from firmware.formats import signed


def attach(terminal, settings, hal, places):
    """Update that asks for a start, None where there are no slots; places: boot/places.py."""
    authority = signed.Authority(settings.authority, settings.authority_sm2)
    slots = places.slots
    if not slots or not (authority.rsa or authority.sm2):
        return None
    board, report = hal.board_word(), terminal.parts.report
    update = Update(
        places.record, slots, board, authority, hal, report, places.factory,
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
