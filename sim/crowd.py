# SPDX-License-Identifier: Apache-2.0
"""Crowd: thousands of cards from one seed, each made when it is asked for; nothing touches a disk.

    crowd = Crowd(7); card = crowd.card("adult-12", ADULT, Profile(balance_fen=5000))

What takes time in a wallet is a key a card. Here all cards share one key a suite, made of the
seed; each has its own PAN and its own certificate over it, which costs one signature. So a
terminal verifies for every card what it verifies for any other, and the same seed gives the same
bytes; but for signatures by SM2, of which no two are alike.
"""

import hashlib
import random
from dataclasses import replace

from sim.card import Card
from sim.issuer import Authority, Issuer
from sim.personalise import personalise
from sim.profile import UNION_PAY
from sim.rsa_keys import RsaKey
from sim.sm2_keys import ORDER, Sm2Key
from sim.wallet import CA_INDICES, TERMINAL_AID, luhn

BITS = {"ca": 1984, "issuer": 1408, "card": 1024}
EXPONENT = 3
ISSUER_ID, ISSUER_EXPIRY = "622800FF", "1249"
ROUNDS = 24  # of Miller-Rabin, random bases


class Crowd:
    """Cards by name. `cards`: {name: Card} of all that were asked for; `pans`: their numbers.

    suites: of the cards that there may be; a terminal knows a CA key of each.
    """

    def __init__(self, seed, suites=("rsa",)):
        self.seed = seed
        self.cards = {}
        self.pans = {}
        self.serials = {}  # prefix -> how many
        made = {"rsa": _rsa_keys(seed)}
        if "sm2" in suites:
            made["sm2"] = _sm2_keys(seed)
        self.authorities = {
            suite: Authority(UNION_PAY, CA_INDICES[suite], keys["ca"])
            for suite, keys in made.items()
        }
        self.keys = {suite: keys["card"] for suite, keys in made.items()}
        self.issuers = {suite: self._issuer(suite, keys) for suite, keys in made.items()}

    def _issuer(self, suite, keys):
        certificate, remainder = keys["ca"].certify(
            "issuer", bytes.fromhex(ISSUER_ID), bytes.fromhex(ISSUER_EXPIRY), 1, keys["issuer"]
        )
        return Issuer(
            UNION_PAY,
            CA_INDICES[suite],
            keys["issuer"],
            certificate.hex().upper(),
            remainder.hex().upper(),
            (self._hex("udk", 16), self._hex("mac", 16)),
        )

    def pan(self, prefix, serial):
        """The PAN of the `serial`-th card behind `prefix`, 8 digits."""
        return luhn(f"{prefix}{serial:07d}")

    def card(self, name, prefix, profile):
        """The card called `name`; made of `profile` the first time."""
        if name not in self.cards:
            serial = self.serials[prefix] = self.serials.get(prefix, 0) + 1
            pan = self.pans[name] = self.pan(prefix, serial)
            uid = profile.uid or "04" + self._hex(f"uid {pan}", 6)
            image = personalise(pan, replace(profile, uid=uid), self.issuers, self.keys)
            draw = random.Random(f"{self.seed} card {pan}")
            self.cards[name] = Card(image, rollback=profile.rollback, random=draw.randbytes)
        return self.cards[name]

    def parameters(self):
        """What every terminal must know of these cards: lines of a parameter file."""
        known = [f"ca: {one.ca_line()}" for one in self.authorities.values()]
        return [*known, f"aid: {TERMINAL_AID} partial"]

    def _hex(self, what, count):
        return hashlib.sha256(f"{self.seed} {what}".encode()).hexdigest()[: 2 * count].upper()


def _rsa_keys(seed):
    return {name: seeded_key(f"{seed} {name}", bits) for name, bits in BITS.items()}


def _sm2_keys(seed):
    drawn = {name: random.Random(f"{seed} sm2 {name}") for name in BITS}
    return {name: Sm2Key(draw.randint(1, ORDER - 2)) for name, draw in drawn.items()}


def seeded_key(seed, bits):
    """RsaKey of two primes drawn from a seed: fit for tests, guards nothing."""
    draw = random.Random(seed)
    return RsaKey.of_primes(_prime(draw, bits // 2), _prime(draw, bits // 2), EXPONENT)


def _prime(draw, bits):
    while True:
        candidate = draw.getrandbits(bits) | 3 << (bits - 2) | 1
        if candidate % EXPONENT == 2 and _is_prime(candidate, draw):
            return candidate


def _is_prime(n, draw):
    if any(n % one == 0 for one in range(3, 2000, 2)) or pow(2, n - 1, n) != 1:
        return False
    odd = n - 1
    twos = (odd & -odd).bit_length() - 1
    odd >>= twos
    return all(_no_witness(draw.randrange(2, n - 1), n, odd, twos) for _ in range(ROUNDS))


def _no_witness(base, n, odd, twos):
    x = pow(base, odd, n)
    if x in (1, n - 1):
        return True
    for _ in range(twos - 1):
        x = x * x % n
        if x == n - 1:
            return True
    return False
