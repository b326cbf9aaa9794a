# SPDX-License-Identifier: Apache-2.0
"""Test CA, issuer and personalisation: from nothing to a card image with its own certificates.

    authority = Authority.generate(index=0xF1)
    image = authority.issue_issuer().personalise("6228000100000012", Profile(balance_fen=5000))

    authority = Authority.generate(index=0xF3, suite="sm2")
    image = authority.issue_issuer().personalise("6228000100000020", Profile(suite="sm2"))

What is signed is the business of the keys (rsa_keys.py, sm2_keys.py). An image is a JSON object of
the shape of the published test card: hex texts, records by SSRR (SFI, record) with their template
70. Records of a conforming card (qpboc.md 2.5): the issuer certificate alone in one (254 bytes
under a CA of 1984 bits), then 8F and exponents, the ICC certificate, PAN and expiry (the signed
one), the rest, and a last one of at most 32 bytes with 9F74; record 1 of SFI 1 is outside the AFL
and gives 57. A card of both suites has a second set of key records and a second AFL. Test keys
only: the private keys stand in the file.
"""

import os
from dataclasses import dataclass, field

from sim.coding import n12, tlv
from sim.suites import KEYS, PROFILES, SUITES, key_from_json

PPSE_NAME = b"2PAY.SYS.DDF01"
PDOL = bytes.fromhex("9F66049F02069F03069F1A0295055F2A029A039C019F3704")
AIP = "7C00"  # live cards show it, qpboc.md 2.3
SM_PDOL = PDOL + bytes.fromhex("DF6901")
UNION_PAY = "A000000333"


