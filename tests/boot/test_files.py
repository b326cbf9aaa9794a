# SPDX-License-Identifier: Apache-2.0
"""The file system of a board: made on an erased flash, left alone where it is damaged."""

import io

from firmware.boot import files
from sim.flash import Flash
from tests.skip import SkipTest

try:
    import vfs
except ImportError:
    vfs = None


class Cells(io.IOBase if vfs else object):
    """A flash whose bytes may be programmed again, as littlefs does within a block."""

    def __init__(self):
        self.flash = Flash(8)

    def readblocks(self, block, data, offset=0):
        self.flash.readblocks(block, data, offset)

    def writeblocks(self, block, data, offset=0):
        self.flash.blocks[block][offset : offset + len(data)] = data

    def ioctl(self, op, arg):
        if op == 6:
            self.flash.blocks[arg][:] = b"\xff" * 4096
            return 0
        return self.flash.ioctl(op, arg)


def cells():
    if not hasattr(vfs, "VfsLfs2"):
        raise SkipTest("littlefs is MicroPython's")
    return Cells()


def test_an_erased_flash_should_get_a_file_system():
    device = cells()
    made = files.opened(vfs, device)
    with made.open("settings.txt", "w") as file:
        file.write("terminal: 7")
    again = files.opened(vfs, device)
    with again.open("settings.txt", "r") as file:
        assert file.read() == "terminal: 7"


def test_a_damaged_one_should_be_left_as_it_is():
    device = cells()
    files.opened(vfs, device)
    for block in files.SUPERBLOCKS:
        device.flash.blocks[block][0:64] = bytes(64)
    before = [bytes(one) for one in device.flash.blocks]
    assert files.opened(vfs, device) is None
    assert [bytes(one) for one in device.flash.blocks] == before


def test_one_damaged_superblock_should_not_matter():
    device = cells()
    with files.opened(vfs, device).open("settings.txt", "w") as file:
        file.write("terminal: 7")
    device.flash.blocks[0][:] = bytes(4096)
    found = files.opened(vfs, device)
    assert found is None or found.open("settings.txt", "r").read() == "terminal: 7"
