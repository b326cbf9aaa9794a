# SPDX-License-Identifier: Apache-2.0
"""The key of a ledger: card numbers are sealed at rest and found by a keyed hash (CL-016).

From one key of 32 bytes come four (HKDF): records are sealed with AES-256-SIV, bound to terminal
and number; cards and sales are known again by HMAC-SHA-256, 16 bytes of it. SIV needs no nonce, so
no count of records can repeat one, and the same bytes in the same place seal to the same bytes:
their first 16 are the digest by which a record that is sent twice is compared.

Whoever has key and database reads everything; who has the database alone sees masked numbers, and
which rows belong to the same card. A key that is lost cannot be had again: keep it where the
back-ups are not.
"""

import binascii
import hashlib
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firmware.errors import FormatError

VARIABLE = "FARETAP_LEDGER_KEY"
BEFORE = VARIABLE + "_BEFORE"  # the old key, while a ledger changes it
KEY_BYTES = 32
HASH_BYTES = 16
DIGEST_BYTES = 16  # the synthetic IV in front of what is sealed
# Everybody knows it: for simulated cards, where nothing is worth hiding.
LABORATORY = hashlib.sha256(b"faretap: a ledger of simulated cards").digest()


def key_from(environment: Mapping[str, str], variable: str = VARIABLE) -> bytes | None:
    """The key of FARETAP_LEDGER_KEY, None where it is not set; FormatError where it is no key."""
    text = environment.get(variable, "").strip()
    if not text:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise FormatError(f"{variable} is not {2 * KEY_BYTES} hex digits")
    return key


def new_key() -> str:
    """A key as FARETAP_LEDGER_KEY wants it."""
    return binascii.hexlify(os.urandom(KEY_BYTES)).decode()


class Vault:
    """Seals, opens and hashes under one key."""

    def __init__(self, key: bytes):
        if len(key) != KEY_BYTES:
            raise FormatError(f"a key of {KEY_BYTES} bytes is wanted")
        self.check = _derived(key, b"check", HASH_BYTES)  # tells keys apart, says nothing of them
        self.check_before = b""
        self._cipher = AESSIV(_derived(key, b"seal", 64))
        self._card = HMAC(_derived(key, b"card", 32), SHA256())  # copied for each use: a third
        self._sale = HMAC(_derived(key, b"sale", 32), SHA256())  # of the time of a new one
        self._session = HMAC(_derived(key, b"session", 32), SHA256())

    def seal(self, terminal: int, sequence: int, raw: bytes) -> bytes:
        """Bytes of a record as they rest; nothing stays nothing."""
        return self._cipher.encrypt(raw, [_place(terminal, sequence)]) if raw else b""

    def open(self, terminal: int, sequence: int, sealed: bytes) -> bytes:
        """What was sealed there. FormatError for anything else: changed, or from another row."""
        if not sealed:
            return b""
        try:
            return self._cipher.decrypt(sealed, [_place(terminal, sequence)])
        except InvalidTag:
            pass
        raise FormatError(f"terminal {terminal}, number {sequence}: sealed bytes were changed")

    def seal_as(self, name: str, raw: bytes) -> bytes:
        """Bytes that are no record, bound to a name of their own: keys of others."""
        return self._cipher.encrypt(raw, [b"named", name.encode()]) if raw else b""

    def open_as(self, name: str, sealed: bytes) -> bytes:
        """What was sealed under that name. FormatError for anything else."""
        if not sealed:
            return b""
        try:
            return self._cipher.decrypt(sealed, [b"named", name.encode()])
        except InvalidTag:
            pass
        raise FormatError(f"{name}: sealed bytes were changed, or are another ledger's")

    def card(self, digits: str) -> bytes:
        """By what a card is found."""
        return _hashed(self._card, digits.encode())

    def cards(self, digits: str) -> list[bytes]:
        """All by which a card may be found."""
        return [self.card(digits)]

    def sale(self, business_key: bytes) -> bytes:
        """By what one sale is known again (QT-263)."""
        return _hashed(self._sale, business_key)

    def nonce(self, terminal: int, session: bytes) -> bytes:
        """The collector's nonce of an upload session: whoever has the key finds it again."""
        return _hashed(self._session, terminal.to_bytes(8, "big") + session)


class TwoKeys(Vault):
    """While the key of a ledger is changed: opens what is under either, finds cards under both."""

    def __init__(self, key: bytes, before: bytes):
        super().__init__(key)
        self._before = Vault(before)
        self.check_before = self._before.check

    def open(self, terminal: int, sequence: int, sealed: bytes) -> bytes:
        try:
            return super().open(terminal, sequence, sealed)
        except FormatError:
            return self._before.open(terminal, sequence, sealed)

    def cards(self, digits: str) -> list[bytes]:
        return [self.card(digits), self._before.card(digits)]


def _place(terminal: int, sequence: int) -> bytes:
    return terminal.to_bytes(8, "big") + sequence.to_bytes(8, "big")


def _hashed(keyed: HMAC, data: bytes) -> bytes:
    own = keyed.copy()
    own.update(data)
    return own.finalize()[:HASH_BYTES]


def _derived(key: bytes, purpose: bytes, count: int) -> bytes:
    return HKDF(SHA256(), count, salt=None, info=b"faretap ledger " + purpose).derive(key)
