# SPDX-License-Identifier: Apache-2.0
"""The attendant's keys at the exit of a car park (`console: serial:PATH`): lost entries.

What is keyed counts for the next card that pays, and lapses after `KEYED_S`. Records name who was
signed on (`driver`), the rule `lost` or `keyed`, and in `reference` the moment that was agreed on
(YYMMDDHHMM). A number plate is read nowhere: whose car it is, is between driver and attendant.
"""

from firmware.devices import window
from firmware.devices.keypad import shift_key
from firmware.devices.panel import yuan
from firmware.devices.shift import Shift
from firmware.fares import calendar

COMMANDS = """
lost||the next card pays the price of a lost entry
entry|HHMM:0..2359|the next card pays for a stay since then, at most a day ago
cancel||the next card pays as ever
on|ATTENDANT:1..999999|sign on
off||sign off, with the report
report||the shift so far
"""
KEYED_S = 120
LOST, KEYED = "lost", "keyed"


class Attendant:
    """`keyed`: (rule, moment or None) for the next card, None: it pays as ever."""

    def __init__(self, line, clock):
        """line: Neighbour with Console(COMMANDS)."""
        self.line, self.clock, self.house = line, clock, None
        self.shift = Shift()
        self.set, self.since = None, (0, 0)

    @property
    def keyed(self):
        return self.set if window.left_ms(self.clock, self.since) > 0 else None

    def attach(self, house):
        self.house = house
        self.shift.attach(house)

    def turn(self):
        self.shift.turn()
        for command in self.line.turn():
            fault, lines = self._obey(command.name, command.values)
            if fault:
                self.line.protocol.error(fault)
            else:
                self.line.protocol.ok(self._asks(), lines)

    def after(self, sold, paid):
        """A tap is over; paid: what was keyed is done with."""
        self.shift.after(sold)
        self.line.protocol.note("%s %s" % (sold.message, yuan(sold.amount_fen)))
        self.line.flush()
        if paid:
            self.set = None

    def close(self):
        self.line.close()

    def _asks(self):
        if not self.keyed:
            return ""
        rule, moment = self.keyed
        return "next card: %s" % (rule if moment is None else "entry %02d:%02d" % moment[3:5])

    def _obey(self, name, values):
        """("", lines to show) or (what to do, ())."""
        said = shift_key(self.shift, self.house.busy(), name, values, "ATTENDANT")
        return said or (self._key(name, values), ())

    def _key(self, name, values):
        """What to do, "" when it is keyed."""
        keyed = None
        if name == LOST:
            keyed = (LOST, None)
        elif name == "entry":
            moment = moment_of(values[0], self.clock.local_now())
            if moment is None:
                return "a time is HHMM: entry 0915"
            keyed = (KEYED, moment)
        self.set, self.since = keyed, window.opened(self.clock, KEYED_S)
        return ""


def moment_of(hhmm, now):
    """The last local moment of that time before `now`; None where it is no time."""
    at = calendar.moment(now)
    if hhmm % 100 > 59 or at is None:
        return None
    back = hhmm > now[3] * 100 + now[4]
    year, month, day = calendar.date_of(at[0] - 1 if back else at[0])
    return year, month, day, hhmm // 100, hhmm % 100, 0


def reference_of(moment):
    """YYMMDDHHMM as a number."""
    return (((moment[0] % 100 * 100 + moment[1]) * 100 + moment[2]) * 100 + moment[3]) * 100 + (
        moment[4]
    )
