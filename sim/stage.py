# SPDX-License-Identifier: Apache-2.0
"""The root of a stage: the real terminal at simulated time, in lock step with sim/world.py.

    python -m sim.stage SETTINGS SEED        (CPython and MicroPython)

Assembly, loop, kernel, journal and device are those of firmware.main. What lies behind hal is the
world's: reader, clock, serial lines, pins and the moment a write is durable. Each call is one line
to standard output and one line back, and only those lines let time pass: the terminal computes in
no time at all. Not on the stage: the driver of the PN532 and the drivers of hal.

    ?NAME ARGUMENTS        a call; lines that begin with { are events, as of firmware.main
    NOW_US UTC_S READY ..  the answer: simulated time, wall clock, bits of the lines that have
                           something to read and of inputs that are active, and what was asked
                           for; "!TEXT" is a LinkLost
"""

import hashlib
import sys
import time

from firmware import hal, main
from firmware.errors import FormatError, JournalFull, LinkLost
from firmware.hal.fileflash import open_file_flash

try:
    from micropython import mem_info
except ImportError:  # CPython
    mem_info = None

OVER_BIT = 40  # of READY: the day is over
LINK_BAUD = 1000000  # what a mobile network gives
LOCAL_S = 8 * 3600  # China has one time zone and no summer time


class World:
    """The other end of the two pipes."""

    def __init__(self):
        self.now_us = 0
        self.utc_s = 0
        self.ready = 0
        self.asked = 0  # calls so far

    def ask(self, call):
        """What the world answers to a call. LinkLost when it says that something is gone."""
        hal.write_line("?" + call)
        self.asked += 1
        words = sys.stdin.readline().strip("\n").split(" ", 3)
        if len(words) != 4:
            sys.exit(5)  # the world has ended
        self.now_us, self.utc_s, self.ready = [int(one) for one in words[:3]]
        if words[3][:1] == "!":
            raise LinkLost(words[3][1:])
        return words[3]


class StageCard:
    """A card in the world's field."""

    def __init__(self, world, number, told):
        self.world = world
        self.number = number
        self.look_us = 0
        self.kind, uid, ats = told.split(":")
        self.uid = bytes.fromhex(uid)
        self.ats = bytes.fromhex(ats)
        self.sel_res = 0x20

    def exchange(self, command, spare=None):
        """R-APDU of a C-APDU. Background work is done while the card computes: all of it."""
        while spare and spare():
            pass
        return bytes.fromhex(self.world.ask("apdu %d %s" % (self.number, command.hex())))


class StageReader:
    """What a HealingReader is to a terminal."""

    def __init__(self, world):
        self.world = world

    def find(self, timeout_ms):
        began_us = self.world.now_us
        told = self.world.ask("find %d" % timeout_ms).split()
        cards = [StageCard(self.world, number, one) for number, one in enumerate(told)]
        for card in cards:  # a look is 20 ms; how long the field had been empty is no part of it
            card.look_us = max(began_us, self.world.now_us - 20000)
        return cards

    def power(self, on):
        self.world.ask("power %d" % on)

    def reset_field(self):
        self.world.ask("reset")

    def recover(self):
        return self.world.ask("recover") == "yes"


class StageStream:
    """A byte stream; the world tells with every answer which of them have something to read."""

    reset = None

    def __init__(self, world, handle):
        self.world = world
        self.handle = handle

    def read(self, count, timeout_ms):
        if not timeout_ms and not self.world.ready >> self.handle & 1:
            return b""
        return bytes.fromhex(self.world.ask("read %d %d %d" % (self.handle, count, timeout_ms)))

    def write(self, data):
        self.world.ask("write %d %s" % (self.handle, bytes(data).hex()))

    def speed(self, baud):
        return True

    def close(self):
        self.world.ask("close %d" % self.handle)


class StagePin:
    """One output or input by its name; levels of inputs come with every answer."""

    def __init__(self, world, name, bit=0):
        self.world = world
        self.name = name
        self.bit = bit

    def set(self, level):
        self.world.ask("set %s %d" % (self.name, 1 if level else 0))

    def get(self):
        return self.world.ready >> self.bit & 1

    def close(self):
        pass


class StageHal:
    """The contract of firmware/hal, with the world behind it."""

    def __init__(self, world, seed):
        self.world = world
        self.seed = seed
        self.drawn = 0
        self.open_blob = hal.open_blob
        self.read_text = hal.read_text
        self.rename = hal.rename
        self.write_at = hal.write_at
        self.reset_cause = hal.reset_cause
        self.unload = hal.unload
        self.write_line = hal.write_line
        self.collect = hal.collect
        self.sweep = hal.sweep
        self.heap = hal.heap
        self.restart = hal.restart

    def ticks_ms(self):
        return self.world.now_us // 1000

    def ticks_us(self):
        return self.world.now_us

    def ticks_diff(self, later, earlier):
        return later - earlier

    def time_utc_s(self):
        return self.world.utc_s

    def local_now(self):
        return tuple(time.gmtime(self.world.utc_s + LOCAL_S))[:6]

    def random_bytes(self, count):
        """Of a seed: the same in every run, others after each start."""
        drawn = b""
        while len(drawn) < count:
            self.drawn += 1
            drawn += hashlib.sha256(("%s %d" % (self.seed, self.drawn)).encode()).digest()
        return drawn[:count]

    def on_stop(self, stop):
        pass

    def open_reader(self, where):
        return StageReader(self.world)

    def open_serial(self, where, baud, ring=0):
        return StageStream(self.world, int(self.world.ask("open %s %d" % (where, baud))))

    def connect(self, host, port, timeout_ms):
        return StageStream(self.world, int(self.world.ask("open link %d" % LINK_BAUD)))

    def open_output(self, where):
        pin = StagePin(self.world, where)
        pin.set(0)
        return pin

    def open_input(self, where):
        return StagePin(self.world, where, int(self.world.ask("input %s" % where)))

    def open_flash(self, path, block_count, block_size=4096):
        return open_file_flash(path, block_count, block_size, self._durable, _nothing)

    def _durable(self, file):
        """The file is as good as on the disk: what is cut is this process, not the machine."""
        file.flush()
        self.world.ask("sync")


def _nothing(path):
    pass


def play(terminal, world):
    """Turns until the world says that the day is over."""
    main.tidy()
    while not terminal.closed:
        asked = world.asked
        if terminal.turn():
            main.tidy()
        if world.asked == asked:  # nothing was asked in it: let time pass
            world.ask("turn")
        if world.ready >> OVER_BIT & 1:
            terminal.stop()
    if mem_info:  # for `faretap heap`: the largest piece that is free at the end
        main.tidy()
        mem_info()


def run(settings_path, seed):
    """Exit status as of firmware.main."""
    world = World()
    try:
        world.ask("begin")
        terminal, _ = main.start(settings_path, StageHal(world, seed), main.report)
    except (FormatError, JournalFull, LinkLost, OSError, ValueError) as wrong:
        main.report({"event": "stopped", "text": str(wrong)})
        sys.exit(2)
    try:
        play(terminal, world)
    except (JournalFull, OSError) as failed:
        terminal.show("storage_fault")
        main.report({"event": "stopped", "text": "storage: %s" % failed})
        sys.exit(3)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2])
