# SPDX-License-Identifier: Apache-2.0
"""A folder of test cards: `wallet.json` lists them, each card is a file of its own.

    wallet = Wallet.create("wallet")      # the kinds of KINDS, new keys, distinct card numbers
    wallet = Wallet("wallet"); card = wallet.card("student-1")
    wallet.parameters()                   # what a terminal must know of it

The PAN begins with the class: 62280001 adult, 62280002 student, 62280003 senior; all are 16 digits
with a Luhn digit, of a test range. `wallet.json` also keeps a test CA and issuers of both suites,
so that cards can be added; these private keys guard nothing. A wallet is made under another name
and then given its own: it is there as a whole or not at all. Who changes or uses cards holds the
folder's lock, because a card in memory writes its file anew.
"""

import fcntl
import json
import os
import re
import shutil
from collections import namedtuple
from contextlib import contextmanager
from pathlib import Path

from firmware.errors import FormatError
from sim.card import Card
from sim.card_file import sync_folder
from sim.issuer import Authority, Issuer, Profile
from sim.kinds import CLASSES, KINDS
from sim.suites import SUITES

FORMAT = 2
CA_INDICES = {"rsa": 0xF1, "sm2": 0xF3}
UNKNOWN_CA_INDEX = 0xF2
# issuers by name: suite of the CA, bits of an RSA key; those that no card needs are not made
ISSUERS = {"rsa": ("rsa", 1408), "long": ("rsa", 1984), "sm2": ("sm2", 0)}
TERMINAL_AID = "A0000003330101"  # partial, qpboc.md 2.11
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it names a file

Entry = namedtuple("Entry", ("name", "kind", "pan", "file"))


class Wallet:
    """The cards of one folder; FormatError when there is no wallet or it cannot be read."""

    def __init__(self, folder):
        self.folder = Path(folder)
        path = self.folder / "wallet.json"
        if not path.exists():
            raise FormatError(f"{self.folder}: no wallet here, create one first")
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["format"] != FORMAT:
                raise FormatError(f"{path}: wallet format is not known")
            self.entries = [Entry(**entry) for entry in stored["cards"]]
            self.authorities = _read_each(Authority, stored["authorities"])
            self.issuers = _read_each(Issuer, stored["issuers"])
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise FormatError(f"{path}: not a wallet: {wrong!r}") from wrong

    @classmethod
    def create(cls, folder, kinds=KINDS):
        """Make a wallet of `kinds` in `folder`, which must not be there or be empty.

        FileExistsError otherwise: nothing is overwritten.
        """
        folder = Path(folder)
        if (folder / "wallet.json").exists():
            raise FileExistsError(f"{folder} already holds a wallet; choose another folder")
        if folder.is_dir() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} already holds files; choose another folder")
        final = folder.absolute()
        making = final.parent / f".{final.name}.making"
        making.mkdir(parents=True, exist_ok=True)
        with in_use(making):
            for left in making.iterdir():  # of one that was killed
                left.unlink()
            try:
                _fill(making, kinds)
                os.rename(making, final)  # takes the place of an empty folder, of no other
            finally:
                shutil.rmtree(making, ignore_errors=True)
        sync_folder(final.parent)
        return cls(folder)

    def add(self, name, kind, prefix, profile=None, issuer=None):
        """Make one more card, its PAN the next free one behind `prefix`; return it.

        `issuer` in place of the wallet's own. ValueError when the name is taken or no name for a
        file, FileExistsError when a file of that name is there.
        """
        card = self._make(name, kind, prefix, profile or Profile(), issuer)
        _write(self)
        return card

    def complete(self, kinds):
        """Add the cards of those `kinds` whose names are not here; FormatError while the wallet is
        in use.
        """
        here = {entry.name for entry in self.entries}
        missing = [one for one in kinds if one.name not in here]
        if missing:
            with in_use(self.folder):
                for name, kind, prefix, profile, *_ in missing:
                    self.add(name, kind, prefix, profile)

    def _make(self, name, kind, prefix, profile, issuer=None):
        if any(entry.name == name for entry in self.entries):
            raise ValueError(f"a card called {name} is in the wallet")
        if not NAME.fullmatch(name) or name == "wallet":
            raise ValueError(f"{name!r} names no card: letters, digits, - _ . and nothing else")
        path = self.folder / f"{name}.json"
        if path.exists():
            raise FileExistsError(f"{path} is there already and may hold money")
        pan = luhn(f"{prefix}{len(self.entries) + 1:07d}")
        first, *others = [self._issuer(suite, profile) for suite in SUITES[profile.suite]]
        image = (issuer or first).personalise(pan, profile, *others)
        card = Card(image, path=path, rollback=profile.rollback)
        card.save()
        self.entries.append(Entry(name, kind, pan, path.name))
        return card

    def _issuer(self, suite, profile):
        """The issuer for a card of `suite`; a key of the card is never longer than the
        issuer's."""
        name = "long" if suite == "rsa" and profile.bits > ISSUERS["rsa"][1] else suite
        if name not in self.issuers:
            bits = ISSUERS[name][1]
            self.issuers[name] = self.authorities[suite].issue_issuer(bits=bits)
        return self.issuers[name]

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


@contextmanager
def in_use(folder):
    """Hold the lock of a wallet's folder; FormatError when another process holds it.

    Whoever has cards of it in memory and lets them pay needs it, whoever writes them too.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        yield  # no such folder: nothing to guard, who reads it will say so
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FormatError(
                f"{folder} is in use by another process (a demo, faretap pn532): end it first,"
                " or what is written now would be lost"
            ) from None
        yield
    finally:
        os.close(handle)


def _fill(folder, kinds):
    """Put a whole wallet into an empty folder."""
    authorities = {
        suite: Authority.generate(index=index, suite=suite) for suite, index in CA_INDICES.items()
    }
    _write_list(folder, authorities, {}, [])
    wallet = Wallet(folder)
    for name, kind, prefix, profile, *_ in kinds:
        issuer = None
        if kind == "unknown_ca":
            issuer = Authority.generate(index=UNKNOWN_CA_INDEX).issue_issuer()
        wallet._make(name, kind, prefix, profile, issuer)
    _write(wallet)


def _read_each(kind, stored):
    return {name: kind.from_json(one) for name, one in stored.items()}


def _write(wallet):
    _write_list(wallet.folder, wallet.authorities, wallet.issuers, wallet.entries)


def _write_list(folder, authorities, issuers, entries):
    """Write wallet.json anew, durable before the name changes."""
    stored = {
        "format": FORMAT,
        "cards": [entry._asdict() for entry in entries],
        "authorities": {name: one.to_json() for name, one in authorities.items()},
        "issuers": {name: one.to_json() for name, one in issuers.items()},
    }
    new = folder / "wallet.new"
    with open(new, "w", encoding="utf-8") as file:
        json.dump(stored, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / "wallet.json")
    sync_folder(folder)


def luhn(digits):
    """Append the check digit of ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 if place % 2 else 2)
        total += value // 10 + value % 10
    return digits + str(-total % 10)
