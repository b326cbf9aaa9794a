# SPDX-License-Identifier: Apache-2.0
"""A part of the city that no rider leaves: one thread of simulated time.

    district = District(plan, share)
    district.day(0); district.day(1)        service from 05:00 to midnight, then off
    district.close()                        all networks are there: what can be uploaded is
    district.balance(ledger)                Balance (balance.py)

Everything is drawn from seeds of the plan and the district's number, and nothing else tells it
apart: neither the process it runs in, nor the districts beside it.
"""

import hashlib
import heapq
import pickle
import random
import zlib
from collections import Counter

from firmware.errors import JournalFull
from sim.city import balance
from sim.city.cards import ODD, Purse
from sim.city.desk import Desk
from sim.city.faults import Draws
from sim.city.hal import Time, built_fares
from sim.city.net import Net
from sim.city.plan import DAY_S, LINES, SPARE_NUMBERS, day_begins_ms, secret_of, seed_of
from sim.city.rides import APART_MS, Ride, timetable
from sim.city.unit import Unit, read_parameters
from sim.flash import PowerCut

HOUR_MS = 3600000
OPEN_MS = 5 * HOUR_MS
SHUT_MS = DAY_S * 1000 - 60000
BOOT_MS = 3000
REPAIR_MS = 600000  # until somebody starts a terminal that has stopped itself
TAPS_A_RIDER = 4
SMALL_BLOCKS = 9  # of a journal that runs full
RADIO_MS = 20000  # for so long radios are up
SWAP_MS = 1800000  # until another terminal stands there
CLOSING_MINUTES = 90
YEAR_S = 365 * DAY_S
CLOCKS = (
    ("never set", -4 * YEAR_S),
    ("months behind", -200 * DAY_S),
    ("years ahead", 3 * YEAR_S),
    ("40 minutes fast", 2400),
    ("10 minutes slow", -600),
)


