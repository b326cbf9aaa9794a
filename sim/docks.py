# SPDX-License-Identifier: Apache-2.0
"""A virtual dock station of public bikes at the other end of the terminal's line: locks, buttons
and bikes, by the clock of its world.

It keeps what its locks do, as real docks must, and opens a lock once for each order. Who has which
bike is known here and nowhere in the terminal.
"""

from firmware.errors import FormatError
from firmware.neighbours import dock as docks
from firmware.neighbours import framing

TAKE_MS = 20000  # a lock stands open so long
OPENS = (docks.LOCKED, docks.OPENING)


class Place:
    """One dock; state, bike and since when as neighbours/dock.py has them."""

    def __init__(self, bike=0):
        self.bike, self.since_ms = bike, 0
        self.state = docks.LOCKED if bike else docks.EMPTY
        self.stuck = False  # its lock does not move
        self.done = None  # (hire, try) that it was opened for last
        self.opened_ms = 0

    def to(self, state, now_ms):
        """Change its state."""
        self.state, self.since_ms = state, now_ms


class DockStation:
    """Machine of world_lines.py; bikes: number of the bike in each dock from 1 on, 0: none."""

    def __init__(self, bikes):
        self.places = {number: Place(bike) for number, bike in enumerate(bikes, 1)}
        self.frames = framing.Frames()
        self.out = b""
        self.opened = 0  # locks that have opened

    def feed(self, data, now_ms):
        """From the terminal."""
        for body in self.frames.feed(data):
            try:
                kind, number, hire, tries = docks.order_of(body)
            except FormatError:
                continue
            if kind == docks.ASK:
                self.age(now_ms)
                for first in range(1, len(self.places) + 1, docks.AT_ONCE):
                    self.tell(first, now_ms, docks.AT_ONCE)
            elif number in self.places:
                self._order(kind, number, (hire, tries), now_ms)

    def outgoing(self, now_ms):
        """To the terminal."""
        self.age(now_ms)
        data, self.out = self.out, b""
        return data

    def tell(self, number, now_ms, count=1):
        """Report docks from one on."""
        found = []
        for one in [self.places[n] for n in range(number, number + count) if n in self.places]:
            found.append(docks.Dock(one.state, one.bike, (now_ms - one.since_ms) // 1000))
        self.out += framing.pack(docks.pack_docks(number, found))

    def press(self, number):
        """Somebody presses the button of a dock."""
        self.out += framing.pack(bytes((docks.PRESSED, number)))

    def open_docks(self):
        """Numbers of the docks whose bike may be taken out now."""
        return [n for n, one in sorted(self.places.items()) if one.state == docks.OPENING]

    def locked(self):
        """Numbers of the docks whose bike may be hired."""
        return [n for n, one in sorted(self.places.items()) if one.state == docks.LOCKED]

    def mend(self, number, now_ms):
        """A lock that was stuck moves again."""
        one = self.places[number]
        if one.state == docks.FAULT:
            one.to(docks.LOCKED if one.bike else docks.EMPTY, now_ms)
            self.tell(number, now_ms)

    def take(self, number, now_ms):
        """Pull the bike out of an open dock; its number."""
        one = self.places[number]
        if one.state != docks.OPENING:
            raise ValueError(f"dock {number} is not open")
        bike, one.bike = one.bike, 0
        one.to(docks.EMPTY, now_ms)
        self.tell(number, now_ms)
        return bike

    def push(self, bike, now_ms):
        """Push a bike into the first empty dock that takes one; its number, 0 where none does."""
        for number, one in sorted(self.places.items()):
            if one.state == docks.EMPTY and not one.stuck:
                one.bike = bike
                one.to(docks.RETURNED, now_ms)
                self.tell(number, now_ms)
                return number
        return 0

    def age(self, now_ms):
        """A lock that stood open long enough closes again."""
        for number, one in self.places.items():
            if one.state == docks.OPENING and now_ms - one.opened_ms >= TAKE_MS:
                one.to(docks.LOCKED, now_ms)
                self.tell(number, now_ms)

    def _order(self, kind, number, named, now_ms):
        one = self.places[number]
        if kind == docks.SETTLE and one.state == docks.RETURNED:
            one.to(docks.LOCKED, now_ms)
        elif kind == docks.OPEN and named != one.done and one.state in OPENS:
            one.done = named
            one.to(docks.FAULT if one.stuck else docks.OPENING, now_ms)
            one.opened_ms = now_ms
            self.opened += one.state == docks.OPENING
        self.tell(number, now_ms)
