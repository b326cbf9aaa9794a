# SPDX-License-Identifier: Apache-2.0
"""Test CA and issuer: from nothing to a card with its own certificates.

    authority = Authority.generate(index=0xF1)
    image = authority.issue_issuer().personalise("6228000100000012", Profile(balance_fen=5000))

    authority = Authority.generate(index=0xF3, suite="sm2")
    image = authority.issue_issuer().personalise("6228000100000020", Profile(suite="sm2"))

What is signed is the business of the keys (rsa_keys.py, sm2_keys.py), what a card holds that of
personalise.py. Test keys only: the private keys stand in the file.
"""

import os

from sim.personalise import personalise
from sim.profile import UNION_PAY, Profile
from sim.suites import KEYS, key_from_json


class Authority:
    """A certification authority: RID, index, key."""

    def __init__(self, rid, index, key):
        self.rid, self.index, self.key = rid, index, key

    @classmethod
    def generate(cls, rid=UNION_PAY, index=0xF1, bits=1984, exponent=3, suite="rsa"):
        """Make a CA; `bits` and `exponent` are those of RSA and count for nothing with "sm2"."""
        return cls(rid, index, KEYS[suite].generate(bits, exponent))

    @classmethod
    def from_json(cls, parts):
        return cls(parts["rid"], parts["index"], key_from_json(parts["key"]))

    def to_json(self):
        return {"rid": self.rid, "index": self.index, "key": self.key.to_json()}

    def ca_line(self):
        """Return 'RSA RID INDEX EXPONENT MODULUS' or 'SM2 RID INDEX POINT', as files have it."""
        words = [self.key.suite.upper(), self.rid, f"{self.index:02X}", *self.key.public_words]
        return " ".join(words)

    def issue_issuer(self, issuer_id="622800", bits=1408, exponent=3, expiry="1249", serial=1):
        """Make an issuer; `issuer_id` are 3 to 8 leading PAN digits, `expiry` is MMYY."""
        key = KEYS[self.key.suite].generate(bits, exponent)
        owner = bytes.fromhex(issuer_id.ljust(8, "F"))
        certificate, remainder = self.key.certify(
            "issuer", owner, bytes.fromhex(expiry), serial, key
        )
        masters = (os.urandom(16).hex().upper(), os.urandom(16).hex().upper())
        names = certificate.hex().upper(), remainder.hex().upper()
        return Issuer(self.rid, self.index, key, *names, masters)


class Issuer:
    """An issuer: its key, its certificate by a CA, its master keys for cryptograms and MACs."""

    def __init__(self, rid, ca_index, key, certificate, remainder, masters):
        self.rid, self.ca_index, self.key = rid, ca_index, key
        self.certificate, self.remainder, self.masters = certificate, remainder, masters

    @classmethod
    def from_json(cls, parts):
        return cls(**{**parts, "key": key_from_json(parts["key"])})

    def to_json(self):
        return {**vars(self), "key": self.key.to_json()}

    def personalise(self, pan, profile=None, second=None):
        """Return the image of a new card with the PAN `pan` (digits).

        `second`: the Issuer of the other suite, for a card of both. ValueError when the profile
        wants a suite that none of the two signs.
        """
        issuers = {one.key.suite: one for one in (second, self) if one}
        return personalise(pan, profile or Profile(), issuers)
