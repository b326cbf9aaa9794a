# SPDX-License-Identifier: Apache-2.0
"""What runs on the board while it is asked: sent over its prompt, never stored there.

MicroPython alone, and nothing of the firmware: it answers for a board whose firmware is broken.
Every function prints one line of JSON, or lines of base64, and changes no file but where its name
says so. The journal's region is read and never written here.
"""

import binascii
import gc
import hashlib
import json
import os
import sys

try:
    import machine
except ImportError:  # the unix port
    machine = None
try:
    import rp2
except ImportError:
    rp2 = None
try:
    from esp32 import Partition
except ImportError:
    Partition = None
try:
    import uctypes
except ImportError:
    uctypes = None
try:
    from firmware.hal.watchdog_board import hold  # whose watchdog it is: it would end a copy

    hold()
except (ImportError, AttributeError):
    pass

BLOCK = 4096
PIECE = 512


def _hex(data):
    return binascii.hexlify(data).decode()


def identity():
    """What interpreter this is, on which board, and how large its storage."""
    found = {
        "python": ".".join([str(one) for one in sys.implementation[1][:3]]),
        "machine": getattr(sys.implementation, "_machine", sys.platform),
        "platform": sys.platform,
        "unique": "",
        "blocks": 0,
    }
    if hasattr(machine, "unique_id"):
        found["unique"] = _hex(machine.unique_id())
    if rp2:
        found["blocks"] = rp2.Flash().ioctl(4, 0)
    print(json.dumps(found))


def files(folder="."):
    """[name, bytes] of the plain files of a folder."""
    found = []
    for row in os.ilistdir(folder):
        if row[1] == 0x8000:
            name = row[0] if folder == "." else folder + "/" + row[0]
            found.append([name, os.stat(name)[6]])
    print(json.dumps(found))


def free():
    """Bytes the file system has left, and the bytes of one of its blocks."""
    found = os.statvfs(".")
    print(json.dumps([found[3] * found[0], found[0]]))


def digest(path):
    """SHA-256 of a file, "" where there is none."""
    try:
        file = open(path, "rb")
    except OSError:
        print('""')
        return
    sums, buf = hashlib.sha256(), bytearray(PIECE)
    while True:
        count = file.readinto(buf)
        if not count:
            break
        sums.update(memoryview(buf)[:count])
    file.close()
    print(json.dumps(_hex(sums.digest())))


def remove(path):
    """Take a file away; none there is well."""
    try:
        os.remove(path)
    except OSError as wrong:
        if wrong.errno != 2:
            raise


def rename(old, new):
    """One file takes the place of another, whole or not at all (MP-6)."""
    os.rename(old, new)


def folder(path):
    """Make a folder; one there is well."""
    try:
        os.mkdir(path)
    except OSError as wrong:
        if wrong.errno != 17:
            raise


def _flash(kind, where, blocks):
    """(block device, its first block) of a journal, as firmware/hal/board.py finds it."""
    if kind == "file":
        return _File(where), 0
    if Partition:
        found = Partition.find(Partition.TYPE_DATA, label=where)
        if not found:
            raise OSError(2, "no flash partition " + where)
        return found[0], 0
    device = rp2.Flash()
    return device, device.ioctl(4, 0) - blocks


class _File:
    """A file as a block device that is only read."""

    def __init__(self, path):
        self.file = open(path, "rb")

    def readblocks(self, block, buf):
        self.file.seek(block * BLOCK)
        count = self.file.readinto(buf)
        for at in range(count, len(buf)):
            buf[at] = 0xFF


def region(kind, where, blocks, first, count):
    """`count` blocks of a journal from `first` on: number and bytes of each that is not erased,
    without the erased ones at its end; last, the SHA-256 over all.
    """
    device, start = _flash(kind, where, blocks)
    buf, sums = bytearray(BLOCK), hashlib.sha256()
    for block in range(first, first + count):
        device.readblocks(start + block, buf)
        sums.update(buf)
        used = bytes(buf).rstrip(b"\xff")
        if used:
            print(block, binascii.b2a_base64(used).decode().strip())
        gc.collect()
    print("sum", _hex(sums.digest()))


def program(at, count):
    """SHA-256 of `count` bytes of the program's flash from `at` on (RP2040, RP2350)."""
    sums = hashlib.sha256()
    for begin in range(0, count, BLOCK):
        size = min(BLOCK, count - begin)
        sums.update(uctypes.bytearray_at(0x10000000 + at + begin, size))
    print(json.dumps(_hex(sums.digest())))
