# SPDX-License-Identifier: Apache-2.0
"""The store of entries at the other end of a serial line, and who keeps it for that other lane.

A driver at the entry waits until the exit lane has the entry on its flash: some tens of
milliseconds, or as long as a tap over there takes. Is the line lost, the entry lane is closed.
"""

from firmware.devices.lane_store import (
    BODY,
    ENTER,
    KEY,
    RELEASE,
    TOLD,
    WIDE,
    pack_entry,
    unpack_entry,
)


class FarStore:
    """What lane_store.py says, over neighbours.line.Neighbour(opener, LaneLine(), clock)."""

    linked = True  # nobody leaves here

    def __init__(self, neighbour):
        self.neighbour = neighbour
        self.line = neighbour.protocol

    @property
    def fault(self):
        return "store_lost" if self.line.silent else ""

    def find(self, key):
        return None

    def enter(self, entry):
        if self.line.put(pack_entry(ENTER, entry)):
            self.neighbour.flush()

    def leave(self, key):
        pass

    def turn(self):
        verdicts = []
        for said in self.neighbour.turn():
            if said[0] == "verdict":
                verdicts.append((unpack_entry(said[1]), said[2]))
        return verdicts

    def close(self):
        self.neighbour.close()


class LaneTwin:
    """The exit lane's end of that line: what the store there is asked to keep."""

    def __init__(self, neighbour):
        self.neighbour = neighbour
        self.line = neighbour.protocol

    @property
    def silent(self):
        return self.line.silent

    def turn(self):
        """[("put", body, Entry)] since the last turn."""
        return [
            ("put", said[1], unpack_entry(said[1]))
            for said in self.neighbour.turn()
            if said[0] == "put" and len(said[1]) == BODY and said[1][0] == ENTER
        ]

    def row(self, body):
        self.line.row(body)
        self.neighbour.flush()

    def answer(self, body, verdict):
        self.line.answer(body, verdict)
        self.neighbour.flush()

    def close(self):
        self.neighbour.close()


class PayTwin(LaneTwin):
    """The line to a pay station: what it asks, and what became of it."""

    def turn(self):
        """[(word, body)] since the last turn: "ask" key and number, "told", "released"."""
        return [
            (WORDS[shape], said[1])
            for said, shape in [(one, _shape(one)) for one in self.neighbour.turn()]
            if shape in WORDS
        ]


WORDS = {
    ("ask", KEY + 1, 0): "ask",
    ("put", WIDE, TOLD): "told",
    ("put", BODY, RELEASE): "released",
}


def _shape(said):
    """(kind of event, bytes of its body, op of what is put)."""
    put = said[0] == "put" and said[1]
    return said[0], len(said[1]), said[1][0] if put else 0


def line_to(name, hal, clock):
    """Neighbour at the other end of serial:PATH."""
    from firmware.neighbours.lane_line import LaneLine  # for units with a second lane
    from firmware.neighbours.line import Neighbour  # likewise

    path = name.partition(":")[2]
    return Neighbour(lambda: hal.open_serial(path, 115200), LaneLine(), clock)
