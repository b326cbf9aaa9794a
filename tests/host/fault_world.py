# SPDX-License-Identifier: Apache-2.0
"""A whole terminal before the virtual PN532, on a counted clock, and somebody who spoils its line.

    world = FaultWorld(own_card=None)          # engine A; IsoDepCard: engine B
    told = world.tell({7: Fault(drop_ack=True)})

A story: the rider holds his card until he has paid or is told to go, and takes it away; when the
terminal has seen that it is gone, the next rider comes. Faults go by the number of the command in
the story, spoilt writes by the number of the write. Terminal, kernel, journal and driver are the
product's, the reader is a HealingReader; chip, field and cards are simulated. Money is counted as
in tests/host/torn_world.py.
"""

from collections import namedtuple

from firmware.errors import LinkLost
from firmware.reader.bus import Hsu
from firmware.reader.frame import ACK, NACK
from firmware.reader.healing import HealingReader
from firmware.reader.pn532 import Pn532
from sim.chip import Chip
from sim.faults import REST, Faults
from sim.field import Field
from sim.timing import Timing
from tests.host.chip_stand import ChipClock, RadioCard, Wire
from tests.host.torn_world import DONE, FARE_FEN, World

RIDER, OTHER = "6228000100000010", "6228000100000028"
AGAIN = ("card_lost", "last_record_lost")  # the rider is told to come again
STEP_US = 5000  # a turn that does nothing takes some time
MOST_US = 30_000_000  # of one rider: a silence behind an ACK is 2 s in engine A
REMOVAL_TURNS = 3

# One command to the chip: when it was sent
Asked = namedtuple("Asked", ("code", "data", "at_us"))
# outcomes: of the rider's presentations; kinds: of the records; hit_us: when the fault came to
# pass, None if never; noticed_us: the next thing the driver sent; works_us: when a look or an
# exchange went well again; next_us: from the next card's coming to its approval
Told = namedtuple("Told", ("outcomes", "kinds", "hit_us", "noticed_us", "works_us", "next_us"))


class Cable(Wire):
    """The line: `world.bends` may change a write, and an adapter may be pulled out."""

    def __init__(self, world):
        super().__init__(world.chip, world.chip_clock)
        self.world = world
        self.reset = self._set_reset if world.pin else None

    def _set_reset(self, level):
        if level:
            self.world.chip.reset()

    def write(self, data):
        number = self.world.writes
        self.world.writes += 1
        bend = self.world.bends.get(number)
        if bend:
            self.world.hit()
            data = bend(self.world, bytes(data))
        self._need_plug()
        super().write(data)

    def read(self, count, timeout_ms):
        self._need_plug()
        return super().read(count, timeout_ms)

    def close(self):
        """The next one is opened anew."""

    def _need_plug(self):
        if self.world.unplugged_until_us > self.clock.us or self.world.cable is not self:
            raise LinkLost("the adapter is gone")


class Noted(Faults):
    """Faults that say when they come to pass."""

    def __init__(self, world, at, stop="reset", **more):
        super().__init__(at, **more)
        self.world = world
        self._stop = stop

    @property
    def stop(self):
        """Asked for when the chip stops."""
        self.world.hit()
        return self._stop

    @stop.setter
    def stop(self, value):
        self._stop = value

    def pick(self, number, code, nth):
        fault = super().pick(number, code, nth)
        if fault is not REST:
            self.world.hit()
        return fault


class NotedReader(HealingReader):
    """A HealingReader that notes when a look or an exchange went well."""

    def __init__(self, world):
        super().__init__(world.plug_in, world.make_chip, world.pin_reports.append)
        self.world, self.clock = world, world.chip_clock
        self.good_us = []

    def close(self):
        """As at the end of the process."""
        self.stream = self.chip = None

    def find(self, timeout_ms):
        before = self.world.looks
        cards = super().find(timeout_ms)
        if self.world.looks > before:  # a look that nobody answered is none
            self.good_us.append(self.clock.us)
        for card in cards:
            card.exchange = self._noting(card.exchange)
        return cards

    def _noting(self, exchange):
        def noting(command, spare=None):
            answer = exchange(command, spare)
            self.good_us.append(self.clock.us)
            return answer

        return noting


