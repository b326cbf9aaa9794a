# SPDX-License-Identifier: Apache-2.0
"""A board in miniature that is updated: boot record, two slots and a journal in one simulated
flash, small files beside it, and one switch for the power of all.

    board = Board()                  release 7 runs from slot a, three records wait in the journal
    live(board, release, good)       starts, fetches, tries until nothing more is to be done
"""

import hashlib

from firmware.boot import record, slots
from firmware.boot.raw_slots import RawSlots
from firmware.boot.record import A, B
from firmware.boot.trial import Trial
from firmware.boot.update import LOOK_MS, Update
from firmware.download import Downloads
from firmware.formats import signed, status
from firmware.journal import open_journal
from sim.flash import Flash
from tests.deny_lists import AUTHORITY
from tests.hand_clock import HandClock
from tests.part_files import WAYS, Files
from tests.release_files import signed_release, unsigned_release

PATH = "release"
REGIONS = (("boot", 0, 2), ("a", 2, 3), ("b", 5, 3), ("journal", 8, 9))
BLOCKS = 17
FACTORY_NUMBER = 3
RECORDS = (b"first", b"second" * 30, b"third")
PIECE = 2048
OLD = signed_release(7, b"\xd2\xcd\x31" + bytes(5000))
BEFORE = unsigned_release(6)  # what slot b holds: once good here, started if a is damaged


class Region:
    """Some blocks of a flash as a block device."""

    def __init__(self, flash, first, count):
        self.flash, self.first, self.count = flash, first, count

    def readblocks(self, block, buf, offset=0):
        assert 0 <= block < self.count
        self.flash.readblocks(self.first + block, buf, offset)

    def writeblocks(self, block, buf, offset=None):
        assert 0 <= block < self.count
        self.flash.writeblocks(self.first + block, buf, offset)

    def ioctl(self, op, arg):
        if op == 4:
            return self.count
        if op == 6:
            assert 0 <= arg < self.count
            arg += self.first
        return self.flash.ioctl(op, arg)


class Disk(Files):
    """Files whose power is the flash's: each write is one of its operations."""

    def __init__(self, flash, way):
        Files.__init__(self, {}, None, way)
        self.flash = flash

    def _dies(self):
        self.flash.ioctl(4, 0)  # PowerCut where there is none
        self.writes += 1
        dies = self.flash.operations == self.flash.cut_at
        self.flash.operations += 1
        self.flash.dead = dies
        return dies

    def write_at(self, path, at, data):
        try:
            Files.write_at(self, path, at, data)
        finally:
            self.flash.ioctl(4, 0)

    def rename(self, old, new):
        try:
            Files.rename(self, old, new)
        finally:
            self.flash.ioctl(4, 0)


class Board:
    """What lasts over a start, and the events of all of them."""

    def __init__(self, way=WAYS[0], like=None):
        """like: another board whose flash this one begins with."""
        self.flash = Flash(BLOCKS)
        self.disk = Disk(self.flash, way)
        self.region = {name: Region(self.flash, *where) for name, *where in REGIONS}
        self.events = []
        self.starts = []
        if like:
            self.flash.take(like.flash)
        else:
            self.fill()

    def fill(self):
        journal = open_journal(self.region["journal"])
        for one in RECORDS:
            journal.append(one)
        one = self.record()
        values = record.BLANK
        for slot, name, number, data in ((B, "b", 6, BEFORE), (A, "a", 7, OLD)):
            for at in range(0, len(data), 4096):
                self.region[name].writeblocks(at // 4096, data[at : at + 4096], 0)
            digest = signed.read_head(self.places(one).blob(slot), (signed.FIRMWARE,)).digest
            values = slots.good(slots.stage(values, slot, number, len(data), digest))
        assert one.save(values)

    def record(self):
        return record.BootRecord(record.InBlocks(self.region["boot"]))

    def places(self, one):
        devices = {A: self.region["a"], B: self.region["b"]}
        return RawSlots(self.disk, one, devices, PATH, 4096)

    def records(self):
        """What waits in the journal."""
        return [data for _, data in open_journal(self.region["journal"]).unsent(9999, 9)]

    def start(self):
        """(BootRecord, places) of one start, as the loader makes them; what runs is whole."""
        one = self.record()
        places = self.places(one)
        start = slots.begin(one.values, 1, places.is_whole, FACTORY_NUMBER)
        assert one.save(start.values) and not start.safe
        number = slots.running(start.values)
        assert start.slot == slots.running_slot(start.values)
        if start.slot:
            head = signed.read_head(places.blob(start.slot), (signed.FIRMWARE,))
            signed.hashed(places.blob(start.slot), head).finish()
            assert head.number == number
        self.starts.append(number)
        return one, places


class Run:
    """One run of the program behind a start: offers are followed, what came is judged."""

    def __init__(self, board, one, places, offered, authority=AUTHORITY, board_word="pico"):
        """`waits`: whether records are still to be sent."""
        self.waits = False
        self.board, self.one, self.offered = board, one, offered
        self.clock = HandClock()
        self.update = Update(
            one, places, board_word, authority, self.clock, board.events.append,
            FACTORY_NUMBER, lambda: self.waits,
        )  # fmt: skip
        place = [(status.PROGRAM, PATH, PATH + ".next")]
        self.downloads = Downloads(
            place, lambda kind: self.update.newest(), places.store, self.clock,
            board.events.append, PIECE,
        )  # fmt: skip

    def fetch(self, pieces=999):
        """Follow the offer as far as it goes."""
        number, data = self.offered
        digest = hashlib.sha256(data).digest()
        self.downloads.standing([(status.PROGRAM, number, len(data), digest)])
        for _ in range(pieces):
            while self.downloads.turn():
                pass
            asked = self.downloads.ask()
            if not asked:
                return
            self.downloads.piece(asked[0], asked[1], asked[2], data[asked[2] :][: asked[3]])

    def judge(self):
        """True when the terminal should start anew."""
        for _ in range(4):
            self.clock.ms += LOOK_MS
            if self.update.due():
                return True
            while self.update.steps:
                self.update.due()
        return False


def live(board, offered, comes_good, starts=9):
    """Start, fetch, try, until a start finds nothing more to do. PowerCut."""
    for _ in range(starts):
        one, places = board.start()
        run = Run(board, one, places, offered)
        if one.values["trial"]:
            if comes_good:
                trial = Trial(one, run.clock)
                trial.mark(selftest_passed=True, tapped=True)
                assert trial.turn()
            else:
                continue  # it stops in its start
        run.fetch()
        if not run.judge():
            return one.values
    raise AssertionError("%r" % board.starts)
