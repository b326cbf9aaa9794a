# SPDX-License-Identifier: Apache-2.0
"""The riders' cards: whole simulated cards with a metro record, honest ones and such that lie."""

import random
from typing import Any

from sim import capp_hostile
from sim.capp_profile import Extension
from sim.crowd import Crowd
from sim.hostile import Hostile
from sim.kinds import ADULT
from sim.profile import Profile

LEAST_FEN, MOST_FEN = 2000, 10000
# of a hundred honest ones: name, its fields
HONEST = (
    (70, "plain", {"extended": Extension(("metro", "rides"))}),
    (16, "R-MAC", {"extended": Extension(("metro", "rides"), r_mac=True)}),
    (8, "offset", {"extended": Extension(("metro",), offset_fen=2000)}),
    (3, "SM2", {"suite": "sm2", "extended": Extension(("metro",), r_mac=True)}),
    (3, "nearly empty", {"balance_fen": 250, "extended": Extension(("metro",))}),
)
ODD = (
    ("no metro record", {"extended": Extension(("bus",))}),
    ("no extended application", {}),
    ("signature forged", {"forged": "sdad", "extended": Extension(("metro",))}),
    ("last hash forged", {"forged": "hash", "extended": Extension(("metro",))}),
    ("expired", {"effective": "150101", "expiry": "241231", "extended": Extension(("metro",))}),
)
OFFSET_FEN = 300  # balance of who needs his offset


class RiderCard:
    """One rider's card, as the balance wants it (sim/city/cards.py): `issued_fen`, `now_fen`,
    `finals`. `held`: what is held to a reader; `honest`: whether the camera knows what it costs.
    """

    def __init__(self, crowd, number, seed, hostile):
        dice = random.Random(f"{seed}/card {number}")
        made: dict[str, Any] = {"log": False}
        made["balance_fen"] = dice.randrange(LEAST_FEN, MOST_FEN, 50)
        bend = None
        self.honest = not hostile
        if not hostile:
            weights = [one[0] for one in HONEST]
            _, self.name, fields = dice.choices(HONEST, weights)[0]
            if self.name == "offset":
                made["balance_fen"] = OFFSET_FEN
        elif dice.randrange(4) == 0:
            self.name, fields = dice.choice(ODD)
        else:
            row = dice.choice([one for one in capp_hostile.rows() if one.form in (0, 1)])
            self.name, bend = row.name, row.bend
            r_mac = bool(row.r_mac) if row.r_mac is not None else bool(dice.randrange(2))
            fields = {"extended": Extension(("metro", "rides"), r_mac=r_mac)}
        made.update(fields)
        self.card = crowd.card(str(number), ADULT, Profile(**made))
        self.held = Hostile(self.card, bend) if bend else self.card
        self.issued_fen = self.card.held_fen

    @property
    def masked(self):
        """Its number, for people."""
        return self.card.pan[:6] + "******" + self.card.pan[-4:]

    @property
    def now_fen(self):
        """What is on it; what the offset owes is less than nothing."""
        return self.card.held_fen

    @property
    def finals(self):
        """[(atc, fen)] of the debits that are final, in their order."""
        return [(atc, fen) for atc, fen, final in self.card.debits if final]


def crowd_of(seed):
    """Crowd of one CA a suite; its parameters() go to all terminals."""
    return Crowd(f"{seed}/metro", ("rsa", "sm2"))
