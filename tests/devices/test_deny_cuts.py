# SPDX-License-Identifier: Apache-2.0
"""Power cuts while a deny list is shipped and taken, on MicroPython's own littlefs in RAM.

Each operation on the flash is logged; then every prefix of the log, its last operation torn, is
mounted and started. The list in force is the old one or the new one, whole, each time.
"""

import os

from firmware.devices.deny import DenyList
from firmware.formats import signed
from firmware.hal.blob import open_blob
from tests.deny_lists import ALL, AUTHORITY, FREED, signed_file, write
from tests.forget import collect
from tests.skip import SkipTest

try:
    import vfs
except ImportError:
    vfs = None

BLOCK, BLOCKS = 512, 40
PLACE = "/deny_cuts"
PATH = PLACE + "/deny.bin"
OLD, NEW = "6228000100000010", "6228000100000028"


class Flash:
    """A block device in RAM; `log` lists (place, bytes, None: an erase) while it is a list."""

    def __init__(self):
        self.cells = bytearray(b"\xff" * (BLOCK * BLOCKS))
        self.log = None

    def readblocks(self, block, into, offset=0):
        at = block * BLOCK + offset
        into[:] = memoryview(self.cells)[at : at + len(into)]

    def writeblocks(self, block, data, offset=0):
        self.put(block * BLOCK + offset, bytes(data))

    def put(self, at, data):
        if self.log is not None:
            self.log.append((at, data))
        self.cells[at : at + len(data or bytes(BLOCK))] = data or b"\xff" * BLOCK

    def ioctl(self, operation, argument):
        if operation == 6:
            self.put(argument * BLOCK, None)
        return {4: BLOCKS, 5: BLOCK}.get(operation, 0)


class Board:
    """The part of hal that a list needs, files real, the clock by hand."""

    def __init__(self):
        self.ms = 0
        self.open_blob = open_blob
        self.rename = os.rename

    def ticks_ms(self):
        return self.ms

    def ticks_diff(self, later, earlier):
        return later - earlier

    def local_now(self):
        return (2026, 11, 22, 10, 0, 0)


class Unit:
    more = {"deny_list": PATH}
    authority, authority_sm2 = AUTHORITY.rsa, b""


class Parameters:
    deny, deny_list_version = {}, 0
    deny_growth_percent, deny_growth_least, deny_hits_percent = 25, 1000, 5


class NoRoom:
    """A journal without room: events are told and not noted."""

    def room(self):
        return 0


def started(board):
    made = DenyList(Unit, Parameters, board, lambda event: None)
    made.start(NoRoom(), None, lambda count: [])
    return made


def idle(board, listed, slices):
    for _ in range(slices):
        board.ms += 1000
        listed.idle()


def mounted(flash):
    return vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32)


def lay(path, data):
    """As whoever ships it should: written aside, renamed when it is whole."""
    with open(path + ".part", "wb") as file:
        for at in range(0, len(data), 300):
            file.write(data[at : at + 300])
    os.rename(path + ".part", path)


def swept(before, after, answers):
    """How often each (version, holds OLD, holds NEW) was found over all cuts.

    before: {path: file}; after: what is shipped as the next one; answers: those that may be.
    """
    flash = Flash()
    vfs.VfsLfs2.mkfs(flash, readsize=32, progsize=32, lookahead=32)
    vfs.mount(mounted(flash), PLACE)
    try:
        for path in before:
            lay(path, before[path])
        image = bytes(flash.cells)
        flash.log = []
        board = Board()
        listed = started(board)
        idle(board, listed, 20)
        lay(PATH + ".next", after)
        idle(board, listed, 60)
        assert found(listed) == answers[-1]
        listed._close()
        log, flash.log = flash.log, None
    finally:
        vfs.umount(PLACE)
    seen = {}
    for count in range(len(log) + 1):
        collect()
        told = after_cut(flash, image, log, count)
        assert told in answers, (count, told)
        seen[told] = seen.get(told, 0) + 1
    return seen


def after_cut(flash, image, log, count):
    """What is found when the power fails in operation `count`, half of which was done."""
    flash.cells[:] = image
    for at, data in log[:count]:
        flash.put(at, data)
    if count < len(log) and log[count][1]:
        at, data = log[count]
        flash.put(at, data[: len(data) // 2])
    vfs.mount(mounted(flash), PLACE)
    try:
        board = Board()
        listed = started(board)
        told = found(listed)
        idle(board, listed, 60)  # what is whole is taken now, what is not changes nothing
        later = found(listed)
        assert later[0] >= told[0] and listed.full
        listed._close()
    finally:
        vfs.umount(PLACE)
    return told


def found(listed):
    return (listed.version, listed.holds(OLD, 1), listed.holds(NEW, 1))


def full(pan, version):
    entries = [(pan, ALL, 1, "260301")]
    return signed_file(write(entries), signed.DENY_LIST, version)


def test_full_list_should_be_the_old_or_the_new_one_after_every_cut():
    """TD-020, MP-6: the rename is the switch."""
    if vfs is None:
        raise SkipTest("littlefs is MicroPython's")
    seen = swept({PATH: full(OLD, 1)}, full(NEW, 2), ((1, True, False), (2, False, True)))
    assert len(seen) == 2 and sum(seen.values()) > 15


def test_changes_should_be_there_or_not_after_every_cut():
    if vfs is None:
        raise SkipTest("littlefs is MicroPython's")
    entries = [(NEW, ALL, 1, ""), (OLD, FREED, 0, "")]
    delta = signed_file(write(entries, (), 1), signed.DENY_DELTA, 3)
    earlier = signed_file(write([(NEW, ALL, 1, "")], (), 1), signed.DENY_DELTA, 2)
    before = {PATH: full(OLD, 1), PATH + ".delta": earlier}
    seen = swept(before, delta, ((2, True, True), (3, False, True)))
    assert len(seen) == 2
