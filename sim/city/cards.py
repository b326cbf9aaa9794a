# SPDX-License-Identifier: Apache-2.0
"""Cards of the riders: whole simulated cards (sim/card.py), made when a rider first rides.

All have the same key of their own and the same issuer, of keys.json: test keys that everybody
knows. So a card costs one signature, and the same seed makes the same bytes. A card that goes
wrong in its own way is one of ODD.
"""

import json
import random
from pathlib import Path

from sim.card import Card
from sim.issuer import Authority, Issuer
from sim.kinds import ADULT, SENIOR, STUDENT
from sim.personalise import personalise
from sim.profile import Profile
from sim.suites import key_from_json
from sim.wallet import luhn

KEYS = json.loads(Path(__file__).with_name("keys.json").read_text(encoding="utf-8"))
AUTHORITY = Authority.from_json(KEYS["authority"])
ISSUER = Issuer.from_json(KEYS["issuer"])
CARD_KEY = key_from_json(KEYS["card"])
BITS = 512

CLASSES = (ADULT, ADULT, ADULT, ADULT, STUDENT, STUDENT, SENIOR)  # so many of a hundred
# what is wrong with a card: how it is told, and its profile
ODD = (
    ("signature forged", {"forged": "sdad"}),
    ("last hash forged", {"forged": "hash"}),
    ("expired", {"effective": "150101", "expiry": "241231"}),
    ("nearly empty", {"balance_fen": 150}),
)
LEAST_FEN, MOST_FEN = 1000, 8000  # on a card at the start
RELOAD_FEN = 5000
LOW_FEN = 500  # who has less goes to the issuer first


class Purse:
    """One rider's card. `issued_fen`: all that was ever put on it; `moved`: whether a ride of it
    was given up for another terminal, its debit unresolved.
    """

    def __init__(self, number, seed, odd=None):
        dice = random.Random(f"{seed}/card {number}")
        prefix = dice.choice(CLASSES)
        balance_fen = dice.randrange(LEAST_FEN, MOST_FEN, 50)
        given = {"balance_fen": balance_fen, "uid": f"04{number:012X}", **(odd[1] if odd else {})}
        profile = Profile(bits=BITS, log=False, load_log=False, **given)
        pan = luhn(f"{prefix}{number:07d}")
        image = personalise(pan, profile, {"rsa": ISSUER}, {"rsa": CARD_KEY})
        self.card = Card(image, random=dice.randbytes)
        self.odd = odd[0] if odd else ""
        self.issued_fen = self.card.held_fen
        self.loads = 0
        self.paid_at = set()  # names of terminals

    @property
    def masked(self):
        """Its number, for people."""
        return self.card.pan[:6] + "******" + self.card.pan[-4:]

    @property
    def now_fen(self):
        """What is on it, without a debit that it would take back; frozen sums are."""
        return self.card.held_fen

    @property
    def finals(self):
        """[(atc, amount_fen)] of the debits that are final, in their order."""
        return [(atc, amount_fen) for atc, amount_fen, final in self.card.debits if final]

    def reload(self):
        """Put money on it if little is left; True if it was. A card that lacks money by its kind
        stays so.
        """
        if self.odd or self.card.balance_fen >= LOW_FEN:
            return False
        self.card.top_up(RELOAD_FEN)
        self.issued_fen += RELOAD_FEN
        self.loads += 1
        return True
