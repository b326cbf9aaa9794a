# SPDX-License-Identifier: Apache-2.0
"""A lift on the tabletop: the car, the buttons that a card has freed, and who lives where."""

from firmware.errors import FormatError
from sim.pins import PinBench
from sim.tabletop_beside import Beside, Part
from sim.tabletop_list import ALWAYS, Guests, Zone

LOBBY, TOP = 1, 5  # down to the lobby anybody goes, without a card
FREED_MS = 8000
FLOORS = {1: (2,), 2: (4, 5), 3: (2, 3, 4, 5), 4: (3,)}  # zone -> floors; zone 5 has none here
ZONES = (
    Zone("second", ALWAYS, "2层", "Floor 2", ("adult-1", "adult-2")),
    Zone("upper", ALWAYS, "4层和5层", "Floors 4 and 5", ("student-1",)),
    Zone("clean", ALWAYS, "保洁：2到5层", "Cleaner: floors 2 to 5", ("adult-3",)),
    Zone("past", "sun 03:00-03:01", "3层，星期日 03:00", "Floor 3, Sundays 03:00", ("adult-4",)),
    Zone("cellar", ALWAYS, "另一部电梯", "Another lift's floors", ("adult-5",)),
)


class Car(Part):
    """The lift: a contact for each floor, closed by the terminal; who presses a button goes there
    where it is.
    """

    kind = "lift"
    keys = tuple((str(one), f"{one}层", f"Floor {one}") for one in range(TOP, LOBBY - 1, -1))

    def __init__(self):
        super().__init__()
        self.bench = PinBench(lambda name, level, at_s: self.changed())
        self.at = LOBBY
        self.rides = 0

    @property
    def where(self):
        """For the settings: the output of each floor."""
        floors = range(LOBBY + 1, TOP + 1)
        return " ".join(f"{one}=pty:{self.bench.path},f{one}" for one in floors)

    def __enter__(self):
        self.bench.__enter__()
        return self

    def __exit__(self, *_):
        self.bench.__exit__()

    def unplugged(self):
        self.bench.rest()

    def freed(self):
        """Floors whose buttons work now."""
        floors = range(LOBBY + 1, TOP + 1)
        return [LOBBY, *(one for one in floors if self.bench.level(f"f{one}"))]

    def say(self, word):
        """Somebody presses the button of a floor."""
        floor = int(self.known(word))
        if floor not in self.freed():
            raise FormatError(f"floor {floor} is not freed: tap a card that may go there")
        self.rides += self.at != floor
        self.at = floor
        self.changed()

    def state(self):
        return {"at": self.at, "freed": self.freed(), "rides": self.rides}


def make(folder):
    """Beside of a lift."""
    car, guests = Car(), Guests(ZONES)
    floors = " ".join(f"{zone}={','.join(map(str, one))}" for zone, one in FLOORS.items())
    settings = (
        f"allow: {guests.where(folder)}\nfloors: {floors}\nfloor_pins: {car.where}\n"
        f"pulse_ms: {FREED_MS}\n"
    )
    return Beside(settings, {"lift": car, "guests": guests})
