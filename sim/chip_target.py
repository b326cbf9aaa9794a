# SPDX-License-Identifier: Apache-2.0
"""A card as the virtual PN532 has listed it: number, target data, sizes and times of its ISO-DEP.

Kinds of cards: "A" and "B" of ISO/IEC 14443, "F" FeliCa, "J" Jewel. A card of kind A whose
`sel_res` lacks bit 5 speaks no ISO-DEP (Mifare, NTAG).
"""

from sim.chip_blocks import Blocks
from sim.iso_dep import FWI_B, Picc, fwi_of, read_ats

SENS_RES = b"\x00\x04"
SENS_RES_JEWEL = b"\x0c\x00"
SEL_RES = 0x20
ISO_DEP = 0x20  # of SEL_RES: speaks ISO/IEC 14443-4
FSC_B = 256
POL_RES = 0x01
SYSTEM_CODE = b"\xff\xff"


def atqb(card) -> bytes:
    """ATQB of a type B card: PUPI, application data 0, protocol info (ISO/IEC 14443-3, 7.9)."""
    return b"\x50" + card.uid[:4] + bytes(4) + bytes((0x00, 0x81, FWI_B << 4 | 1))


class Target:
    """A listed card; `radio` is the seam its blocks go through."""

    def __init__(self, number: int, card, radio):
        self.number = number
        self.card = card
        self.timing = radio.timing
        self.picc = Picc(card, radio)
        self.blocks: Blocks | None = None  # in ISO-DEP by the chip's own doing
        self.lost = False
        self.busy_left_ms = 0.0  # of an answer that was not waited for
        self.ats = b""

    @property
    def speaks_iso_dep(self) -> bool:
        if self.card.kind == "A":
            return bool(self.sel_res() & ISO_DEP)
        return self.card.kind == "B"

    def sel_res(self) -> int:
        return getattr(self.card, "sel_res", SEL_RES)

    def activated(self, ats: bytes, air) -> None:
        """RATS or ATTRIB was answered: blocks may go through `air`."""
        self.ats = ats if self.card.kind == "A" else b""
        self.blocks = self.blocks_over(air)

    def blocks_over(self, air) -> Blocks:
        """The chip's own end of ISO-DEP; a fresh one for a card the host activated raw."""
        if self.blocks is not None:
            return self.blocks
        return Blocks(lambda *words: air(self, *words), self.fsc(), self.fwt_ms())

    def description(self, polled: bytes = b"") -> bytes:
        """Target data from Tg on (7.3.5; PS-12, PS-16); `polled`: data of InListPassiveTarget."""
        card, number = self.card, bytes((self.number,))
        if card.kind == "B":
            return number + atqb(card) + b"\x01\x00"
        if card.kind == "F":
            found = card.uid[:8] + bytes(8) + (SYSTEM_CODE if polled[3:4] == b"\x01" else b"")
            return number + bytes((len(found) + 2, POL_RES)) + found
        if card.kind == "J":
            return number + SENS_RES_JEWEL + card.uid[:4]
        uid = bytes((self.sel_res(), len(card.uid))) + card.uid
        return number + getattr(card, "sens_res", SENS_RES) + uid + self.ats

    def divisors(self) -> tuple[int, int]:
        """Speed to the card and from it, as a multiple of 106 kbit/s."""
        return 2**self.picc.to_card, 2**self.picc.from_card

    @property
    def divisor(self) -> int:
        return min(self.divisors())

    def fwt_ms(self) -> float:
        """How long the card may be silent."""
        return self.timing.lost_ms(fwi_of(self.card), 1)

    def fsc(self) -> int:
        return read_ats(self.card.ats).fsc if self.card.kind == "A" else FSC_B