class District:
    """`units`: by place; `counts`: what riders met; `hours`: [Counter] of each hour so far."""

    def __init__(self, plan, share):
        self.plan, self.share = plan, share
        self.seed = seed_of(plan, share, "units")
        self.dice = random.Random(seed_of(plan, share, "riders"))
        self.draws = Draws(plan.faults, seed_of(plan, share, "faults"))
        self.now = Time()
        self.agenda, self.order = [], 0
        self.counts, self.hours, self.faults = Counter(), [], []
        self.purses = {}  # rider -> Purse
        self.last_ms = {}  # rider -> of his last ride
        self.fares = built_fares()
        self.fleets = {}
        self.desk = Desk(plan.url)
        self.net = Net(self, self.desk)
        self.connect = self.net.connect
        self.always_on = not plan.upload_s
        self.slot_ends_ms = 0
        self.is_service = False
        self.asleep = b""
        self.told = lambda taps: None  # hears how far it is, each hour
        self.retired = []  # units that broke, and wait in the depot
        self.wakes = {}  # unit -> when it is looked after next
        self.units = [self._unit(place) for place in range(share.terminals)]
        for unit in self.units[:]:
            if self.draws.hits("twin"):
                self.draws.note("twin")
                twin = Unit(f"{unit.name} twin", unit.number, unit.line, plan.blocks, self)
                unit.has_twin = twin.has_twin = True
                self.units.append(twin)

    def _unit(self, place):
        number = self.share.first + place
        draws = self.draws
        full = draws.hits("full")
        blocks = SMALL_BLOCKS if full else self.plan.blocks
        unit = Unit(str(number), number, LINES[number % len(LINES)], blocks, self)
        if full:
            draws.note("full")
            unit.in_tunnel = True
        if draws.hits("clock"):
            how, unit.off_s = draws.pick("clock", CLOCKS)
            draws.note("clock", how)
        return unit

    # --- for its units, riders and lines --------------------------------------------------------

    def at(self, at_ms, call):
        """Do something at a time."""
        self.order += 1
        heapq.heappush(self.agenda, (max(at_ms, self.now.now_ms), self.order, call))

    def count(self, what):
        """Something of the riders' side happened."""
        self.counts[what] += 1

    def broken(self, sentence):
        """A rule that holds whatever goes wrong does not hold."""
        self.faults.append(f"{sentence} ({self.when()})")

    def when(self):
        """District, day and time, for people."""
        seconds = self.now.now_ms // 1000
        clock = f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return f"district {self.share.number}, day {seconds // DAY_S + 1}, {clock}"

    def parameters(self, text):
        """Parameters of a text, read once."""
        if text not in self.fleets:
            self.fleets[text] = read_parameters(text)
        return self.fleets[text]

    def secret_of(self, number):
        """What the terminal of a number signs its uploads with."""
        return secret_of(self.plan, number)

    def radio_is_up(self):
        """Whether a terminal may begin to upload now."""
        return self.always_on or self.now.now_ms < self.slot_ends_ms

    def why(self, unit):
        """Why a terminal looks for no cards."""
        return unit.terminal.sale.refused_before() or "rests"

    def work(self, unit, act):
        """Let a terminal do something; None where its power fails meanwhile."""
        try:
            result = act()
        except PowerCut:
            self._dark(unit)
            return None
        except JournalFull:  # firmware.main ends with "storage fault"; somebody starts it again
            self.count("storage faults")
            unit.stop()
            self.at(self.now.now_ms + REPAIR_MS, lambda: self._start(unit))
            return None
        self._plan_wake(unit)
        return result

    def wake(self, unit):
        """Something came for a terminal, or is due."""
        if unit.is_up:
            self.work(unit, unit.serve_line)

    def _plan_wake(self, unit):
        due = unit.due_ms()
        if due is not None and not self.now.now_ms < self.wakes.get(unit, 0) <= due:
            self.wakes[unit] = due
            self.at(due, lambda: self._woken(unit, due))

    def _woken(self, unit, due):
        if self.wakes.get(unit) == due:
            del self.wakes[unit]
            self.wake(unit)

    def _dark(self, unit):
        self.draws.note("power")
        unit.stop()
        if self.draws.below("power", 3) == 0:
            unit.flash.ripen()
        self.at(self.now.now_ms + BOOT_MS, lambda: self._start(unit, self.draws.below("power", 4)))

    def _start(self, unit, lucky=1):
        """Power on; the power fails again within the start where the dice say so."""
        if unit.broken or unit.is_up or not self.is_service:
            return
        self.work(unit, lambda: self._boot(unit, lucky))

    def _boot(self, unit, lucky):
        draws = self.draws
        unit.start(None if lucky else (draws.below("power", 6), draws.below("power", 1 << 16)))

    # --- a day ----------------------------------------------------------------------------------

    def day(self, number):
        """From midnight to midnight."""
        begins = day_begins_ms(number)
        self.now.now_ms = max(self.now.now_ms, begins)
        self._morning()
        self.is_service = True
        for unit in self.units:
            self._fate(unit, number, begins)
            self.at(begins + OPEN_MS + self.dice.randrange(60000), lambda u=unit: self._start(u))
        self.people(begins)
        if self.plan.upload_s:
            for slot_ms in range(OPEN_MS, SHUT_MS, self.plan.upload_s * 1000):
                self.at(begins + slot_ms, self._radio)
        for hour in range(1, 25):
            self.at(begins + hour * HOUR_MS - 1, self._hour)
        self.at(begins + SHUT_MS, self._evening)
        self._run(day_begins_ms(number + 1))

    def people(self, begins):
        """Whoever rides this day comes at his time."""
        riders = max(1, self.share.taps // TAPS_A_RIDER)
        for at_ms, rider, place in timetable(self.dice, self.share.taps, riders, len(self.units)):
            self.at(begins + at_ms, lambda r=rider, p=place: self._ride(r, p))

    def _run(self, until_ms):
        while self.agenda and self.agenda[0][0] < until_ms:
            at_ms, _, call = heapq.heappop(self.agenda)
            self.now.now_ms = max(self.now.now_ms, at_ms)
            call()
        self.now.now_ms = until_ms

    def _fate(self, unit, number, begins):
        """What befalls a terminal this day."""
        draws = self.draws
        if draws.hits("offline") and not unit.in_tunnel:
            draws.note("offline")
            unit.in_tunnel = True
        alone = unit.number < SPARE_NUMBERS and not unit.has_twin
        if draws.hits("replaced") and not unit.broken and alone:
            at_ms = begins + 8 * HOUR_MS + draws.below("replaced", 8 * HOUR_MS)
            self.at(at_ms, lambda: self._breaks(unit))

    def _breaks(self, unit):
        """Its board is taken to the depot; a new one, with a number of its own, is fitted."""
        self.draws.note("replaced")
        unit.stop()
        unit.broken = True
        self.retired.append(unit)
        number = SPARE_NUMBERS + unit.number
        name = f"{unit.name} new" + " twin" * unit.name.endswith("twin")
        new = Unit(name, number, unit.line, self.plan.blocks, self)
        self.units[self.units.index(unit)] = new
        self.at(self.now.now_ms + SWAP_MS, lambda: self._start(new))

    def _ride(self, rider, place):
        if self.now.now_ms - self.last_ms.get(rider, -APART_MS) < APART_MS:
            self.at(self.now.now_ms + APART_MS, lambda: self._ride(rider, place))
            return
        self.last_ms[rider] = self.now.now_ms
        if rider not in self.purses:
            number = self.share.number * 10000 + rider
            odd = self.draws.pick("cards", ODD) if self.draws.hits("cards") else None
            if odd:
                self.draws.note("cards", odd[0])
            self.purses[rider] = Purse(number, self.plan.seed, odd)
        purse = self.purses[rider]
        self.counts["rides"] += 1
        if purse.reload():
            self.counts["loads"] += 1
        Ride(self, purse, place).go()

    def _radio(self):
        """The radios come up: whoever has something sends it."""
        self.slot_ends_ms = self.now.now_ms + RADIO_MS
        for unit in self.units:
            if unit.is_up and unit.waiting():
                self.wake(unit)

    def _hour(self):
        self.told(self.counts["taps"])
        backlog = sum(unit.waiting() for unit in [*self.units, *self.retired])
        self.hours.append((Counter(self.counts), Counter(self.draws.counts), backlog))

    def _evening(self):
        self.is_service = False
        for unit in self.units:
            unit.stop()

    # --- night ----------------------------------------------------------------------------------

    def sleep(self):
        """Off until the next day: memory for the other districts."""
        for unit in [*self.units, *self.retired]:
            unit.pack()
        self.asleep = zlib.compress(pickle.dumps(self.purses), 1)
        self.purses = {}
        self.desk.stop()

    def _morning(self):
        if self.asleep:
            self.purses = pickle.loads(zlib.decompress(self.asleep))
            self.asleep = b""
            for unit in [*self.units, *self.retired]:
                unit.unpack()

    def close(self):
        """The evening of the last day: networks are good, the depot reads out what broke."""
        self._morning()
        self.draws.rates = dict.fromkeys(self.draws.rates, 0.0)
        self.net.gone_until_ms = 0
        self.is_service = self.always_on = True
        everything = [*self.units, *self.retired]
        for unit in everything:
            unit.in_tunnel = unit.broken = False
            self._start(unit)
        for _ in range(CLOSING_MINUTES):
            self._run(self.now.now_ms + 60000)
            for unit in everything:
                self.wake(unit)
            if all(self._is_done(unit) for unit in everything):
                break
        for unit in everything:
            if not unit.is_up:
                self.broken(f"terminal {unit.name} does not start any more")
            elif unit.waiting():
                unit.stuck = unit.uploader.error
            unit.stop()
        self._hour()
        self.desk.stop()

    def _is_done(self, unit):
        """Nothing is left, or nothing will be taken."""
        if not unit.is_up:
            return False
        refused = unit.has_twin and unit.uploader.error.startswith("refused: conflict")
        return not unit.journal.opened and (refused or not unit.waiting())

    def digest(self):
        """Text that differs where anything that lasts differs."""
        told = hashlib.sha256()
        for unit in [*self.units, *self.retired]:
            rows = {**unit.tally, **unit.kept()[0]}
            told.update(
                f"{unit.name}{sorted((n, row.digest) for n, row in rows.items())}".encode()
            )
        for rider, purse in sorted(self.purses.items()):
            told.update(f"{rider}{purse.issued_fen}{purse.now_fen}{purse.finals}".encode())
        for counted in (self.counts, self.draws.counts, self.net.refused):
            told.update(str(sorted(counted.items())).encode())
        return told.hexdigest()

    def balance(self, ledger):
        """Balance of all that it holds against the ledger."""
        return balance.of_district(self, ledger)
