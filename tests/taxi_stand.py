# SPDX-License-Identifier: Apache-2.0
"""A taxi on a test stand: the real device, link and kernel; the meter is frames that a test says.

taxi = TaxiStand()
taxi.sign_in()
taxi.trip(12, 80)            # E8: 8.0 yuan
taxi.stand.tap(SmallCard())
taxi.answers()               # [(command, data)] that the meter got
"""

from firmware.devices.taxi import Taxi
from firmware.neighbours import jtt905, meter_jtt905
from tests.stand import Stand

CERTIFICATE = b"TEST00000000000047\0"


def body(number, jiao, on="2611221941"):
    """An E8 body."""
    values = {
        "plate": b"AA3333",
        "licence": bytes(16),
        "driver": CERTIFICATE,
        "on": on,
        "off": "1959",
        "distance_hm": "000031",
        "empty_hm": "0007",
        "surcharge_jiao": "000010",
        "waiting": "0002",
        "amount_jiao": "%06d" % jiao,
        "trip": number,
        "pay_type": jtt905.CASH,
    }
    return jtt905.pack(jtt905.TRIP, values)


class Wire:
    """What a Neighbour is, without a line: bytes in lists."""

    def __init__(self, link, clock):
        self.link = link
        self.clock = clock
        self.said = b""
        self.heard = b""

    def turn(self):
        said, self.said = self.said, b""
        events = self.link.feed(said, self.clock.ms)
        self.flush()
        return events

    def flush(self):
        self.heard += self.link.outgoing(self.clock.ms)

    def close(self):
        pass


class TaxiStand:
    """stand: tests/stand.py; taxi, wire: of the last start."""

    def __init__(self, extra="", kind="jtt905"):
        self.kind = kind
        self.stand = Stand(extra, self._make)

    def fresh(self):
        """An empty journal and a terminal that was just switched on; a driver signs in."""
        flash = self.stand.flash
        self.stand.reader.field = []
        flash.restart()
        for block in range(flash.block_count):
            flash.ioctl(6, block)
        self.stand.restart()
        self.sign_in()
        return self

    def _make(self, settings, parameters, clock, report):
        link = meter_jtt905.make(self.kind)
        self.wire = Wire(link, clock)
        self.taxi = Taxi(settings, parameters, link, self.wire, report)
        return self.taxi

    def say(self, command, data=b""):
        """A frame of the meter, and a turn of the terminal for it."""
        self.wire.said += jtt905.encode(command, data, kind=jtt905.METER)
        self.stand.terminal.turn()

    def beat(self, state=2):
        """A heartbeat: 2 signed in, 3 hired too."""
        self.say(jtt905.HEARTBEAT, bytes((state,)) + bytes(16) + CERTIFICATE)

    def sign_in(self):
        """A driver begins at the meter."""
        self.beat(0)
        self.say(jtt905.OPEN)
        self.say(jtt905.OPENED)
        self.answers()

    def trip(self, number, jiao, on="2611221941"):
        """A trip ends."""
        self.say(jtt905.TRIP_END, body(number, jiao, on))

    def answers(self):
        """[(command, data)] since the last call, without the answers to heartbeats and queries."""
        sent = jtt905.FrameReader().feed(self.wire.heard, 0)
        self.wire.heard = b""
        dull = (jtt905.HEARTBEAT, jtt905.STATUS, jtt905.TARIFF)
        return [(one.command, one.data) for one in sent if one.command not in dull]

    def restart(self):
        """Power cut; the meter is heard of again."""
        self.stand.restart()
        self.beat()

    def state(self):
        """State of the trip at hand, "" without one."""
        return self.taxi.trips.state if self.taxi.trips.current else ""

    def notes(self):
        """Reasons and kinds of the journal: `approved`, or the reason of an event."""
        return [v["reason"] if k == "event" else k for k, v in self.stand.records()]

    def receipts(self):
        """Lines of the receipts since the last tap, one text each."""
        return ["\n".join(e["lines"]) for e in self.stand.events if e["event"] == "receipt"]
