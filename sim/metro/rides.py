# SPDX-License-Identifier: Apache-2.0
"""What riders do: tap in, ride, tap out; tear, jump, go to the kiosk; ride once more.

A gate lets a rider through when it is told to open, and by nothing that its panel says. After each
tap the camera is told what it has seen.
"""

from collections import namedtuple

from sim.city.hal import Held
from sim.flash import PowerCut
from sim.metro.plan import ENTRY, EXIT, INSIDE, OUTSIDE

AMBER = (
    "card_lost", "last_record_lost", "torn_suspect", "update_failed", "fare_changed",
)  # fmt: skip
AWAY = ("module_failed", "journal_full", "clock_not_set", "closed")  # another terminal may do
TO_KIOSK = ("entry_missing", "overtime", "stamp_ahead", "stamp_bad", "record_foreign")
AGAIN = "re_entry"  # let through by an own stamp, which may be of a tap that is never settled
PUT_RIGHT = ("adjusted", "adjusted_in", "adjusted_free", "torn_recovered", "stamp_proven")
GATE_OF = {INSIDE: EXIT, OUTSIDE: ENTRY}
TRIES, KIOSK_VISITS = 10, 2
AGAIN_MS, WAIT_MS, WALK_MS = 1500, 4000, 45000
AFTER_AMBER = ("here",) * 14 + ("elsewhere",) * 4 + ("never",) * 2
APDUS, LAST_OF_TEN, OPERATIONS = 16, 5, 16
OUT_S = (120, 600)  # a module is away for so long

# One ride: stations; minutes under way; jumps: whether the gates are jumped
Ride = namedtuple("Ride", ("origin", "destination", "minutes", "jumps_in", "jumps_out"))


