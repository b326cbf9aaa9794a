# SPDX-License-Identifier: Apache-2.0
"""What the simulated acquirer's issuer knows of cards: keys, and whether a cryptogram is theirs.

Field 55 is read here by the simulator's own TLV code, not by the one that wrote it.
"""

from typing import NamedTuple

from firmware.errors import FormatError
from sim import coding
from sim.ciphers import Sm4, TripleDes
from sim.cryptogram import application_cryptogram

# clearing.md 3: those that no sale is without, in their order
MUST = (
    0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x9C, 0x9F02, 0x5F2A, 0x82, 0x9F1A, 0x9F03,
    0x9F33,
)  # fmt: skip
LENGTHS = {
    0x9F26: 8, 0x9F27: 1, 0x9F37: 4, 0x9F36: 2, 0x95: 5, 0x9A: 3, 0x9C: 1, 0x9F02: 6, 0x5F2A: 2,
    0x82: 2, 0x9F1A: 2, 0x9F03: 6, 0x9F74: 6,
    0x8A: 2, 0x9F33: 3,
}  # fmt: skip
CIPHERS: dict[int, type[TripleDes] | type[Sm4]] = {0x01: TripleDes, 0x04: Sm4}
TC, OFFLINE = b"\x40", b"Y1"


class Chip(NamedTuple):
    """Field 55 as it was read: tag -> value."""

    values: dict[int, bytes]

    @property
    def atc(self) -> bytes:
        return self.values[0x9F36]

    @property
    def cryptogram(self) -> bytes:
        return self.values[0x9F26]

    @property
    def amount_fen(self) -> int:
        return int(self.values[0x9F02].hex())

    @property
    def cipher(self) -> type[TripleDes] | type[Sm4] | None:
        """What its cryptogram was made with (9F10, byte 8); None for an unknown code."""
        return CIPHERS.get(self.values[0x9F10][7])


def read_chip(field_55: str) -> Chip:
    """The objects of field 55. FormatError where one is missing, doubled or of a wrong length."""
    objects = coding.objects(bytes.fromhex(field_55))
    values = dict(objects)
    if len(values) < len(objects):
        raise FormatError("field 55 has a tag twice")
    if [tag for tag, _ in objects if tag in MUST] != list(MUST):
        raise FormatError("field 55 lacks a tag, or has them in another order")
    for tag, value in objects:
        if len(value) != LENGTHS.get(tag, len(value)):
            raise FormatError("field 55: %X has %d bytes" % (tag, len(value)))
    if objects[-1] != (0x8A, OFFLINE) or values[0x9F27] != TC:
        raise FormatError("field 55 is not of an offline approval")
    if len(values[0x9F10]) < 8 or not values[0x9F02].hex().isdecimal():
        raise FormatError("field 55: 9F10 or 9F02 is wrong")
    return Chip(values)


class Issuers:
    """Keys of cards: of issuers by their masters, of single cards by their images."""

    def __init__(self, issuers=(), images=()):
        self._issuers = [
            (bytes.fromhex(one.masters[0]), TripleDes if one.key.suite == "rsa" else Sm4)
            for one in issuers
        ]
        self._images = {image["pan"]: image for image in images}

    def keys(self, pan: str, psn: str, chip: Chip) -> list[bytes]:
        """Card keys for cryptograms that this card may have; none for a card nobody issued."""
        cipher = chip.cipher
        if cipher is None or not psn.isdecimal():
            return []
        image = self._images.get(pan)
        name = "des_keys" if cipher is TripleDes else "sm4_keys"
        own = [bytes.fromhex(image[name]["udk_ac"])] if image and name in image else []
        made = [cipher.card_key(key, pan, psn) for key, kind in self._issuers if kind is cipher]
        return own + made

    def knows(self, pan: str, psn: str, chip: Chip) -> bool:
        """Whether 9F26 is what this card says about this sale (JR/T 0025.5 annex E)."""
        values, cipher = chip.values, chip.cipher
        return any(
            application_cryptogram(cipher, key, values, values[0x82], chip.atc, values[0x9F10])
            == chip.cryptogram
            for key in self.keys(pan, psn, chip)
        )
