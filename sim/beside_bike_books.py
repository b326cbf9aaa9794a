# SPDX-License-Identifier: Apache-2.0
"""What bike riders and docks know: who has which bike, since when, and what that costs.

Reckoned from the locks of the docks alone, apart from any code of the terminal, and held against
cards, journal and ledger in the evening.
"""

from dataclasses import dataclass

from firmware.capp import layouts
from firmware.formats import record
from host_tools.ledger import stamps

SFI = f"{layouts.OWN['bike'][0]:02X}"
APART_S = 3  # a tap begins before its lock opens; docks report whole seconds


@dataclass
class Ride:
    """One hire; times in ms of the world."""

    stop: int
    began_ms: int
    bike: int = 0
    locked_ms: int = 0
    by_bus: bool = False


class BikeBooks:
    """`riding`: {name: Ride} of who has a bike; `brought`: of who has locked it, not settled."""

    def __init__(self, play, stations):
        self.play, self.stations = play, stations
        self.bikes = {one.bike for at in stations.values() for one in at.places.values()} - {0}
        self.rules = play.scenario.beside
        self.riding: dict[str, Ride] = {}
        self.brought: dict[str, Ride] = {}
        self.waiting: dict[str, Ride] = {}  # frozen, no bike yet
        self.untapped: set[str] = set()  # locked it and went
        self.by_bus: set[str] = set()
        self.hires = self.returns = self.not_given = self.turned_away = 0
        self.expected_fen = 0

    # --- what happens

    def hired(self, name, stop):
        """His deposit is frozen, he waits for a lock."""
        now_ms = self.play.world.now_ms
        self.waiting.setdefault(name, Ride(stop, now_ms, by_bus=name in self.by_bus))
        self.by_bus.discard(name)

    def took(self, name, bike):
        """He has pulled a bike out."""
        ride = self.waiting.pop(name)
        ride.bike = bike
        self.riding[name] = ride
        self.hires += 1

    def without_bike(self, name):
        """No lock opened, or he did not take it."""
        self.not_given += 1

    def released(self, name):
        """His deposit is free again, he never had a bike."""
        self.waiting.pop(name, None)
        self._paid(name, {0})

    def locked(self, name, stop):
        """His bike is in a dock."""
        ride = self.riding[name]
        ride.locked_ms = self.play.world.now_ms
        self.brought[name] = ride

    def settled(self, name):
        """His card was let go."""
        ride = self.brought.pop(name, None)
        self.riding.pop(name, None)
        if ride:
            self.returns += 1
            seconds = (ride.locked_ms - ride.began_ms) // 1000
            self._paid(name, {self.price_fen(seconds + n, ride) for n in (-APART_S, 0, APART_S)})

    def price_fen(self, seconds, ride):
        """What so long a hire costs."""
        rules, deposit_fen = self.rules, self.play.scenario.settings["freeze_fen"]
        valid_min = self.play.scenario.settings["valid_min"]
        if seconds > 60 * valid_min:
            return deposit_fen
        seconds -= 60 * rules["transfer_free_min"] if ride.by_bus else 0
        if seconds <= 60 * rules["free_min"]:
            return 0
        steps = -(-seconds // (60 * rules["step_min"]))
        return min(steps * rules["step_fen"], rules["cap_fen"], deposit_fen)

    def _paid(self, name, sums_fen):
        stamp = stamp_of(self.play.crowd.cards[name])
        self.expected_fen += stamp["amount_fen"]
        if stamp["state"] != layouts.COMPLETED or stamp["amount_fen"] not in sums_fen:
            when = self.play.when()
            self.play.wrong.append(f"{when}: {name} owes {sums_fen}, his card says {stamp}")

    # --- the evening

    def balance(self, records):
        """(facts, faults): bikes, deposits, ledger."""
        cards = self.play.crowd.cards
        held = {name: frozen_on(card) for name, card in cards.items() if frozen_on(card)}
        faults = self._bike_faults() + [one for name in cards for one in self._card_faults(name)]
        trips = [one for one in stamps.trips(self.play.ledger.engine) if one.device == "bike"]
        opened = [one for one in trips if one.state == "open"]
        doubtful = [one for one in trips if one.state == "doubtful"]
        least_fen, most_fen = _fen(opened), _fen(opened) + _fen(doubtful)
        if not least_fen <= sum(held.values()) <= most_fen and not self.play.world.cuts:
            faults.append(f"{sum(held.values())} fen are frozen, the ledger has {least_fen} open")
        untapped = sum(one["reason"] == "bike_untapped" for one in records)
        facts = {
            "riders with a card": len(cards),
            "bikes handed out": self.hires,
            "returns settled": self.returns,
            "paid for hires, fen": sum(
                one["amount_fen"] for one in records if one["kind"] == record.APPROVED
            ),
            "locks that gave no bike": self.not_given,
            "stations without an empty dock, riders": self.turned_away,
            "bikes brought without a tap": untapped,
            "riders under way at the end": len(self.riding),
            "cards with a frozen sum": len(held),
            "frozen on cards, fen": sum(held.values()),
            "open in the ledger, fen": least_fen,
            "doubtful in the ledger, fen": most_fen - least_fen,
        }
        return facts, faults

    def _bike_faults(self):
        """Each bike is in one dock or with one rider."""
        found = [one.bike for at in self.stations.values() for one in at.places.values()]
        found = [bike for bike in found if bike]
        found += [one.bike for name, one in self.riding.items() if name not in self.brought]
        return [] if sorted(found) == sorted(self.bikes) else ["bikes are lost or doubled"]

    def _card_faults(self, name):
        """Nobody rides without a deposit, nobody's is kept who has done all that he should."""
        card = self.play.crowd.cards[name]
        frozen, stamp = frozen_on(card), stamp_of(card)
        if stamp is None:
            return []
        if bool(frozen) is not (stamp["state"] == layouts.FROZEN):
            return [f"{name}: {frozen} fen are frozen, its record says {stamp}"]
        if name in self.riding and name not in self.brought and not frozen:
            return [f"{name} rides a bike without a deposit"]
        return []


def _fen(trips):
    return sum(one.frozen_fen for one in trips)


def frozen_on(card):
    """Fen that a simulated card holds frozen; what it would take back is not."""
    if card is None or card.capp is None:
        return 0
    return card.capp.held_fen


def stamp_of(card):
    """Fields of the bike's record of a simulated card, None where it has none."""
    if card.capp is None:
        return None
    for sfi, data, _ in card.state["extended"]["records"]:
        if sfi == SFI and data[:4] == layouts.OWN["bike"][1].hex():
            return layouts.read(layouts.FREEZE, bytes.fromhex(data))
    return None
