# SPDX-License-Identifier: Apache-2.0
"""The radio side of the virtual PN532: which cards it has listed and how it talks to them.

Long operations are generators: they yield milliseconds of work and return their result; a status
of UM0701-02, 7.1 is raised as ChipError(code). The field is the seam of docs/design.md: `cards()`,
`activate(card)`, `transmit(card, c_apdu)`, `field_off()`. A card that was lost stays lost until
the next InListPassiveTarget, whether or not it comes back.
"""

from firmware.errors import ChipError, LinkLost
from sim.iso_dep import Picc, read_ats, speed_allowed

TIMED_OUT, CRC, WRONG_CONTEXT = 0x01, 0x02, 0x27
SENS_RES = b"\x00\x04"
SEL_RES = 0x20  # bit 5: speaks ISO/IEC 14443-4
TRIES = 3  # one block and two R(NAK) before the chip gives up (assumption)
FWI_B = 8  # of the ATQB below


class Target:
    """A listed card."""

    def __init__(self, number: int, card, field):
        self.number = number
        self.card = card
        self.picc = Picc(card, field)
        self.active = False  # in ISO-DEP by the chip's own doing
        self.lost = False
        self.divisor = 1
        self.ats = b""

    def description(self) -> bytes:
        """Target data of InListPassiveTarget, from Tg on (7.3.5)."""
        card = self.card
        if card.kind == "B":
            atqb = b"\x50" + card.uid[:4] + bytes(4) + bytes((0x00, 0x81, FWI_B << 4 | 1))
            return bytes((self.number,)) + atqb + b"\x01\x00"
        uid = bytes((SEL_RES, len(card.uid))) + card.uid
        return bytes((self.number,)) + SENS_RES + uid + self.ats

    def fwi(self) -> int:
        return FWI_B if self.card.kind == "B" else read_ats(self.card.ats).fwi

    def fsc(self) -> int:
        return 256 if self.card.kind == "B" else read_ats(self.card.ats).fsc


class Radio:
    """Targets and exchanges over the field."""

    def __init__(self, field, timing):
        self.field = field
        self.timing = timing
        self.targets = []
        self.deselected = set()
        self.last_error = 0

    def off(self) -> None:
        """Field off: every card loses its power."""
        self.field.field_off()
        for target in self.targets:
            target.lost = True

    def release(self, number: int) -> None:
        """Forget one target, or all with 0."""
        self.targets = [t for t in self.targets if number and t.number != number]
        self.deselected.discard(number)

    def list_cards(
        self, kind: str, most: int, uid: bytes = b"", automatic_rats: bool = True
    ) -> list:
        """One look: select up to `most` cards of a kind; the old targets are forgotten."""
        self.release(0)
        self.deselected.clear()
        for card in self.field.cards():
            if card.kind != kind or (uid and card.uid != uid) or len(self.targets) == most:
                continue
            target = Target(len(self.targets) + 1, card, self.field)
            try:
                if automatic_rats or kind == "B":
                    self._activate(target)
            except LinkLost:
                continue  # gone between being seen and being selected
            self.targets.append(target)
        return self.targets

    def _activate(self, target: Target) -> None:
        ats = target.picc.activate()
        target.ats = ats if target.card.kind == "A" else b""
        target.active = True
        target.divisor = 1

    def target(self, number: int) -> Target:
        """A listed target, or status 27."""
        for target in self.targets:
            if target.number == number:
                return target
        raise ChipError("no such target", WRONG_CONTEXT)

    def present(self, target: Target) -> bool:
        """R(NAK) presence check (Diagnose 06)."""
        here = any(card is target.card for card in self.field.cards())
        target.lost = target.lost or not here
        return target.picc.active and not target.lost

    def exchange(self, target: Target, c_apdu: bytes):
        """One APDU through the chip's own ISO-DEP; generator, returns the R-APDU."""
        self.reselect(target)
        r_apdu = None
        if target.active and not target.lost:
            try:
                r_apdu = self.field.transmit(target.card, c_apdu)
            except LinkLost:
                target.lost = True
        if r_apdu is None:
            yield self.timing.lost_ms(target.fwi(), TRIES)
            raise ChipError("card lost", TIMED_OUT)
        yield self.timing.rf_ms(
            len(c_apdu), len(r_apdu), fsc=target.fsc(), divisor=target.divisor
        ) + self.timing.card_ms(target.card.busy_ms)
        return r_apdu

    def reselect(self, target: Target) -> None:
        """Wake a target that InDeselect had put to sleep."""
        if target.number in self.deselected:
            self.deselected.discard(target.number)
            try:
                self._activate(target)
            except LinkLost:
                target.lost = True

    def deselect(self, number: int) -> None:
        """Put one target, or all with 0, to sleep; it stays listed."""
        for target in self.targets:
            if number in (0, target.number) and target.active:
                self.deselected.add(target.number)

    def change_speed(self, target: Target, to_card: int, from_card: int):
        """PPS; a card whose TA1 does not grant it is silent (PS-17)."""
        if not speed_allowed(read_ats(target.ats).ta1, to_card, from_card) or target.lost:
            yield self.timing.lost_ms(target.fwi(), 1)
            raise ChipError("no answer to PPS", TIMED_OUT)
        yield self.timing.raw_ms(3, 1)
        target.divisor = 2 ** min(to_card, from_card)
        return b""

    def raw(self, frame: bytes, limit_index: int, fault):
        """One raw frame (InCommunicateThru); generator, returns the card's; both without CRC."""
        target = self.targets[0] if self.targets else None
        answer = None
        if target and not target.lost and fault.rf_lost != "out":
            try:
                answer = target.picc.answer(frame, fault.wtx)
            except LinkLost:
                target.lost = True
        limit_ms = self.timing.limit_ms(limit_index)
        busy_ms = self.timing.card_ms(target.picc.busy_ms) if target else 0.0
        too_slow = 0 < limit_ms < busy_ms
        if target is None or answer is None or fault.rf_lost == "in" or too_slow:
            yield limit_ms
            raise ChipError("no answer", TIMED_OUT)
        yield self.timing.raw_ms(len(frame), len(answer), 2**target.picc.speed) + busy_ms
        if fault.rf_damaged:
            raise ChipError("damaged answer", CRC)
        return answer
