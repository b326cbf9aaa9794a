# SPDX-License-Identifier: Apache-2.0
"""The records of a board in files: frames for `faretap stick import`, and the journal as it is.

Made as `faretap stick export` makes them, read back, and counted against the journal before they
count as exported.
"""

from pathlib import Path

from firmware.by_file import ByFile
from firmware.errors import FormatError
from firmware.formats import batch, messages
from firmware.formats.session_key import Key, file_keys
from firmware.journal import open_journal
from firmware.settings import Settings
from firmware.signed_setup import MACS, key_of
from firmware.upload import BYTES
from host_tools.flash.faults import Fault
from host_tools.flash.identity import Held
from host_tools.flash_image import FlashImage
from host_tools.frame_files import frames_of, written

SIGNED_BYTES = 30000  # as host_tools/cli/stick.py
JOURNAL = ".journal"


def export(held: Held, unit: Settings, path: Path) -> int:
    """Write `path` and `path`.journal; how many records. Fault where one is not there."""
    key = None
    if "upload_key" in unit.more:
        key = key_of(unit.more["upload_key"], unit.more.get("upload_mac", MACS[0]))
    copy = open_journal(FlashImage(held.image))
    wanted = list(range(copy.acknowledged + 1, copy.settled_upto() + 1))
    with written(path.with_name(path.name + JOURNAL)) as file:
        file.write(held.image)
    with written(path) as file:
        for upto, frame in ByFile(
            copy, unit.terminal, key, SIGNED_BYTES if key else BYTES
        ).frames():
            file.write(frame)
            copy.acknowledge(upto)  # of the copy: what follows is found sooner
    found = numbers_in(path, unit.terminal, key)
    if found != wanted:
        raise Fault("unreadable", f"{path}: {len(found)} records of {len(wanted)}")
    return len(found)


def numbers_in(path: Path, terminal: int, key: Key | None) -> list[int]:
    """The numbers of the records in a file of frames. FormatError for any other frame."""
    up = file_keys(key, terminal)[0] if key else None
    found = []
    for one in frames_of(path):
        if one.fault:
            raise FormatError(f"{path}: {one.fault}")
        kind, values = messages.unseal(one.frame, up) if up else batch.unseal(one.frame)
        if kind != batch.BATCH or values["terminal_id"] != terminal:
            raise FormatError(f"{path}: a frame of another kind or terminal")
        found += [number for number, _ in values["items"]]
    return found
