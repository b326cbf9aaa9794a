# SPDX-License-Identifier: Apache-2.0
"""A littlefs image as MicroPython mounts it. Files carry no times, so the same files in the same
order give the same bytes.

What is inline depends on the cache: ours is never larger than the one of MicroPython's own mount
(four writes), so it reads each file where it expects it.
"""

import errno
from collections.abc import Mapping

from littlefs import LittleFS, LittleFSError

from firmware.boot import layout
from firmware.errors import FormatError

DISK_VERSION = 0x00020000  # 2.0, which every version of MicroPython with littlefs 2 mounts
CACHE_BYTES = 256
# Stock MicroPython on rp2 mounts the whole storage, and makes it anew when it cannot. So there is
# one as long as the storage in the first blocks; nobody writes to it, and what it starts mounts
# the region `files` instead. It has to be inline: 256 bytes at most.
STUB = """import os,rp2,vfs
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(rp2.Flash(start=%d,len=%d),progsize=%d),"/")
os.chdir("/")
"""


def pack(files: Mapping[str, bytes], blocks: int, program_bytes: int) -> bytes:
    """The image of files by path, folders made as needed. FormatError: they do not fit."""
    cache = max(CACHE_BYTES if program_bytes == CACHE_BYTES else 4 * program_bytes, 128)
    system = LittleFS(
        block_size=layout.BLOCK_BYTES, block_count=blocks, read_size=32,
        prog_size=program_bytes, cache_size=cache, lookahead_size=32,
        disk_version=DISK_VERSION,
    )  # fmt: skip
    try:
        for path, data in sorted(files.items()):
            folder = path.rpartition("/")[0]
            if folder:
                system.makedirs(folder, exist_ok=True)
            with system.open(path, "wb") as file:
                file.write(data)
    except (LittleFSError, OSError) as failed:
        if getattr(failed, "code", None) != -errno.ENOSPC and "NOSPC" not in str(failed):
            raise
        raise FormatError(
            "%d files of %d bytes do not fit into %d blocks of 4 KB, a block a file at least: "
            "name the one device it is for (--device), or fewer files"
            % (len(files), sum(len(data) for data in files.values()), blocks)
        ) from None
    return bytes(system.context.buffer)


def used(image: bytes) -> list[int]:
    """Numbers of the blocks that are not erased."""
    size = layout.BLOCK_BYTES
    return [
        number
        for number in range(len(image) // size)
        if image[number * size : (number + 1) * size].strip(b"\xff")
    ]


def stub(storage_blocks: int, first: int, count: int, program_bytes: int) -> bytes:
    """The first blocks of a storage whose files are `count` blocks from `first` on.

    AssertionError would mean that littlefs has put something outside: then nothing is made.
    """
    at, length = first * layout.BLOCK_BYTES, count * layout.BLOCK_BYTES
    boot = (STUB % (at, length, program_bytes)).encode()
    assert len(boot) <= CACHE_BYTES
    image = pack({"boot.py": boot}, storage_blocks, program_bytes)
    if max(used(image)) >= first:
        raise FormatError("the stub of the file system does not fit into %d blocks" % first)
    return image[:at]
