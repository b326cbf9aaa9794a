# SPDX-License-Identifier: Apache-2.0
"""Writing through a boot ROM's drive, and waiting for what comes and goes."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from host_tools.flash.faults import Fault
from host_tools.flash.seen import INFO, Seen

PIECE = 64 * 1024
LOOK_S = 0.2
COMES_S = 20.0  # a board from its boot ROM to its port, or back
NAME = "FARETAP.UF2"
Found = TypeVar("Found")


def write(drive: Seen, data: bytes, told: Callable[[int], None] = lambda _: None) -> None:
    """Copy a UF2 onto the drive; told(bytes written). Fault gone when it goes before the end.

    A boot ROM starts the board, and takes its drive away, with the last block: an error in closing
    is that.
    """
    sent = 0
    try:
        with open(Path(drive.where) / NAME, "wb", buffering=0) as file:
            while sent < len(data):
                count = file.write(data[sent : sent + PIECE])
                sent += count
                told(sent)
            os.fsync(file.fileno())
    except OSError as wrong:
        if sent < len(data) or (Path(drive.where) / INFO).exists():
            said = f"{drive.where} took {sent:,} of {len(data):,} bytes: {wrong.strerror or wrong}"
            raise Fault("gone", said) from wrong


def wait_for(look: Callable[[], Found], what: str, limit_s: float = COMES_S) -> Found:
    """What look() gives as soon as it gives something. Fault gone."""
    ends = time.monotonic() + limit_s
    while not (found := look()):
        if time.monotonic() > ends:
            raise Fault("gone", f"{what} did not appear within {limit_s:.0f} s")
        time.sleep(LOOK_S)
    return found
