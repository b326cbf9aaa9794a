# SPDX-License-Identifier: Apache-2.0
"""The other lane of a car park at the wire: its real line and store, without a terminal around.

Both are machines of world_lines.py. What they say and keep is the firmware's own code
(devices/far_store.py, devices/lane_store.py, neighbours/lane_line.py).
"""

from firmware.devices.far_store import FarStore, LaneTwin, PayTwin
from firmware.devices.lane_store import TOLD, WIDE, LaneStore
from firmware.neighbours.lane_line import PUT, STX, LaneLine

STEP_MS = 50
ANSWER_MS = 2000
TOLD_FRAME = bytes((STX, WIDE, PUT, TOLD))  # as the news of a payment begins


class LaneEnd:
    """One end of the line; also the Neighbour that the store behind it asks."""

    def __init__(self):
        self.protocol = LaneLine()
        self.told = []

    def feed(self, data, now_ms):
        """From the terminal."""
        self.told += self.protocol.feed(data, now_ms)

    def outgoing(self, now_ms):
        """To the terminal."""
        self.feed(b"", now_ms)
        return self.protocol.outgoing(now_ms)

    def turn(self):
        """Events since the last turn."""
        told, self.told = self.told, []
        return told

    def flush(self):
        """The stage asks for outgoing() by itself."""


class EntryLane(LaneEnd):
    """The entry lane beside an exit under test."""

    def __init__(self):
        super().__init__()
        self.store = FarStore(self)

    def enter(self, entry, world):
        """Generator: what becomes of an entry, a word of lane_line.VERDICTS or "store_lost"."""
        self.feed(b"", world.now_ms)
        if self.store.fault:
            return self.store.fault
        self.store.enter(entry)
        while True:
            yield STEP_MS
            self.feed(b"", world.now_ms)  # a line that is cut tells nothing, time goes on
            for one, verdict in self.store.turn():
                if one == entry:
                    return verdict


class ExitLane(LaneEnd):
    """The exit lane beside an entry under test; `storage`: block device of its store."""

    def __init__(self, storage):
        super().__init__()
        self.store = LaneStore(storage, twin=LaneTwin(self))

    def outgoing(self, now_ms):
        """What came is judged and written first, as in each turn of its loop."""
        self.store.turn()
        return super().outgoing(now_ms)


class PayPeer(LaneEnd):
    """A pay station beside an exit under test: real line, and nobody's money but what is told."""

    NUMBER = 9

    def ask(self, key, world):
        """Generator: the row of the store that the exit lane answers with, b"" for none."""
        self.turn()
        self.protocol.ask(key + bytes((self.NUMBER,)))
        for _ in range(ANSWER_MS // STEP_MS):
            yield STEP_MS
            self.feed(b"", world.now_ms)
            for said in self.turn():
                if said[0] == "row" and said[1].startswith(key):
                    return said[1][len(key) :]
        return b""

    def tell(self, body, world):
        """Generator: say it until it is answered; the verdict."""
        while True:
            self.protocol.put(body)
            told = False
            while not told:
                yield STEP_MS
                self.feed(b"", world.now_ms)
                for said in self.turn():
                    if said[0] == "verdict" and said[1] == body:
                        told = True
                        if said[2] != "lost":
                            return said[2]


class Wire:
    """A line between two ends that are both played; `cut`: nothing comes through."""

    def __init__(self, one, other):
        self.one, self.other, self.cut = one, other, False

    def pump(self, now_ms):
        """Let both speak; what was said into a line that is cut is lost."""
        there, back = self.one.outgoing(now_ms), self.other.outgoing(now_ms)
        if not self.cut:
            self.other.feed(there, now_ms)
            self.one.feed(back, now_ms)


class SharedStore:
    """The exit lane's store with all its lines: ends for entry lane, this and another pay station.

    `station` is at the terminal's line; its on_told() is called when that begins to tell of a
    payment, whose bytes are lost where it answers True.
    """

    def __init__(self, storage):
        self.entry, self.other = StoreEnd(self), StoreEnd(self)
        self.station = StoreEnd(self)
        self.store = LaneStore(
            storage, twin=LaneTwin(self.entry), pays=[PayTwin(self.station), PayTwin(self.other)]
        )


class StoreEnd(LaneEnd):
    """One of its lines."""

    def __init__(self, lot):
        super().__init__()
        self.lot = lot
        self.on_told = None

    def feed(self, data, now_ms):
        if self.on_told and TOLD_FRAME in data and self.on_told():
            return
        super().feed(data, now_ms)

    def outgoing(self, now_ms):
        """What came is judged and written first, as in each turn of its loop."""
        super().feed(b"", now_ms)
        self.lot.store.turn()
        return self.protocol.outgoing(now_ms)
