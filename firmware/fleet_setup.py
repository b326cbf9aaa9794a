# SPDX-License-Identifier: Apache-2.0
"""Puts together what a unit tells its host and fetches from it; for units that sign their uploads.

Unsigned offers are not followed: who can write on the line could fill the disk with them.
"""

from firmware.devices.condition import Condition
from firmware.devices.held_files import HeldFiles
from firmware.download import Downloads


def attach(terminal, settings, hal, signed):
    """Let the host be told how the terminal is, and its files be fetched; signed: SignedUpload."""
    held = HeldFiles(settings, terminal, hal)
    downloads = None
    if held.places:
        downloads = Downloads(held.places, held.newest, hal, hal, terminal.parts.report)
    terminal.condition = Condition(terminal, held, downloads, hal.reset_cause())
    terminal.condition.host = signed
    signed.status = terminal.condition.packed
    signed.downloads = downloads
