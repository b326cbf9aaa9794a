# SPDX-License-Identifier: Apache-2.0
"""IssuingKeys: opening keys of files and management keys of records, from a sealed file (QX-070).

An opening key protects APPEND RECORD and the record's key on its way to the card (JR/T 0025.14
§8.2). Both are derived for one card and stay in here: what comes out is a whole command, in which
the record's key stands encrypted, or a MAC. Nothing of this file prints or logs a key.

| key | use/version in the sealed file |
|---|---|
| opening key of a file | 27/SFI |
| management key of a record | as terminals name it: `record_key`, 28/02 and so on |
"""

from firmware.errors import FormatError
from firmware.module import keyed, sealed

OPENING_USE = 0x27
HEADERS = (5, 4)  # bytes under the MAC: with Lc, or without (open in the standard)
MOST_RECORD = 255 - keyed.KEY_BYTES - keyed.MAC_BYTES


class IssuingKeys:
    """keys: of a sealed file (host_tools/module_file.py); ciphers: word of sealed.KINDS ->
    cipher (firmware/module/keyed.py).
    """

    def __init__(self, keys: list[sealed.Key], ciphers) -> None:
        self._keys = {(one.key_use, one.version): one for one in keys}
        self._ciphers = ciphers

    def __repr__(self) -> str:
        return f"<issuing keys, {len(self._keys)} of them>"

    def session(self, name: tuple[int, int], factor: bytes) -> "Session":
        """mac() under a card's key; FormatError where the file does not hold it."""
        return Session(*self._derived(name, factor))

    def append_record(
        self,
        sfi: int,
        name: tuple[int, int],
        factor: bytes,
        atc: bytes,
        record: bytes,
        header: int = HEADERS[0],
    ) -> bytes:
        """APPEND RECORD 04 E2 00 SFIx8 (JR/T 0025.14 A.3; QX-069).

        name: (key use, version) of the record's key; factor: of the card, 8 bytes; atc: 2 bytes as
        GET DATA told it; record: whole, ID and length before it. FormatError.
        """
        if len(atc) != 2 or not 0 < len(record) <= MOST_RECORD or header not in HEADERS:
            raise FormatError("no APPEND RECORD can be made of this")
        cipher, opening, side = self._derived((OPENING_USE, sfi), factor)
        record_cipher, record_key, _ = self._derived(name, factor)
        if record_cipher is not cipher:
            raise FormatError("opening key and record key are of two kinds")
        blocks = range(0, keyed.KEY_BYTES, cipher.block)
        hidden = b"".join(
            cipher.encrypt(opening, record_key[at : at + cipher.block]) for at in blocks
        )
        body = hidden + record
        head = bytes((0x04, 0xE2, 0x00, sfi << 3, len(body) + keyed.MAC_BYTES))
        made = keyed.mac(cipher, opening, bytes(6) + atc, head[:header] + body, side)
        return head + body + made

    def _derived(self, name: tuple[int, int], factor: bytes):
        """(cipher, key of this card, side of an initial value)."""
        master = self._keys.get(name)
        if master is None:
            raise FormatError(f"the module file holds no key {name[0]:02X}/{name[1]:02X}")
        cipher = self._ciphers[master.kind]
        return cipher, keyed.derived(cipher, master.value, factor), master.side


class Session:
    """A derived key that does not print: mac(initial_value, data) -> 4 bytes."""

    def __init__(self, cipher, key: bytes, side: str) -> None:
        self._made = cipher, key, side

    def mac(self, initial_value: bytes, data: bytes) -> bytes:
        cipher, key, side = self._made
        return keyed.mac(cipher, key, initial_value, data, side)
