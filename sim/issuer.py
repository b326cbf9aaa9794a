# SPDX-License-Identifier: Apache-2.0
"""Test CA, issuer and personalisation: from nothing to a card image with its own certificates.

    authority = Authority.generate(index=0xF1)
    image = authority.issue_issuer().personalise("6228000100000012", Profile(balance_fen=5000))

Certificates are laid out as JR/T 0025.7 tables 6 and 12 (qpboc.md 2.8), signed by raw RSA. An
image is a JSON object of the shape of the published test card: hex texts, records by SSRR (SFI,
record) with their template 70. Records of a conforming card (2.5): the issuer certificate alone in
one of 254 bytes, then 8F and exponents, the ICC certificate, PAN and expiry (the signed one), the
rest, and a last one of at most 32 bytes with 9F74; record 1 of SFI 1 is outside the AFL and gives
57. Test keys only: the private keys stand in the file.
"""

import os
from dataclasses import dataclass, field

from sim.coding import n12, tlv
from sim.cryptogram import RsaKey, card_key, signed_block

PPSE_NAME = b"2PAY.SYS.DDF01"
PDOL = bytes.fromhex("9F66049F02069F03069F1A0295055F2A029A039C019F3704")
AIP = "7C00"  # live cards show it, qpboc.md 2.3
HASH_AND_KEY = b"\x01\x01"  # SHA-1, RSA
UNION_PAY = "A000000333"


