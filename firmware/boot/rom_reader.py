# SPDX-License-Identifier: Apache-2.0
"""A ROMFS image in a region of flash as a file system, for stock MicroPython, which has no
vfs.VfsRom there: vfs.mount(RomFiles(device), "/release"), then imports come out of it.

Where VfsRom is, it is the better one: it executes in place. This one copies a module into the
heap, as any file would be, but 238 files take 100 blocks of flash here and some 260 in a littlefs,
where each takes a block. Records: host_tools/image/romfs.py. Imports nothing of firmware, which it
is to find.
"""

import errno
import io

MARK = b"\xd2\xcd\x31"  # kind of the record that is the image
DATA, FOLDER, FILE = 2, 4, 5
HEAD_BYTES = 16  # of a record, its two numbers and that of its name
NAME_MOST = 128
NO_FOLDER, READ_ONLY = 20, 30  # NO_FOLDER and EROFS, which MicroPython does not name


class RomFiles:
    """Files of a block device that begins with an image. OSError 19: it does not (ENODEV)."""

    def __init__(self, device):
        self.device = device
        self.block_bytes = device.ioctl(5, 0)
        self.length = device.ioctl(4, 0) * self.block_bytes
        head = self._read(0, HEAD_BYTES)
        size, at = _number(head, len(MARK))
        self.first, self.end = at, at + size
        if head[: len(MARK)] != MARK or self.end > self.length:
            raise OSError(errno.ENODEV)

    def mount(self, readonly, mkfs):
        """Called by vfs.mount; nothing to do, and nothing is ever made here."""
        if mkfs:
            raise OSError(errno.EPERM)

    def umount(self):
        """Called by vfs.umount."""

    def chdir(self, path):
        """The root alone."""
        if path not in ("", "/"):
            raise OSError(errno.EPERM)

    def getcwd(self):
        """The root."""
        return "/"

    def stat(self, path):
        """As os.stat: folder or file, and its bytes; OSError 2 for what is not there."""
        kind, at, end = self._find(path)
        mode, size = (0x8000, end - at) if kind == DATA else (0x4000, 0)
        return (mode, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def ilistdir(self, path):
        """As os.ilistdir: (name, 0x4000 or 0x8000, 0, bytes)."""
        kind, at, end = self._find(path)
        if kind == DATA:
            raise OSError(NO_FOLDER)
        for name, found, _, start, after in self._named(at, end):
            mode = 0x4000 if found == FOLDER else 0x8000
            yield (name, mode, 0, after - start)

    def open(self, path, mode):
        """A file in the heap; OSError 30 for any mode that writes."""
        if "w" in mode or "a" in mode or "+" in mode:
            raise OSError(READ_ONLY)
        kind, at, end = self._find(path)
        if kind != DATA:
            raise OSError(errno.EISDIR)
        data = self._read(at, end - at)
        return io.BytesIO(data) if "b" in mode else io.StringIO(data.decode())

    def _find(self, path):
        """(DATA or FOLDER, first, end) of what lies there."""
        kind, at, end = FOLDER, self.first, self.end
        for part in path.strip("/").split("/") if path.strip("/") else ():
            for name, found, _, start, after in self._named(at, end):
                if name == part:
                    kind, at, end = found, start, after
                    break
            else:
                raise OSError(errno.ENOENT)
        if kind != FILE:
            return FOLDER, at, end
        for kind, start, after in self._records(at, end):
            if kind == DATA:
                return DATA, start, after
        raise OSError(errno.EIO)

    def _named(self, at, end):
        """(name, kind, place, first, end) of folders and files between two places."""
        for kind, start, after in self._records(at, end):
            if kind in (FOLDER, FILE):
                count, inside = _number(self._read(start, HEAD_BYTES), 0)
                if count > NAME_MOST or start + inside + count > after:
                    raise OSError(errno.EIO)
                name = self._read(start + inside, count).decode()
                yield name, kind, start, start + inside + count, after

    def _records(self, at, end):
        """(kind, first, end) of the payloads between two places. OSError 5: they do not fit."""
        while at < end:
            head = self._read(at, HEAD_BYTES)
            kind, used = _number(head, 0)
            size, used = _number(head, used)
            after = at + used + size
            if not kind or after > end:
                raise OSError(errno.EIO)
            yield kind, at + used, after
            at = after

    def _read(self, at, count):
        """Bytes of the device, fewer at its end."""
        out = bytearray(max(0, min(count, self.length - at)))
        view = memoryview(out)
        got = 0
        while got < len(out):
            block, offset = (at + got) // self.block_bytes, (at + got) % self.block_bytes
            size = min(len(out) - got, self.block_bytes - offset)
            self.device.readblocks(block, view[got : got + size], offset)
            got += size
        return bytes(out)


def _number(data, at):
    """(number, place behind it); OSError 5 when it does not end."""
    value = 0
    while at < len(data) and at < HEAD_BYTES:
        value = value << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    raise OSError(errno.EIO)
