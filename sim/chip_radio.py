# SPDX-License-Identifier: Apache-2.0
"""The radio side of the virtual PN532: which cards it has listed and how it talks to them.

Long operations are generators: they yield milliseconds of work and return their result; a status
of UM0701-02, 7.1 is raised as ChipError(code). The field is the seam of docs/design.md: `cards()`,
`activate(card)`, `transmit(card, c_apdu)`, `field_off()`. A card that was lost stays lost until
the next InListPassiveTarget, whether or not it comes back. Every frame on the air goes through
`air()`, and there the knobs of sim/faults.py that concern the radio take hold.
"""

from firmware.errors import ChipError, LinkLost
from sim.chip_target import Target
from sim.faults import REST

TIMED_OUT, CRC, WRONG_CONTEXT = 0x01, 0x02, 0x27
FSDI_64 = 5  # automatic RATS sends E0 50


class Radio:
    """Targets and exchanges over the field."""

    def __init__(self, field, timing, fsdi: int = FSDI_64):
        self.field = field
        self.timing = timing
        self.rats_parameter = fsdi << 4
        self.targets: list[Target] = []
        self.deselected: set[int] = set()
        self.last_error = 0
        self.jammed = False  # knob: hears no card until the field was off
        self.fault = REST  # of the running command
        self.block = 0  # frames sent in it
        self.card_ms = 0.0  # of its time so far, what the card computed

    def begin(self, fault) -> None:
        """A new command, with the knobs it meets."""
        self.fault, self.block, self.card_ms = fault, 0, 0.0
        self.jammed = self.jammed or fault.stuck == "field"

    def off(self) -> None:
        """Field off: every card loses its power."""
        self.field.field_off()
        self.jammed = False
        for target in self.targets:
            target.lost = True

    def release(self, number: int) -> None:
        """Forget one target, or all with 0."""
        self.targets = [t for t in self.targets if number and t.number != number]
        self.deselected.discard(number)

    def list_cards(
        self, kind: str, most: int, uid: bytes = b"", automatic_rats: bool = True
    ) -> list:
        """One look: select up to `most` cards of a kind; the old targets are forgotten (PS-12)."""
        self.release(0)
        self.deselected.clear()
        for card in self.field.cards():
            if card.kind != kind or (uid and card.uid != uid) or len(self.targets) == most:
                continue
            if self.jammed or any(self._bent()):
                continue
            target = Target(len(self.targets) + 1, card, self)
            try:
                if target.speaks_iso_dep and (automatic_rats or kind == "B"):
                    self._activate(target)
                elif not target.speaks_iso_dep:
                    self.field.activate(card)
            except LinkLost:
                continue  # gone between being seen and being selected
            self.targets.append(target)
        return self.targets

    def _activate(self, target: Target) -> None:
        target.activated(target.picc.activate(self.rats_parameter), self.air)

    def target(self, number: int) -> Target:
        """A listed target, or status 27."""
        for target in self.targets:
            if target.number == number:
                return target
        raise ChipError("no such target", WRONG_CONTEXT)

    def present(self, target: Target):
        """R(NAK) presence check of Diagnose 06 (PS-11); generator."""
        if not target.picc.active:
            return False
        return (yield from target.blocks_over(self.air).alive())

    def exchange(self, target: Target, c_apdu: bytes):
        """One APDU through the chip's own ISO-DEP (PS-13); generator, returns the R-APDU."""
        yield from self.reselect(target)
        if not target.speaks_iso_dep:
            return (yield from self.plain(target, c_apdu))
        if target.blocks is None:
            yield target.fwt_ms()
            raise ChipError("not activated", TIMED_OUT)
        return (yield from target.blocks.exchange(c_apdu))

    def plain(self, target: Target, data: bytes):
        """A card without ISO-DEP: data as they are; generator."""
        answer = self._of_field(target, lambda: self.transmit(target.card, data))
        if answer is None:
            yield target.fwt_ms()
            raise ChipError("no answer", TIMED_OUT)
        busy_ms = self._work_ms(target.card)
        self.card_ms += busy_ms
        yield self.timing.raw_ms(len(data), len(answer)) + busy_ms
        return answer

    def air(self, target: Target, frame: bytes, limit_ms: float, hurried: bool = False):
        """One frame and the card's answer, both without CRC; generator, ChipError 01 or 02.

        `hurried`: a card that works longer than the limit is not waited for.
        """
        lost, damaged = self._bent()
        out_divisor, back_divisor = target.divisors()
        answer = None
        if "out" not in (lost, damaged):
            answer = self._of_field(target, lambda: target.picc.answer(frame, self.fault.wtx))
        busy_ms = self.timing.card_ms(target.picc.busy_ms) + target.busy_left_ms
        too_slow = hurried and 0 < limit_ms < busy_ms
        target.busy_left_ms = busy_ms - limit_ms if too_slow else 0.0
        if answer is None or lost == "in" or too_slow:
            yield limit_ms
            raise ChipError("no answer", TIMED_OUT)
        self.card_ms += busy_ms
        yield self.timing.raw_ms(len(frame), len(answer), out_divisor, back_divisor) + busy_ms
        if damaged:
            raise ChipError("damaged answer", CRC)
        return answer

    def _bent(self) -> tuple[str, bool | str]:
        """(lost, damaged) of the next frame, as the knobs of this command have it."""
        nth, self.block = self.block, self.block + 1
        fault = self.fault
        if fault.rf_block <= nth < fault.rf_block + fault.rf_times:
            return fault.rf_lost, fault.rf_damaged
        return "", False

    def _of_field(self, target: Target, act):
        """What a card says, None for silence; also R(NAK), for which a card need not act."""
        here = any(card is target.card for card in self.field.cards())
        target.lost = target.lost or not here
        if target.lost or self.jammed:
            return None
        try:
            return act()
        except LinkLost:
            target.lost = True
            return None

    # --- the seam as the card's blocks see it ---------------------------------------------------
    def activate(self, card) -> None:
        self.field.activate(card)

    def transmit(self, card, c_apdu: bytes) -> bytes:
        """The card's answer, as the knobs of this command leave it."""
        fault = self.fault
        if fault.card_lost == "before":  # PS-20
            raise LinkLost("knob")
        answer = self.field.transmit(card, c_apdu)
        if fault.card_lost == "after":
            raise LinkLost("knob")
        if fault.answer_length is None:
            return answer
        room = max(fault.answer_length - 2, 0)
        return (answer[:-2][:room].ljust(room, b"\x00") + answer[-2:])[-fault.answer_length :]

    def busy_ms(self, card) -> float:
        """What the card works for its last answer; 0 where that takes no time."""
        if not self.timing.card:
            return 0.0
        fixed = self.timing.fixed_card_ms
        return card.busy_ms if fixed is None else fixed

    def _work_ms(self, card) -> float:
        return self.timing.card_ms(self.busy_ms(card))

    # --- select, deselect, speed, raw frames ----------------------------------------------------
    def reselect(self, target: Target):
        """Wake a target that InDeselect had put to sleep; generator."""
        if target.number in self.deselected:
            self.deselected.discard(target.number)
            try:
                self._activate(target)
            except LinkLost:
                target.lost = True
            else:
                yield self.timing.activation_ms()

    def deselect(self, number: int):
        """S(DESELECT) to one target, or to all with 0; they stay listed. Generator."""
        for target in self.targets:
            if number not in (0, target.number) or target.number in self.deselected:
                continue
            if target.blocks is not None:
                self.deselected.add(target.number)
                try:
                    yield from self.air(target, b"\xc2", target.fwt_ms())
                except ChipError:
                    target.lost = True

    def change_speed(self, target: Target, to_card: int, from_card: int):
        """PPS behind RATS; a card whose TA1 does not grant it is silent (PS-17); generator."""
        pps = bytes((0xD0, 0x11, to_card | from_card << 2))
        yield from self.air(target, pps, target.fwt_ms())

    def raw(self, frame: bytes, limit_index: int, speeds: tuple[int, ...] = (0, 0)):
        """One frame as the host made it (InCommunicateThru, PS-14); generator.

        `speeds`: to the card and from it, as the host left the chip; at others than its own a card
        hears nothing.
        """
        limit_ms = self.timing.limit_ms(limit_index)
        target = self.targets[0] if self.targets else None
        if target is None or speeds != (target.picc.to_card, target.picc.from_card):
            yield limit_ms
            raise ChipError("no answer", TIMED_OUT)
        if not target.speaks_iso_dep:
            return (yield from self.plain(target, frame))
        return (yield from self.air(target, frame, limit_ms, hurried=True))
