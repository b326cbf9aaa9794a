# SPDX-License-Identifier: Apache-2.0
"""Files that are rows of frames, for depots without a network: read piece by piece, written whole
or not at all. What is no frame in one is named and costs nothing else.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from firmware.errors import FormatError
from firmware.formats.batch import FRAME_MOST, FrameReader
from firmware.journal import Journal, open_journal
from host_tools.flash_image import FlashImage

PIECE = 65536
TRIES = 50  # looks at a journal that a terminal is writing


class Found(NamedTuple):
    """A whole frame, or b"" and what stands there instead of one."""

    frame: bytes
    fault: str = ""


def frames_of(path: Path) -> Iterator[Found]:
    """The frames of a file in their order, and what is wrong in between. OSError."""
    reader, count = FrameReader(FRAME_MOST), 0
    taken = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            for frame in reader.feed(piece):
                count += 1
                taken += len(frame)
                yield Found(frame)
        hidden = reader.stale()
        for frame in hidden:
            count += 1
            taken += len(frame)
            yield Found(frame)
        left = file.tell() - taken
    if left:
        yield Found(b"", f"{left} bytes are in no whole frame; {count} frames are whole")


@contextlib.contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A file that stands under its name when all of it is on the disk. OSError."""
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def journal_copy(path: Path) -> Journal:
    """A journal in memory as its file is at one moment, while a terminal may be writing it.

    Two readings that are the same show such a moment: what lies between them. FormatError when
    there was none, or the file is no journal; OSError.
    """
    before = path.read_bytes()
    for _ in range(TRIES):
        image = path.read_bytes()
        if image == before:
            break
        before = image
    else:
        raise FormatError(f"{path} changes all the time: stop the terminal, or try again")
    try:
        return open_journal(FlashImage(image))
    except ValueError as wrong:
        raise FormatError(f"{path}: {wrong}") from wrong


def in_groups(found: Iterable[Found], most: int) -> Iterator[list[Found]]:
    """So many at a time: they share a commit."""
    group: list[Found] = []
    for one in found:
        group.append(one)
        if len(group) == most:
            yield group
            group = []
    if group:
        yield group
