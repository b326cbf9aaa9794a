# SPDX-License-Identifier: Apache-2.0
"""Files onto a board so that it may be unplugged at any moment.

Each is written under NAME.part and its hash asked for; when all are there they get their names,
one rename each, which is whole or not at all on littlefs (MP-6). settings.txt, which names the
others, comes last: a board that is unplugged between two renames starts with the settings it had
and with files that are good. Nothing is formatted; the journal is no file.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import partial

from host_tools.flash.console import Console
from host_tools.flash.faults import Fault
from host_tools.provision.unit import CARD, SETTINGS

PART = ".part"
LAST = ("main.py", SETTINGS, CARD)  # in this order, behind all others
SPARE_BLOCKS = 2  # littlefs moves its own tables when names change


def changed(console: Console, files: Mapping[str, bytes]) -> list[str]:
    """Names of files that are not on the board with these bytes, in the order of renaming."""
    names = [name for name in files if not _same(console, name, files[name])]
    return sorted(names, key=lambda name: (LAST.index(name) + 1 if name in LAST else 0, name))


def check_room(console: Console, files: Mapping[str, bytes], names: list[str]) -> None:
    """Fault full where the files do not fit beside those they will replace."""
    free, block = console.call("free")
    need = sum(-(-len(files[name]) // block) + 1 for name in names) + SPARE_BLOCKS
    if names and need * block > free:
        raise Fault("full", f"{need * block:,} bytes are wanted, {free:,} are free")


def copy(
    console: Console,
    files: Mapping[str, bytes],
    names: list[str],
    told: Callable[[str, int], None] = lambda *_: None,
) -> None:
    """Put these files there; told(name, bytes written). Faults leave what was there."""
    for name, _ in console.call("files"):
        if name.endswith(PART):
            console.call("remove", name)  # of a copy that was cut short
    check_room(console, files, names)
    try:
        for name in names:
            data = files[name]
            console.put(name + PART, data, partial(told, name))
            if not _same(console, name + PART, data):
                raise Fault("not_written", f"{name} did not arrive as it was sent")
    except Fault as wrong:
        if wrong.word != "gone":
            for name in names:
                console.call("remove", name + PART)
        raise
    for name in names:
        console.call("rename", name + PART, name)
    for name in names:
        if not _same(console, name, files[name]):
            raise Fault("not_written", f"{name} is not what was written")


def _same(console: Console, name: str, data: bytes) -> bool:
    return console.call("digest", name) == hashlib.sha256(data).hexdigest()
