# SPDX-License-Identifier: Apache-2.0
# ruff: noqa
"""Runs in MicroPython's unix port before its prompt and makes a board of it: a flash in the file
`flash.bin` of the folder (files in a littlefs, journal behind it), rp2.Flash, machine.reset, and
the name of a board. Then boot as a board does: main.py, then the prompt.

    micropython -i board_prelude.py FILE_BLOCKS ALL_BLOCKS NAME
"""

import os
import sys
import vfs
from collections import namedtuple

FILE_BLOCKS, ALL_BLOCKS, NAME = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
BLOCK = 4096
store = open("flash.bin", "r+b")
CODE = open("program.bin", "rb")
HOME = os.getcwd()


class Flash:
    """As rp2.Flash: blocks of the storage from `start` on, `len` bytes. A file of the unix port has
    no buffer: what was written is there when this process is killed.
    """

    def __init__(self, start=0, len=ALL_BLOCKS * BLOCK):
        self.start, self.len = start, len

    def readblocks(self, block, buf, offset=0):
        store.seek(self.start + block * BLOCK + offset)
        store.readinto(buf)

    def writeblocks(self, block, buf, offset=None):
        if offset is None:
            self.ioctl(6, block)
            offset = 0
        store.seek(self.start + block * BLOCK + offset)
        store.write(buf)

    def ioctl(self, op, arg):
        if op == 4:
            return self.len // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            store.seek(self.start + arg * BLOCK)
            store.write(b"\xff" * BLOCK)
        return 0


class Module:
    """Stands in sys.modules under a module's name; what it has not, the module has."""

    def __init__(self, real=None, **names):
        self.real = real
        for name in names:
            setattr(self, name, names[name])

    def __getattr__(self, name):
        return getattr(self.real, name)


def reset():
    raise SystemExit


def bootloader():
    """board_stand.py shows the drive and waits for a UF2."""
    open(HOME + "/bootsel", "w").close()
    raise SystemExit


def bytearray_at(address, count):
    """What the processor sees at its flash: the program, behind it the storage."""
    at = address - 0x10000000
    base = CODE.seek(0, 2)
    file = CODE if at < base else store
    file.seek(at if at < base else at - base)
    return file.read(count)


def mount():
    device = Flash(0, FILE_BLOCKS * BLOCK)
    try:
        files = vfs.VfsLfs2(device, progsize=256, readsize=32)
    except OSError:
        vfs.VfsLfs2.mkfs(device, progsize=256)
        files = vfs.VfsLfs2(device, progsize=256, readsize=32)
    vfs.mount(files, "/board")
    os.chdir("/board")


real = sys
Named = namedtuple("Named", ("name", "version", "_machine", "_mpy"))
sys.modules["rp2"] = Module(Flash=Flash)
sys.modules["machine"] = Module(
    unique_id=lambda: b"\x01\x02\x03\x04", reset=reset, bootloader=bootloader
)
sys.modules["uctypes"] = Module(bytearray_at=bytearray_at)
sys.modules["sys"] = Module(
    real, platform="rp2", implementation=Named("micropython", (1, 25, 0, ""), NAME, 6)
)
mount()
real.path[:] = [".frozen", ""]
if "main.py" in os.listdir("."):
    try:
        exec(open("main.py").read(), {"__name__": "__main__"})
    except KeyboardInterrupt:
        pass
