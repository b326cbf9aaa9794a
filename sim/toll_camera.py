# SPDX-License-Identifier: Apache-2.0
"""The camera over a toll lane on the stage: which vehicle passed where and when, and what it owes.

What is owed is read here from the text of the fare table and from the words of the settings, by
other code than the terminal's: squares of `fares` by station and class, `unknown` where a rule
asks for the dearest toll.
"""

import tomllib
from collections import Counter, namedtuple

from firmware.formats import record
from firmware.formats.record import pan_bytes

# vehicle: the class that this lane took it for; at: datetime; owed_fen: 0 at an entry
Seen = namedtuple("Seen", ("lane", "stop", "vehicle", "at", "owed_fen"))

OVER_MS, FREE_MS = 1600, 2400  # on the loop, and until it may say the next one
ENDED = (record.APPROVED,)


def drive_over(world):
    """Generator: a vehicle drives over the loop behind the barrier."""
    world.stir()
    world.pins["loop"] = 1
    yield OVER_MS
    world.stir()
    world.pins["loop"] = 0
    yield FREE_MS


class Camera:
    """`seen`: {name: [Seen, ..]}; `through`: vehicles behind an opening; `foreign`: cards whose
    record was spoilt.
    """

    def __init__(self, play):
        self.play = play
        told = next(one for one in play.scenario.files.values() if "fares" in one)
        self.products = tomllib.loads(told["fares"])["products"]
        self.settings = play.scenario.settings
        self.seen: dict = {}
        self.through = 0
        self.foreign: set = set()

    def sees(self, name, lane, stop, vehicle, paid, came=None):
        """A vehicle is let through; came: (station, class, datetime) of its entry, by default as
        it was seen last. paid: its card was charged, or should have been.
        """
        rows, now = self.seen.setdefault(name, []), self.play.local()
        if came is None and rows and rows[-1].lane == "entry":
            came = rows[-1][1:4]
        owed_fen = 0 if lane == "entry" else self.owed(came, stop, vehicle, now)
        if lane == "exit" and paid != (owed_fen > 0):
            did = "paid" if paid else "did not pay"
            self.play.wrong.append(f"{self.play.when()}: {name} owes {owed_fen} fen and {did}")
        rows.append(Seen(lane, stop, vehicle, now, owed_fen))

    def owed(self, came, stop, vehicle, now):
        """Fen of who leaves at `stop` as a vehicle of that class."""
        if came is None:
            return self._dearest((vehicle,))
        station, was, at = came
        minutes = (now - at).total_seconds() / 60
        classes = (was or vehicle, vehicle)
        if minutes > self.settings.get("longest_min", 1440):
            return self._dearest(classes)
        if station == stop:
            soon = minutes <= self.settings.get("turn_min", 10)
            return 0 if soon else self._dearest(classes)
        return max(self._square(one, station, stop) for one in classes)

    def _product(self, vehicle):
        word = self.settings["product"]
        return self.products[f"{word}-{vehicle}" if vehicle else word]

    def _dearest(self, classes):
        return max(self._product(one)["unknown"] for one in classes)

    def _square(self, vehicle, station, stop):
        told = self._product(vehicle)
        if station not in told["stops"]:
            return told["unknown"]
        low, high = sorted((told["stops"].index(station), told["stops"].index(stop)))
        return told["fares"][high][low]

    def owed_fen(self):
        """Of all vehicles."""
        return sum(one.owed_fen for rows in self.seen.values() for one in rows)

    def money_faults(self, records):
        """What each card has paid in the journal is what its vehicle owes."""
        paid: Counter = Counter()
        for values in records:
            if values["kind"] in ENDED:
                paid[values["pan"]] += values["amount_fen"]
        faults = []
        for name, rows in self.seen.items():
            owed_fen = sum(one.owed_fen for one in rows)
            found_fen = paid.pop(pan_bytes(self.play.pan(name)), 0)
            if owed_fen != found_fen:
                faults.append(f"{name} owes {owed_fen} fen, the journal has {found_fen}")
        if +paid:
            faults.append(f"{len(+paid)} cards have paid whom the camera has not seen leave")
        return faults