@dataclass(frozen=True)
class Profile:
    """What differs from card to card; hex texts, dates YYMMDD, amounts in fen.

    `suite`: "rsa", "sm2" (needs DF69 = 01 from the terminal) or "both" (answers by DF69).
    `forged`: "" or what is wrong: "certificate" (9F46 damaged), "sdad" (9F4B damaged), "hash"
    (only the hash inside 9F4B, so that it shows after the last record alone). `options` is 9F68:
    low value, foreign currency forbidden. `records_need_gpo`: no re-reading after a tear
    (JR/T 0025.7 8.3.2.1 allows it). `ca_index` replaces 8F. `busy_ms` maps "PPSE",
    "SELECT", "GPO", "READ RECORD", "GET DATA" to the time the card takes.
    """

    suite: str = "rsa"
    psn: str = "01"
    aid: str = UNION_PAY + "010101"
    label: str = "TEST DEBIT"
    effective: str = "200101"
    expiry: str = "351231"
    bits: int = 1024
    exponent: int = 3
    balance_fen: int = 10000
    single_limit_fen: int = 100000
    threshold_fen: int = 0
    options: str = "80400000"
    ctq: str = "0000"
    cvn: str = "01"
    forged: str = ""
    blocked: str = ""  # "application" or "card"
    records_need_gpo: bool = False
    ca_index: int | None = None
    uid: str = ""
    ats: str = "0578807002"
    kind: str = "A"
    busy_ms: dict = field(default_factory=dict)


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
        masters = (_hex(os.urandom(16)), _hex(os.urandom(16)))
        return Issuer(self.rid, self.index, key, _hex(certificate), _hex(remainder), masters)


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
        profile = profile or Profile()
        issuers = {one.key.suite: one for one in (second, self) if one}
        signed = b"".join(
            (
                tlv(0x5A, _cn(pan)),
                tlv(0x5F24, bytes.fromhex(profile.expiry)),
                tlv(0x5F25, bytes.fromhex(profile.effective)),
                tlv(0x9F08, bytes.fromhex("0030")),
                tlv(0x9F4A, b"\x82"),
            )
        )
        track_2 = f"{pan}D{profile.expiry[:4]}2010000012345"
        track_2 += "F" * (len(track_2) % 2)
        records = {
            "0101": tlv(0x57, bytes.fromhex(track_2)),
            "0301": signed,
            "0302": tlv(0x5F28, bytes.fromhex("0156"))
            + tlv(0x9F07, bytes.fromhex("FFC0"))
            + tlv(0x5F20, b"TEST CARD")
            + tlv(0x9F63, bytes(16)),
            "0303": tlv(0x9F74, b"ECC001"),
        }
        image = {
            "pan": pan,
            "psn": profile.psn,
            "aid": profile.aid,
            "kind": profile.kind,
            "uid": profile.uid or "04" + _hex(os.urandom(6)),
            "ats": profile.ats,
            "ppse": _hex(_ppse(profile)),
            "fci_contactless": _hex(_fci(profile)),
            "track2_57": track_2,
            "profiles": {},
            "iad_template": f"0701{profile.cvn}03000000010A01",
            "internal_data": _internal_data(profile),
            "oddities": {
                "forged": profile.forged,
                "blocked": profile.blocked,
                "records_need_gpo": profile.records_need_gpo,
            },
            "busy_ms": dict(profile.busy_ms),
        }
        for suite in SUITES[profile.suite]:
            if suite not in issuers:
                raise ValueError(f"a card of suite {profile.suite} needs an issuer of {suite}")
            issuers[suite]._add_suite(image, records, profile, signed)
        image["records"] = {name: _hex(tlv(0x70, body)) for name, body in records.items()}
        return image

    def _add_suite(self, image, records, profile, signed):
        """Give a card a key of this suite: its records, AFL and symmetric keys."""
        where = PROFILES[self.key.suite]
        key = KEYS[self.key.suite].generate(profile.bits, profile.exponent)
        bodies = self._key_records(image["pan"], profile, key, signed)
        image[where.key] = key.to_json()
        image[where.symmetric] = {
            name: _hex(where.cipher.card_key(bytes.fromhex(master), image["pan"], profile.psn))
            for name, master in zip(("udk_ac", "udk_mac"), self.masters, strict=True)
        }
        afl = f"{where.sfi << 3:02X}01{len(bodies):02X}0018010301"
        sdad_record = f"{where.sfi:02X}{len(bodies):02X}" if key.length > 128 else ""
        image["profiles"][where.name] = {"aip": AIP, "afl": afl, "sdad_record": sdad_record}
        for number, body in enumerate(bodies, 1):
            records[f"{where.sfi:02X}{number:02X}"] = body

    def _key_records(self, pan, profile, key, signed):
        """Return the bodies of the key records; a long key adds one for the card's 9F4B."""
        owner = bytes.fromhex(pan.ljust(20, "F"))
        expiry = bytes.fromhex(profile.expiry[2:4] + profile.expiry[:2])
        certificate, remainder = self.key.certify(
            "icc", owner, expiry, 1, key, signed + bytes.fromhex(AIP)
        )
        if profile.forged == "certificate":
            certificate = certificate[:-1] + bytes([certificate[-1] ^ 1])
        index = self.ca_index if profile.ca_index is None else profile.ca_index
        parts = (
            (0x8F, bytes([index])),
            (0x9F32, self.key.exponent),
            (0x92, bytes.fromhex(self.remainder)),
            (0x9F47, key.exponent),
            (0x9F48, remainder),
        )
        objects = b"".join(tlv(tag, value) for tag, value in parts if value)
        bodies = [tlv(0x90, bytes.fromhex(self.certificate)), objects, tlv(0x9F46, certificate)]
        return bodies + [b""] * (key.length > 128)


def _ppse(profile):
    entry = tlv(0x4F, bytes.fromhex(profile.aid)) + tlv(0x50, profile.label.encode())
    entry += tlv(0x87, b"\x01")
    directory = tlv(0xA5, tlv(0xBF0C, tlv(0x61, entry)))
    return tlv(0x6F, tlv(0x84, PPSE_NAME) + directory)


def _fci(profile):
    pdol = PDOL if profile.suite == "rsa" else SM_PDOL
    own = tlv(0x50, profile.label.encode()) + tlv(0x87, b"\x01") + tlv(0x9F38, pdol)
    own += tlv(0x5F2D, b"zhen")
    return tlv(0x6F, tlv(0x84, bytes.fromhex(profile.aid)) + tlv(0xA5, own))


def _internal_data(profile):
    return {
        "5F34": profile.psn,
        "9F13": "0001",  # has been online: not a new card
        "9F17": "03",
        "9F36": "0000",
        "9F51": "0156",
        "9F5D": "000000000001",  # enabled
        "9F68": profile.options,
        "9F6C": profile.ctq,
        "9F6D": _hex(n12(profile.threshold_fen)),
        "9F78": _hex(n12(profile.single_limit_fen)),
        "9F79": _hex(n12(profile.balance_fen)),
    }


def _cn(digits):
    return bytes.fromhex(digits + "F" * (len(digits) % 2))


def _hex(value):
    return value.hex().upper()
