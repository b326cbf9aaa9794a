# SPDX-License-Identifier: Apache-2.0
"""A folder of test cards: `wallet.json` lists them, each card is a file of its own.

    wallet = Wallet.create("wallet")      # the kinds of KINDS, new keys, distinct card numbers
    wallet = Wallet("wallet"); card = wallet.card("student-1")
    wallet.parameters()                   # what a terminal must know of it

The PAN begins with the class: 62280001 adult, 62280002 student, 62280003 senior; all are 16 digits
with a Luhn digit, of a test range. `wallet.json` also keeps a test CA and an issuer of each suite,
so that cards can be added; these private keys guard nothing.
"""

import json
from collections import namedtuple
from pathlib import Path

from firmware.errors import FormatError
from sim.card import Card
from sim.issuer import Authority, Issuer, Profile
from sim.suites import SUITES

FORMAT = 2
CLASSES = (("62280001", "adult"), ("62280002", "student"), ("62280003", "senior"))
CA_INDICES = {"rsa": 0xF1, "sm2": 0xF3}
UNKNOWN_CA_INDEX = 0xF2
FOREIGN_AID = "A0000000031010"
TERMINAL_AID = "A0000003330101"  # partial, qpboc.md 2.11

# name, kind, PAN prefix, profile
KINDS = (
    ("adult-1", "adult", "62280001", Profile()),
    ("adult-2", "adult", "62280001", Profile(balance_fen=25000, exponent=65537)),
    ("adult-3", "adult", "62280001", Profile(bits=1152)),
    ("adult-4", "adult", "62280001", Profile(uid="08A1B2C3", cvn="17")),
    ("adult-5", "adult", "62280001", Profile(kind="B", uid="A1B2C3D4")),
    ("student-1", "student", "62280002", Profile()),
    ("student-2", "student", "62280002", Profile(balance_fen=2000)),
    ("senior-1", "senior", "62280003", Profile()),
    ("low-balance", "low_balance", "62280001", Profile(balance_fen=50)),
    ("deny-listed", "deny_listed", "62280001", Profile()),
    ("expired", "expired", "62280001", Profile(effective="150101", expiry="241231")),
    ("unknown-ca", "unknown_ca", "62280001", Profile()),
    ("forged-signature", "forged", "62280001", Profile(forged="sdad")),
    ("forged-hash", "forged", "62280001", Profile(forged="hash")),
    ("forged-certificate", "forged", "62280001", Profile(forged="certificate")),
    ("foreign", "foreign", "47617390", Profile(aid=FOREIGN_AID, label="FOREIGN")),
    ("slow", "slow", "62280001", Profile(busy_ms={"GPO": 900})),
)

Entry = namedtuple("Entry", ("name", "kind", "pan", "file"))


class Wallet:
    """The cards of one folder; FormatError when there is no wallet or it cannot be read."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._path = self.folder / "wallet.json"
        if not self._path.exists():
            raise FormatError(f"{self.folder}: no wallet here, create one first")
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if stored["format"] != FORMAT:
                raise FormatError(f"{self._path}: wallet format is not known")
            self.entries = [Entry(**entry) for entry in stored["cards"]]
            self.authorities = _read_each(Authority, stored["authorities"])
            self.issuers = _read_each(Issuer, stored["issuers"])
        except (ValueError, KeyError, TypeError) as wrong:
            raise FormatError(f"{self._path}: not a wallet: {wrong!r}") from wrong

    @classmethod
    def create(cls, folder, kinds=KINDS):
        """Make a wallet in `folder`; FileExistsError when one is there, nothing is overwritten."""
        folder = Path(folder)
        if (folder / "wallet.json").exists():
            raise FileExistsError(f"{folder} already holds a wallet; choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        known = {
            suite: Authority.generate(index=index, suite=suite)
            for suite, index in CA_INDICES.items()
        }
        issuers = {suite: authority.issue_issuer() for suite, authority in known.items()}
        stranger = Authority.generate(index=UNKNOWN_CA_INDEX).issue_issuer()
        _write(folder, known, issuers, [])
        wallet = cls(folder)
        for name, kind, prefix, profile in kinds:
            wallet.add(name, kind, prefix, profile, stranger if kind == "unknown_ca" else None)
        return wallet

    def add(self, name, kind, prefix, profile=None, issuer=None):
        """Make one more card, its PAN the next free one behind `prefix`; return it.

        `issuer` in place of the wallet's own; ValueError when the name is taken.
        """
        if any(entry.name == name for entry in self.entries):
            raise ValueError(f"a card called {name} is in the wallet")
        pan = luhn(f"{prefix}{len(self.entries) + 1:07d}")
        profile = profile or Profile()
        first, *others = [self.issuers[suite] for suite in SUITES[profile.suite]]
        image = (issuer or first).personalise(pan, profile, *others)
        path = self.folder / f"{name}.json"
        if path.exists():
            raise FileExistsError(f"{path} is there already and may hold money")
        card = Card(image, path=path)
        card.save()
        self.entries.append(Entry(name, kind, pan, card.path.name))
        _write(self.folder, self.authorities, self.issuers, self.entries)
        return card

    def card(self, name):
        """Load the card called `name`; KeyError when there is none."""
        for entry in self.entries:
            if entry.name == name:
                return Card.load(self.folder / entry.file)
        raise KeyError(name)

    def cards(self, kind=None):
        """Load all cards, or all of one kind."""
        return [self.card(entry.name) for entry in self.entries if kind in (None, entry.kind)]

    def parameters(self):
        """Return what a terminal must know: CA keys, AIDs, deny list, fare classes by PAN prefix.

        {"ca": ["RSA RID INDEX EXPONENT MODULUS", "SM2 RID INDEX POINT"], "aids": [hex],
        "deny": [pan], "classes": [(prefix, name)]}. The SM2 key is in it if a card has that suite,
        the unknown CA never.
        """
        suites = {suite for card in self.cards() for suite in card.suites} | {"rsa"}
        return {
            "ca": [one.ca_line() for suite, one in self.authorities.items() if suite in suites],
            "aids": [TERMINAL_AID],
            "deny": [entry.pan for entry in self.entries if entry.kind == "deny_listed"],
            "classes": list(CLASSES),
        }


def _read_each(kind, stored):
    return {suite: kind.from_json(stored[suite]) for suite in CA_INDICES}


def _write(folder, authorities, issuers, entries):
    stored = {
        "format": FORMAT,
        "cards": [entry._asdict() for entry in entries],
        "authorities": {suite: one.to_json() for suite, one in authorities.items()},
        "issuers": {suite: one.to_json() for suite, one in issuers.items()},
    }
    new = folder / "wallet.new"
    new.write_text(json.dumps(stored, indent=1), encoding="utf-8")
    new.replace(folder / "wallet.json")


def luhn(digits):
    """Append the check digit of ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value // 10 + value % 10
    return digits + str(-total % 10)
