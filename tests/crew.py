# SPDX-License-Identifier: Apache-2.0
"""A bus with its crew on the test stand: console, announcer and second reader at the wire."""

from firmware.devices import bus
from firmware.errors import LinkLost
from firmware.neighbours import announcer
from tests.forget import forget
from tests.small_card import SmallCard
from tests.stand import Stand

# Of the bus alone: loaded anew for each Crew, as a board has read its texts before they come.
OWN = (
    "firmware.devices.bus_crew", "firmware.devices.bus_console", "firmware.devices.bus_prices",
    "firmware.devices.bus_trip", "firmware.devices.bus_words", "firmware.devices.options",
    "firmware.devices.shift", "firmware.devices.riders", "firmware.neighbours.console",
    "firmware.neighbours.twin", "firmware.fares.cutover", "firmware.fares.engine",
    "firmware.fares.base", "firmware.fares.discounts", "firmware.fares.stay",
    "firmware.fares.table", "firmware.fares.trip",
)  # fmt: skip


class Wire:
    """Both ends of a line: `heard` is what the device will read, `said` what it has written."""

    def __init__(self):
        self.heard, self.said, self.is_gone = b"", b"", False

    def read(self, count, timeout_ms):
        if self.is_gone:
            raise LinkLost("unplugged")
        data, self.heard = self.heard[:count], self.heard[count:]
        return data

    def write(self, data):
        if self.is_gone:
            raise LinkLost("unplugged")
        self.said += data

    def close(self):
        pass


class Blob:
    """A file in memory."""

    def __init__(self, data):
        self.data, self.size = data, len(data)

    def read(self, at, count):
        return self.data[at : at + count]


class Crew:
    """A bus on a stand. more: settings of the trade; table: bytes of its fare table."""

    def __init__(self, extra="", table=b"", **more):
        self.wires, self.table, self.more = {}, table, more
        self.trade = None
        forget(OWN)
        self.stand = Stand(extra, self._make)

    def _make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        self.trade = bus.make(settings, parameters, self, clock, report)
        return self.trade

    def open_serial(self, path, baud):
        """Of hal."""
        wire = self.wires.setdefault(path, Wire())
        if wire.is_gone:
            raise LinkLost("unplugged")
        return wire

    def open_blob(self, path):
        """Of hal."""
        if not self.table:
            raise OSError("no such file")
        return Blob(self.table)

    def key(self, text):
        """Lines the driver's console answers to a line that he types; notes left out."""
        wire = self.wires.setdefault("console", Wire())
        wire.heard += text.encode() + b"\r"
        return [line for line in self.read(12) if not line.startswith("note")]

    def read(self, turns=1):
        """Lines of the console."""
        wire = self.wires.setdefault("console", Wire())
        wire.said = b""
        for _ in range(turns):
            self.stand.terminal.turn()
        return wire.said.decode().replace("\r", "").split("\n")[:-1]

    def announce(self, kind, line, direction, stop):
        """The announcer says where the bus is; what the driver's console says to it."""
        wire = self.wires.setdefault("announcer", Wire())
        wire.heard += announcer.pack(kind, line, direction, stop)
        return self.read()

    def tap(self, number=1, pan=""):
        """Message of a tap, None where no card is looked for."""
        event = self.stand.tap(SmallCard(pan or "62280001%06d" % number))
        return event and event["message"]

    def last(self):
        """The last record."""
        return self.stand.records()[-1][1]


def a_crew(extra="same_card_s: 60\n", **more):
    """A Crew with a console, nobody signed on."""
    return Crew(extra, console="serial:console", **more)
