# SPDX-License-Identifier: Apache-2.0
"""An exit gate of a metro on the stage; the entries of other stations are played at the wire.

Settings that go with it: lane: exit, twin: serial:twin, store: file:{folder}/store.bin,
door: barrier
"""

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
