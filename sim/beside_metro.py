# SPDX-License-Identifier: Apache-2.0
"""A gate of a metro on the stage over the shared store: an exit, the entries of other stations
played at the wire; or an entry, the gate that keeps the store played there.

Settings that go with it: door: barrier; lane: exit, twin: serial:twin,
store: file:{folder}/store.bin; or lane: entry, store: serial:twin
"""

from sim.beside_entry import BesideEntry
from sim.beside_parking import BesideParking


class BesideMetro(BesideParking):
    """Riders by the name of their card, as the cars of a car park."""

    FACTS = (
        "entries stored for the other stations",
        "riders sent away at the entry",
        "paid at the exit",
        "left without paying",
        "left with a pass",
        "told to open once more, paid before",
        "gate was told to open",
        "riders who walked out",
        "riders inside at the end",
    )

    def verbs(self):
        return {**super().verbs(), "ride": self.ride}

    def ride(self, card, station, minutes=None, **how):
        """A rider comes in at a station and is at this gate `minutes` later; None: not in this
        play. Other arguments: of leave().
        """
        self.origins[card] = station
        self.park(card, minutes, **how)


class BesideMetroEntry(BesideEntry):
    """Riders by the name of their card, as the cars of a car park."""

    FACTS = (
        "entries noted, in the journal",
        "riders who walked in",
        "turned back in front of the open gate",
        "kept out by what the gate with the store said",
        "gate was told to open",
    )

    def balance(self, records):
        """As a car park's entry."""
        facts, faults = super().balance(records)
        return dict(zip(self.FACTS, facts.values(), strict=True)), faults