class Rider:
    """town: the Morning; rides: what is still before him."""

    def __init__(self, town, number, card, rides):
        self.town, self.number, self.card, self.rides = town, number, card, rides
        self.ride = rides[0]
        self.tries = self.visits = 0

    def begin(self):
        """He is at the entry of the next ride."""
        self.ride, self.tries, self.visits = self.rides.pop(0), 0, 0
        self.town.count("rides")
        if self.ride.jumps_in:
            self.town.draws.note("in")
            self._is_in()
        else:
            self._to(ENTRY, 0)

    def _is_in(self):
        self.tries = self.visits = 0
        self._later(self.ride.minutes * 60000, self._arrive)

    def _arrive(self):
        if self.ride.jumps_out:
            self.town.draws.note("out")
            self._over("jumped the exit")
        else:
            self._to(EXIT, 0)

    def _over(self, how):
        self.town.count(how)
        if self.rides:
            self._later(self.town.dice.randrange(20, 90) * 60000, self.begin)

    def _later(self, wait_ms, call):
        self.town.at(self.town.now.now_ms + wait_ms, call)

    def _to(self, what, wait_ms):
        """To a gate or kiosk of the station where he is."""
        station = self.ride.origin if what in (ENTRY, OUTSIDE) else self.ride.destination
        unit = self.town.dice.choice(self.town.places[station, what])
        self._later(wait_ms, lambda: self._tap(unit))

    def _elsewhere(self, unit):
        """To the next terminal of the kind; where there is none, here again later."""
        beside = [one for one in self.town.places[unit.station, unit.what] if one is not unit]
        other = self.town.dice.choice(beside) if beside else unit
        self._later(WAIT_MS if beside else WALK_MS, lambda: self._tap(other))

    def _tap(self, unit):
        town = self.town
        self.tries += 1
        if self.tries > TRIES:
            self._gives_up(unit, "nothing works")
        elif not unit.is_up:
            self._elsewhere(unit)
        else:
            pulses, before = unit.gate.pulses, len(self.card.finals)
            held = self._held(unit)
            event = town.work(unit, lambda: unit.tap(held))
            town.count("taps")
            if held.is_torn:
                town.draws.note("torn", "after it acted" if held.tear[1] else "before it acted")
            opened = unit.gate.pulses > pulses
            if self.card.honest:
                made = [fen for _, fen in self.card.finals[before:]]
                at_s, sequence = town.now.utc_s + unit.off_s, event["sequence"] if event else 0
                word = event["message"] if event else ""
                town.camera.tapped(self.number, unit, at_s, made, sequence, opened, word == AGAIN)
            self._told(unit, event, opened)

    def _told(self, unit, event, opened):
        message = event["message"] if event else ""
        if opened:
            self.town.count("through: " + unit.what)
            self._is_in() if unit.what == ENTRY else self._over("left by the gate")
        elif message in AMBER or not unit.is_up:
            self._unsure(unit)
        elif message in AWAY or event is None:
            self.town.count("turned away: " + (message or self.town.why(unit)))
            self._elsewhere(unit)
        elif unit.what in GATE_OF:
            self._at_kiosk(unit, event, message)
        elif message in TO_KIOSK or message == "exit_missing":
            self._sent_to_kiosk(unit, message)
        else:
            self._gives_up(unit, message)

    def _unsure(self, unit):
        choice = self.town.dice.choice(AFTER_AMBER)
        if choice == "here":
            self._later(AGAIN_MS, lambda: self._tap(unit))
        elif choice == "elsewhere":
            self._elsewhere(unit)
        else:
            self._gives_up(unit, "torn")

    def _sent_to_kiosk(self, unit, message):
        self.visits += 1
        self.town.count("to the kiosk: " + message)
        if self.visits > KIOSK_VISITS:
            self._gives_up(unit, message)
        else:
            self._to(INSIDE if unit.what == EXIT else OUTSIDE, WALK_MS)

    def _at_kiosk(self, unit, event, message):
        if message in PUT_RIGHT:
            self.town.count("put right at a kiosk")
            self.town.camera.put_right(unit, event["sequence"])
            self._to(GATE_OF[unit.what], WALK_MS)
        elif message in ("adjust_done", "adjust_none"):
            self._to(GATE_OF[unit.what], WALK_MS)
        elif message.startswith("adjust_") and message != "adjust_desk":
            self._later(WAIT_MS, lambda: self._tap(unit))  # he has read what is due
        else:
            self._gives_up(unit, message)

    def _gives_up(self, unit, why):
        """Who does not come in goes home or jumps; who does not come out is let out by staff."""
        if unit.what in (EXIT, INSIDE):
            self._over("let out by hand: " + why)
        elif self.town.dice.randrange(3) == 0:
            self.town.count("jumped in behind: " + why)
            self._is_in()
        else:
            self._over("went home: " + why)

    def _held(self, unit):
        """The card at the reader, with what happens to it, to the plug, or to the module."""
        draws, card = self.town.draws, self.card.held
        if draws.hits("module") and not unit.psam.pulled:
            draws.note("module")
            if draws.below("module", 2):
                unit.psam.pulled = True
            else:
                unit.psam.deaf_after = draws.below("module", 8)
            self._later(1000 * self.town.dice.randrange(*OUT_S), lambda: self._put_in(unit))
        if draws.hits("power"):
            if draws.below("power", 2):
                unit.flash.cut(draws.below("power", OPERATIONS), draws.below("power", 1 << 16))
                return Held(card)
            return Held(card, self._apdu("power"), _pull)
        return Held(card, self._apdu("torn") if draws.hits("torn") else None)

    def _apdu(self, name):
        draws = self.town.draws
        last = self.card.honest and draws.below(name, 10) < LAST_OF_TEN
        number = Held.LAST if last else 1 + draws.below(name, APDUS)
        return number, bool(draws.below(name, 2))

    def _put_in(self, unit):
        unit.psam.pulled, unit.psam.deaf_after = False, None


def _pull():
    raise PowerCut("the plug is pulled")


def drawn(dice, draws, stations):
    """[Ride] of one rider's morning."""
    rides = [_ride(dice, draws, stations, dice.randrange(1, stations + 1))]
    if dice.randrange(4) == 0:
        rides.append(_ride(dice, draws, stations, rides[0].destination))
    return rides


def _ride(dice, draws, stations, origin):
    destination = origin
    if not draws.hits("same"):
        destination = dice.choice([one for one in range(1, stations + 1) if one != origin])
    minutes = 3 * abs(destination - origin) + dice.randrange(2, 9)
    if destination == origin:
        draws.note("same")
        minutes = dice.randrange(3, 40)
    if draws.hits("overtime"):
        draws.note("overtime")
        minutes = dice.randrange(185, 250)
    return Ride(origin, destination, minutes, draws.hits("in"), draws.hits("out"))