@dataclass(frozen=True)
class Profile:
    """What differs from card to card; hex texts, dates YYMMDD, amounts in fen.

    `forged`: "" or what is wrong: "certificate" (9F46 damaged), "sdad" (9F4B damaged), "hash"
    (only the hash inside 9F4B, so that it shows after the last record alone). `options` is 9F68:
    low value, foreign currency forbidden. `records_need_gpo`: no re-reading after a tear
    (JR/T 0025.7 8.3.2.1 allows it). `ca_index` replaces 8F. `busy_ms` maps "PPSE",
    "SELECT", "GPO", "READ RECORD", "GET DATA" to the time the card takes.
    """

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
    def generate(cls, rid=UNION_PAY, index=0xF1, bits=1984, exponent=3):
        return cls(rid, index, RsaKey.generate(bits, exponent))

    @classmethod
    def from_json(cls, parts):
        return cls(parts["rid"], parts["index"], RsaKey.from_json(parts["key"]))

    def to_json(self):
        return {"rid": self.rid, "index": self.index, "key": self.key.to_json()}

    def ca_line(self):
        """Return 'RSA RID INDEX EXPONENT MODULUS' as session and parameter files have it."""
        key = self.key
        parts = (self.rid, f"{self.index:02X}", _hex(key.exponent), _hex(key.modulus))
        return "RSA " + " ".join(parts)

    def issue_issuer(self, issuer_id="622800", bits=1408, exponent=3, expiry="1249", serial=1):
        """Make an issuer; `issuer_id` are 3 to 8 leading PAN digits, `expiry` is MMYY."""
        key = RsaKey.generate(bits, exponent)
        owner = bytes.fromhex(issuer_id.ljust(8, "F"))
        certificate, remainder = _certificate(
            self.key, b"\x02", owner, expiry, serial, key, room=self.key.length - 36
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
        return cls(**{**parts, "key": RsaKey.from_json(parts["key"])})

    def to_json(self):
        return {**vars(self), "key": self.key.to_json()}

    def personalise(self, pan, profile=None):
        """Return the image of a new card with the PAN `pan` (digits)."""
        profile = profile or Profile()
        key = RsaKey.generate(profile.bits, profile.exponent)
        signed = b"".join(
            (
                tlv(0x5A, _cn(pan)),
                tlv(0x5F24, bytes.fromhex(profile.expiry)),
                tlv(0x5F25, bytes.fromhex(profile.effective)),
                tlv(0x9F08, bytes.fromhex("0030")),
                tlv(0x9F4A, b"\x82"),
            )
        )
        records = self._key_records(pan, profile, key, signed)
        afl = f"1001{len(records):02X}0018010301"
        records = {f"02{number:02X}": body for number, body in enumerate(records, 1)}
        track_2 = f"{pan}D{profile.expiry[:4]}2010000012345"
        track_2 += "F" * (len(track_2) % 2)
        records["0101"] = tlv(0x57, bytes.fromhex(track_2))
        records["0301"] = signed
        records["0302"] = b"".join(
            (
                tlv(0x5F28, bytes.fromhex("0156")),
                tlv(0x9F07, bytes.fromhex("FFC0")),
                tlv(0x5F20, b"TEST CARD"),
                tlv(0x9F63, bytes(16)),
            )
        )
        records["0303"] = tlv(0x9F74, b"ECC001")
        return {
            "pan": pan,
            "psn": profile.psn,
            "aid": profile.aid,
            "kind": profile.kind,
            "uid": profile.uid or "04" + _hex(os.urandom(6)),
            "ats": profile.ats,
            "ppse": _hex(_ppse(profile)),
            "fci_contactless": _hex(_fci(profile)),
            "track2_57": track_2,
            "profiles": {"qpboc": {"aip": AIP, "afl": afl}},
            "sdad_record": "0204" if key.length > 128 else "",
            "records": {name: _hex(tlv(0x70, body)) for name, body in records.items()},
            "iad_template": f"0701{profile.cvn}03000000010A01",
            "internal_data": _internal_data(profile),
            "icc_rsa": key.to_json(),
            "des_keys": {
                name: _hex(card_key(bytes.fromhex(master), pan, profile.psn))
                for name, master in zip(("udk_ac", "udk_mac"), self.masters, strict=True)
            },
            "oddities": {
                "forged": profile.forged,
                "blocked": profile.blocked,
                "records_need_gpo": profile.records_need_gpo,
            },
            "busy_ms": dict(profile.busy_ms),
        }

    def _key_records(self, pan, profile, key, signed):
        """Return the bodies of the records of SFI 2; a long key adds one for the card's 9F4B."""
        static = signed + bytes.fromhex(AIP)
        owner = bytes.fromhex(pan.ljust(20, "F"))
        expiry = profile.expiry[2:4] + profile.expiry[:2]
        certificate, remainder = _certificate(
            self.key, b"\x04", owner, expiry, 1, key, room=self.key.length - 42, static=static
        )
        if profile.forged == "certificate":
            certificate = certificate[:-1] + bytes([certificate[-1] ^ 1])
        index = self.ca_index if profile.ca_index is None else profile.ca_index
        exponents = tlv(0x8F, bytes([index])) + tlv(0x9F32, self.key.exponent)
        if self.remainder:
            exponents += tlv(0x92, bytes.fromhex(self.remainder))
        exponents += tlv(0x9F47, key.exponent)
        if remainder:
            exponents += tlv(0x9F48, remainder)
        bodies = [tlv(0x90, bytes.fromhex(self.certificate)), exponents, tlv(0x9F46, certificate)]
        return bodies + [b""] * (key.length > 128)


def _certificate(signer, form, owner, expiry, serial, key, room, static=b""):
    """Return (certificate, remainder of the modulus); `room` bytes of it fit inside."""
    inside = key.modulus[:room].ljust(room, b"\xbb")
    remainder = key.modulus[room:]
    lengths = bytes([key.length, len(key.exponent)])
    head = form + owner + bytes.fromhex(expiry) + serial.to_bytes(3, "big")
    fields = head + HASH_AND_KEY + lengths + inside
    return signed_block(signer, fields, remainder + key.exponent + static), remainder


def _ppse(profile):
    entry = tlv(0x4F, bytes.fromhex(profile.aid)) + tlv(0x50, profile.label.encode())
    entry += tlv(0x87, b"\x01")
    directory = tlv(0xA5, tlv(0xBF0C, tlv(0x61, entry)))
    return tlv(0x6F, tlv(0x84, PPSE_NAME) + directory)


def _fci(profile):
    own = tlv(0x50, profile.label.encode()) + tlv(0x87, b"\x01") + tlv(0x9F38, PDOL)
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
