# SPDX-License-Identifier: Apache-2.0
"""Lift: a card frees the floors of its zone, by card number, no GPO, nothing ever debited.

A door (access.py) with an output for each floor: they are closed together for `pulse_ms`, and the
buttons of these floors work meanwhile. The event is durable before (TD-001, TD-022).

trade_data: version 1 (1), zone (1), a floor (1) each.

| setting | value |
|---|---|
| allow, lane, pulse_ms, passback_s | as of access.py; pulse_ms 5000 |
| floors | 1=3 2=3,4: zone of the list = floors, 1 to 99 |
| floor_pins | 3=OUTPUT 4=OUTPUT: output of each floor |
"""

from firmware.devices import options
from firmware.devices.access import Access, open_list
from firmware.errors import FormatError
from firmware.neighbours.relay import Relay

VERSION = b"\x01"
NOBODY = (0, ())
MOST_FLOORS = 60


class Floors:
    """The relays of all floors as the one of a door; relays: {floor: Relay}."""

    def __init__(self, relays):
        self.relays = relays
        self.chosen = ()  # floors that pulse() frees

    @property
    def fault(self):
        """The first output that is out of order, "" where none is."""
        for floor in sorted(self.relays):
            if self.relays[floor].fault:
                return "floor %d: %s" % (floor, self.relays[floor].fault)
        return ""

    def turn(self):
        """End pulses that are over."""
        for floor in sorted(self.relays):
            self.relays[floor].turn()

    def pulse(self):
        """Free the chosen floors; True when all of them are."""
        return all([self.relays[floor].pulse() for floor in self.chosen])

    def close(self):
        """Give the outputs back at rest."""
        for floor in sorted(self.relays):
            self.relays[floor].close()


class Lift(Access):
    """The reader in one car."""

    name = "lift"
    words = (
        Access.words
        + """access_granted|green|double|请选择楼层|Choose your floor|218
no_floor|red|no|无楼层权限|No floor for this card|219
"""
    ).replace("access_granted|green|double|请进|Door is open|120\n", "")

    def __init__(self, settings, parameters, allowed, relays, clock, floors):
        """relays: Floors; floors: {zone: tuple of floors}."""
        Access.__init__(self, settings, parameters, allowed, relays, clock)
        self.floors = floors
        self.judged = NOBODY  # (zone, floors) of the card asked about last: for its record

    def refuse(self, pan, psn):
        message = Access.refuse(self, pan, psn)
        self.judged = NOBODY
        if message != "access_granted":
            return message
        try:
            zone = self.allowed.zone_of(pan)
        except (OSError, FormatError):
            return "door_fault"
        self.judged = (zone, self.floors.get(zone, ()))
        return message if self.judged[1] else "no_floor"

    def onto(self, values):
        Access.onto(self, values)
        zone, floors = self.judged
        values["trade_data"] = VERSION + bytes((zone,) + floors) if floors else b""  # noqa: RUF005

    def after(self, sold):
        self.relay.chosen, self.judged = self.judged[1], NOBODY
        Access.after(self, sold)


def floors_of(text, known):
    """{zone: tuple of floors} of `1=3 2=3,4`; FormatError. known: floors that have an output."""
    found = {}
    for word in text.split():
        zone, _, rest = word.partition("=")
        number = options.number({"floors": zone}, "floors", 0, 1, 255)
        if number in found:
            raise FormatError("`floors`: zone %d stands twice" % number)
        floors = [options.number({"floors": one}, "floors", 0, 1, 99) for one in rest.split(",")]
        for floor in floors:
            if floor not in known:
                raise FormatError("`floors: %s`: floor %d has no output" % (word, floor))
        found[number] = tuple(sorted(set(floors)))
    return found


def make(settings, parameters, hal, clock, report):
    """Trade of a lift. FormatError for settings or a list that cannot be used."""
    pulse_ms = options.number(settings.more, "pulse_ms", 5000, 100, 10000)
    relays = {}
    for word in settings.more["floor_pins"].split():
        floor, _, where = word.partition("=")
        number = options.number({"floor_pins": floor}, "floor_pins", 0, 1, 99)
        if not where or number in relays or len(relays) >= MOST_FLOORS:
            raise FormatError("`floor_pins: %s`: FLOOR=OUTPUT, each floor once" % word)
        relays[number] = Relay(lambda where=where: hal.open_output(where), pulse_ms, clock)
    floors = floors_of(settings.more["floors"], relays)
    allowed = open_list(settings, hal)
    return Lift(settings, parameters, allowed, Floors(relays), clock, floors)
