# SPDX-License-Identifier: Apache-2.0
"""A flash region in a plain file: MicroPython's block-device protocol for PCs, on both
interpreters.

Erased bytes read FF; programming goes by seek and write into the file, so nothing is ever
truncated (MP-5). `make_durable(file)` is the platform's one durable call (MP-1, MP-2),
`keep_folder(path)` makes a new name in its folder durable (MP-3). A file of another size is
refused, never overwritten: it is somebody's journal.
"""

import os

from firmware.errors import FormatError

OP_SYNC, OP_BLOCK_COUNT, OP_BLOCK_SIZE, OP_ERASE = 3, 4, 5, 6
SIZE = 6  # where os.stat() keeps the size
ERASED = b"\xff" * 256  # written in pages: 4 KB in one piece may not be left on a small heap


def open_file_flash(path, block_count, block_size, make_durable, keep_folder, lock=None):
    """Return the block device in file `path`, created full of FF when absent.

    `lock(file)` -> False when another process has it, FormatError then; None: nobody looks.
    Raises FormatError when the file has another size, OSError when it cannot be read and written.
    """
    if not _exists(path):
        _create(path, block_count, block_size, make_durable)
        keep_folder(path)
    size = os.stat(path)[SIZE]
    if size != block_count * block_size:
        raise FormatError(
            "%s: %d bytes, not %d blocks of %d = %d bytes"
            % (path, size, block_count, block_size, block_count * block_size)
        )
    file = open(path, "r+b", 0)  # noqa: SIM115
    if lock and not lock(file):
        file.close()
        raise FormatError("%s is in use by another process" % path)
    return FileFlash(file, block_count, block_size, make_durable)


def _exists(path):
    try:
        os.stat(path)
    except OSError as error:
        if error.errno != 2:  # ENOENT
            raise
        return False
    return True


def _create(path, block_count, block_size, make_durable):
    """Write under another name and rename, so that a cut never leaves a short file (MP-6)."""
    new = path + ".new"
    with open(new, "wb") as file:
        for _ in range(block_count * block_size // len(ERASED)):
            file.write(ERASED)
        make_durable(file)
    os.rename(new, path)


class FileFlash:
    """The block device; `file` is open for reading and writing, without a buffer."""

    def __init__(self, file, block_count, block_size, make_durable):
        self._file = file
        self._block_count = block_count
        self._block_size = block_size
        self._make_durable = make_durable

    def readblocks(self, block, buf, offset=0):
        """Fill `buf` from `offset` in `block` on."""
        self._seek(block, offset, len(buf))
        if self._file.readinto(buf) != len(buf):
            raise OSError(5, "flash file is shorter than it was")  # EIO

    def writeblocks(self, block, buf, offset=None):
        """Program `buf` at `offset` in `block`; ValueError when a byte there is not erased.

        In this protocol a write without an offset erases what it covers.
        """
        if offset is None:
            for step in range((len(buf) + self._block_size - 1) // self._block_size):
                self._erase(block + step)
            offset = 0
        self._check_erased(block, offset, len(buf))
        self._write(block, buf, offset)

    def ioctl(self, op, arg=0):
        """MicroPython's operations; 3 returns when everything written is durable."""
        if op == OP_SYNC:
            self._make_durable(self._file)
        elif op == OP_BLOCK_COUNT:
            return self._block_count
        elif op == OP_BLOCK_SIZE:
            return self._block_size
        elif op == OP_ERASE:
            self._erase(arg)
        return 0

    def close(self):
        """Close the file; what is not synced is not durable."""
        self._file.close()

    def _erase(self, block):
        for at in range(0, self._block_size, len(ERASED)):
            self._write(block, ERASED, at)

    def _check_erased(self, block, offset, count):
        page = bytearray(len(ERASED))
        for at in range(offset, offset + count, len(page)):
            part = memoryview(page)[: min(len(page), offset + count - at)]
            self.readblocks(block, part, at)
            if bytes(part) != ERASED[: len(part)]:
                raise ValueError("block %d at %d is not erased" % (block, offset))

    def _write(self, block, buf, offset):
        self._seek(block, offset, len(buf))
        if self._file.write(buf) != len(buf):
            raise OSError(28, "no room for the flash file")  # ENOSPC

    def _seek(self, block, offset, count):
        at = block * self._block_size + offset
        if block < 0 or offset < 0 or at + count > self._block_count * self._block_size:
            raise ValueError("block %d, offset %d, %d bytes: outside" % (block, offset, count))
        self._file.seek(at)