class FaultWorld(World):
    """One terminal that lives through many stories, one after the other."""

    def __init__(self, own_card=None, pin=False, framed=None):
        """own_card: as Pn532's; pin: the chip's reset pin is wired; framed: in place of the cable
        (face of sim/chip_bus.py, bus of the reader), whose writes cannot be bent.
        """
        self.own_card, self.pin = own_card, pin
        self.pin_reports = []
        self.radio = Field()
        self.chip_clock = ChipClock()
        self.chip = Chip(self.radio, Timing())
        self.face, self.make_bus = None, Hsu
        if framed:
            make_face, self.make_bus = framed
            self.face = make_face(self.chip, self.chip_clock, reset=pin)
        self.unplugged_until_us = 0
        self.cured_us = None  # when a reader that was out of order got its power back
        self._fresh()
        self.healing = NotedReader(self)
        self.healing.open()
        cards = {"rider": RadioCard(RIDER), "other": RadioCard(OTHER)}
        super().__init__("", cards, _put_back, None, _finals, None)

    def restart(self):
        self.reader, self.clock = self.healing, self.chip_clock
        super().restart()

    def plug_in(self):
        if self.unplugged_until_us > self.chip_clock.us:
            raise LinkLost("no adapter")
        self.cable = self.face or Cable(self)
        return self.cable

    def make_chip(self, stream):
        bus = self.make_bus(stream, self.chip_clock)
        return Pn532(bus, self.chip_clock, trace=self._trace, own_card=self.own_card)

    # --- what is noted

    def _fresh(self, at=None, bends=None, knobs=None):
        self.asked, self.sent_us = [], []
        self.hits = []
        self.cured_us = None
        self.looks = 0  # answers to InListPassiveTarget
        self.writes, self.bends = 0, bends or {}
        self.chip.faults = Noted(self, at, **(knobs or {}))
        self.chip.exchanges, self.chip.per_code, self.chip.passed = 0, {}, 0

    def pull_plug(self, for_ms):
        """The adapter is gone for so long, and then has to be opened anew."""
        self.unplugged_until_us = self.chip_clock.us + for_ms * 1000
        self.cable = None

    def hit(self):
        """A fault comes to pass now."""
        self.hits.append(self.chip_clock.us)

    def _trace(self, direction, frame, at_us):
        if direction != ">":
            self.looks += frame[5:7] == b"\xd5\x4b"
            return
        self.sent_us.append(at_us)
        if frame not in (ACK, NACK):
            start = 8 if frame[3:5] == b"\xff\xff" else 5
            self.asked.append(Asked(frame[start + 1], frame[start + 2 : -2], at_us))

    # --- a story

    def tell(self, at=None, opened=True, bends=None, tear=None, patience_us=None, **knobs):
        """One story to its end, everything counted: Told.

        at: faults by the number of the command; bends: what becomes of a write, by its number;
        tear: (APDU from 1, had the card acted); knobs: more of sim.faults.Faults. opened False: it
        begins with a chip that has just been given power, and a closed reader. patience_us: the
        rider goes after so long, paid or not, and then the faults end.
        """
        self.begin()
        if not opened:
            self.healing.close()
            self.chip.reset()
        self._fresh(at, bends, knobs)
        began_us = self.chip_clock.us
        opening_bytes = 0
        if tear:
            self.radio.tear(at_apdu=tear[0], acted=tear[1])
        if not opened:
            self.healing.open()
            self.of_opening, opening_bytes = len(self.asked), self.chip.passed
        events = self._serve("rider", patience_us)
        if patience_us:
            self.chip.faults = Noted(self, None)
        self.radio.remove()
        for _ in range(REMOVAL_TURNS):
            self._turn()
        self.of_rider = len(self.asked)
        self.tap_bytes = opening_bytes, self.chip.passed - opening_bytes
        next_us = self._next()
        while not self.terminal.is_idle() and self.chip_clock.us < began_us + 3 * MOST_US:
            self._turn()
        self._good_again()
        self.time_over()
        self.check()
        return self._told([one["outcome"] for one in events], next_us)

    def _next(self):
        """us until the next rider has paid."""
        came_us = self.chip_clock.us
        after = self._serve("other")
        assert after and after[-1]["outcome"] in DONE, "the next card: %r" % after
        next_us = self.chip_clock.us - came_us
        self.radio.remove()
        return next_us

    def _good_again(self):
        self.chip.faults = Noted(self, None)
        self.bends = {}
        self.radio.forget_tears()

    def _told(self, outcomes, next_us):
        hit_us = self.hits[0] if self.hits else None
        noticed_us = _first(self.sent_us, hit_us)
        # out of order: what counts is the time from its power on
        works_us = _first(self.healing.good_us, self.cured_us or hit_us)
        return Told(outcomes, self.kinds(), hit_us, noticed_us, works_us, next_us)

    def _serve(self, name, patience_us=None):
        """Events of one rider's taps, until he has paid or is told something else than to come
        again, or his patience ends.
        """
        card = self.cards[name]
        self.radio.place(card)
        taps = []
        until_us = self.chip_clock.us + (patience_us or MOST_US)
        while self.chip_clock.us < until_us:
            for event in self._turn():
                taps.append(event)
                self.green += event["outcome"] in DONE
                if event["message"] not in AGAIN:
                    return taps
            if not self.radio.cards():  # it was torn away
                self.radio.place(card)
        assert patience_us, "%s was not served: %r" % (name, taps)
        return taps

    def _turn(self):
        """Tap events of one turn."""
        self.events[:] = []
        before_us = self.chip_clock.us
        self.terminal.turn()
        if self.chip_clock.us == before_us:
            self.chip_clock.us += STEP_US
        if self.terminal.screen.shown == "reader_fault" and self.chip.power == "dead":
            self.cured_us = self.chip_clock.us
            self.chip.reset()
        return [one for one in self.events if one["event"] == "tap"]


def _first(times_us, since_us):
    """The first of some times that lies behind a moment, None if none does."""
    behind = [us for us in times_us if since_us is not None and us > since_us]
    return min(behind) if behind else None


def _put_back(card):
    card.__init__(card.pan)


def _finals(card):
    return [(atc, FARE_FEN) for atc in card.debits]
