# SPDX-License-Identifier: Apache-2.0
"""The booth of a toll lane: barrier, vehicle loop behind it, class of the vehicle in front.

It stands where a lane expects its relay, and sees each opening. The loop says that a vehicle has
gone through: the card that opened for it opens for no second one within the grace of a re-tap, and
a vehicle that nobody let through is an event, `run_through`. The class is the collector's key, for
one vehicle, or the lane's own (`vehicle_class`: a lane for one class, or the treadle's controller
typing on the same line).

| setting | value |
|---|---|
| vehicle_class | 1..255: class of every vehicle that no other was keyed for; without it, with |
| | a console, no card is looked for until one is keyed; without both there are no classes |
| console | serial:PATH of the collector's keys: a digit, or `class 2`; `open` lets one through |
| loop | input that is active while a vehicle stands behind the barrier, optional |
"""

from firmware.devices import options, window
from firmware.devices.keys import note
from firmware.devices.panel import yuan
from firmware.devices.trade import Offer
from firmware.errors import LinkLost

COMMANDS = """
=|CLASS:1..255|class of the vehicle in the lane
class|CLASS:1..255|class of the vehicle in the lane
open||let a vehicle through by hand
"""
REOPEN_MS = 1000
SAME_MS = 2000  # the loop between a lorry and its trailer
MOST_GONE = 16
GRACE_S = 300  # longest that any lane lets a card open again


class Booth:
    """What hal opens comes in: relay: Relay; console: Neighbour with Console(COMMANDS), None
    without a collector; loop() -> input, None where there is none.
    """

    def __init__(self, relay, clock, usual_class, console=None, loop=None):
        self.relay, self.clock, self.console, self.opener = relay, clock, console, loop
        self.usual_class = usual_class
        self.keyed = 0
        self.house = self.input = None
        self.level, self.since = 0, None  # of the loop; ticks of its last change
        self.pan = ""  # whose verdict the next opening is
        self.opened = None  # whom the barrier stands open for: a number, "" by hand
        self.fresh = ""  # who has gone since somebody asked last
        self.gone = []  # (number, window) of those who have driven off, oldest first

    @property
    def fault(self):
        return self.relay.fault

    @property
    def vehicle_class(self):
        """Class of the vehicle in front, 0 where nobody says it."""
        return self.keyed or self.usual_class

    def attach(self, house):
        """The terminal is there."""
        self.house = house

    def offer(self, said):
        """The Offer of the lane, or why it waits."""
        if said.sells and self.console and not self.vehicle_class:
            return Offer("class_wanted", None, False)
        return said

    def serves(self, sold):
        """A card is done with; the next opening is for it. The collector is told."""
        self.pan = sold.pan
        if self.console:
            self.console.protocol.note("%s %s" % (sold.message, yuan(sold.amount_fen)))
            self.console.flush()

    def has_gone(self, pan):
        """True for a card whose vehicle has driven off a moment ago."""
        return any(
            one == pan and window.left_ms(self.clock, since) > 0 for one, since in self.gone
        )

    def pulse(self):
        """Open; True when that was done."""
        done = self.relay.pulse()
        if done:
            self.opened = self.pan
            if self.input is None:  # else the class is this vehicle's until it has gone
                self.keyed = 0
        return done

    def turn(self):
        """What barrier, collector and loop have done since the last turn; never waits."""
        self.relay.turn()
        for command in self.console.turn() if self.console else ():
            fault = self._obey(command.name, command.values)
            if fault:
                self.console.protocol.error(fault)
            else:
                self.console.protocol.ok("class %d" % self.vehicle_class)
        if self.opener:
            self._look()

    def close(self):
        self.relay.close()
        if self.console:
            self.console.close()
        if self.input:
            self.input.close()

    def _obey(self, name, values):
        """What to do, "" when it was carried out."""
        if self.house.busy():
            return "a card is there: wait until it is taken away"
        if name != "open":
            self.keyed = values[0]
            return ""
        if self.house.journal.room() <= 1:
            return "the storage is full"
        note(self.house.journal, self.house.stamp, "opened_by_hand")
        self.pan = ""
        return "" if self.pulse() else "the barrier is out of order"

    def _look(self):
        """At the loop; one that is gone is looked for again once a second."""
        now_ms = self.clock.ticks_ms()
        still_ms = None if self.since is None else self.clock.ticks_diff(now_ms, self.since)
        if self.input is None and still_ms is not None and still_ms < REOPEN_MS:
            return
        try:
            self.input = self.input or self.opener()
            level = self.input.get()
        except (LinkLost, OSError):
            self.input, self.level, self.since = None, 0, now_ms
            return
        if level == self.level:
            return
        self.level, self.since = level, now_ms
        if not level:
            self._drove_off()
        elif self.opened is None and (still_ms is None or still_ms > SAME_MS):
            note(self.house.journal, self.house.stamp, "run_through")

    def _drove_off(self):
        pan, self.opened, self.keyed = self.opened, None, 0
        if pan:
            since = window.opened(self.clock, GRACE_S)
            self.gone = self.gone[1 - MOST_GONE :] + [(pan, since)]
            self.fresh = pan


def open_booth(settings, hal, clock):
    """Booth of the settings. FormatError."""
    from firmware.devices.access import open_relay  # when a unit is put together

    more, console = settings.more, None
    if "console" in more:
        from firmware.devices.keypad import open_console  # for lanes with a collector

        console = open_console(settings, hal, clock, COMMANDS)
    usual = options.number(more, "vehicle_class", 0, 0, 255)
    loop = (lambda: hal.open_input(more["loop"])) if "loop" in more else None
    return Booth(open_relay(settings, hal, clock), clock, usual, console, loop)
