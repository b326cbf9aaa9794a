# SPDX-License-Identifier: Apache-2.0
"""CA public keys: what a terminal trusts (JR/T 0025.7 §9.3.2, table 29; qpboc.md 2.10).

A key names the suite that opens what it signed: a module, oda_rsa.py or oda_sm2.py, with
ALGORITHM, MANDATORY, issuer_key(), icc_key(), check_static() and open_sdad(). Nothing here
imports one, so that a terminal without SM2 keys never loads SM2.
"""

import hashlib
from collections import namedtuple

ALGORITHM_SM2 = 4  # JR/T 0025.17 annex A

# rid: 5 bytes; index: int; suite: module, stands for key and hash algorithm; key: bytes, the
# modulus, or X then Y of the point; exponent: int, 0 with SM2; until: (year, month, day) of the
# last day it may be used, None for no limit; revoked: tuple of certificate serials of 3 bytes;
# curves: bytes, curve ids accepted below an SM2 key; checksum: 20 bytes (QT-018)
Capk = namedtuple(
    "Capk",
    ("rid", "index", "suite", "key", "exponent", "until", "revoked", "curves", "checksum"),
)


def new(rid, index, suite, key, exponent=0, until=None, revoked=(), curves=b"\x11"):
    """Capk with its checksum."""
    seal = checksum(rid, index, key, exponent)
    return Capk(rid, index, suite, key, exponent, until, revoked, curves, seal)


def checksum(rid, index, key, exponent):
    """SHA-1 over RID, index, key and exponent (JR/T 0025.7 table 29). For SM2 keys, which have no
    exponent and whose published rule is not known, it is our own guard and nothing else.
    """
    size = 0 if not exponent else 1 if exponent < 256 else 3
    return hashlib.sha1(rid + bytes((index,)) + key + exponent.to_bytes(size, "big")).digest()


def find(capks, rid, index):
    """The Capk of RID and index, never of the index alone; None if absent (QT-017, QT-187)."""
    for one in capks:
        if one.index == index and one.rid == rid:
            return one
    return None


def is_intact(one):
    """True while the bytes of a Capk fit its checksum."""
    return checksum(one.rid, one.index, one.key, one.exponent) == one.checksum


def refusal(one, today):
    """Why this Capk must not be used on this day, "" if it may. today: (year, month, day)."""
    if one.until and one.until < today:
        return "is out of use"  # QT-023
    return "" if is_intact(one) else "is damaged"


def offers_sm(capks, today=(0, 0, 0)):
    """True when DF69 may promise SM2, SM3 and SM4: an SM2 key is held that may be used (JR/T
    0025.17 §10.3.3). Without it a card of both suites is asked for RSA.
    """
    return any(one.suite.ALGORITHM == ALGORITHM_SM2 and not refusal(one, today) for one in capks)


class Keyring:
    """The CA keys of a terminal at work. `capks`: tuple of those that may be used."""

    def __init__(self, capks):
        self.capks = capks
        self.turn = 0

    def check_next(self):
        """Look at one key, in turn: the Capk that is damaged, taken out by that, else None
        (QT-022). Costs one SHA-1; called in idle time.
        """
        if not self.capks:
            return None
        self.turn = (self.turn + 1) % len(self.capks)
        one = self.capks[self.turn]
        if is_intact(one):
            return None
        self.capks = self.capks[: self.turn] + self.capks[self.turn + 1 :]
        return one
