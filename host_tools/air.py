# SPDX-License-Identifier: Apache-2.0
"""What was on the air, from the frames of a PN532: events of ISO/IEC 14443 for a capture.

The chip tells the host only part of it, so part is put together again, and each such packet says
so in its comment: activation from the answer of InListPassiveTarget or InAutoPoll (the chip names
ATQA, SAK, UID and ATS, not the anticollision), and the blocks of an APDU from InDataExchange,
chained as FSD 64, which a PN532 asks for, and the card's FSC have it (ISO/IEC 14443-4, 7.5).
Frames of InCommunicateThru are what was sent. CRCs are computed; the time of a packet is that of
the frame it comes from. Empty polls leave nothing.
"""

from collections.abc import Iterator
from typing import NamedTuple

from host_tools.crc14443 import with_crc_a, with_crc_b
from host_tools.decode_frame import FROM_CHIP, STATUSES, TO_CHIP
from host_tools.frames import MORE, STATUS_BITS, body_of
from host_tools.trace import Frame

FROM_CARD, TO_CARD, FIELD_OFF, FIELD_ON = 0xFF, 0xFE, 0xFD, 0xFC  # of LINKTYPE_ISO_14443
TX_MODE, RX_MODE = b"\x63\x02", b"\x63\x03"
CASCADE_TAG = b"\x88"
LISTED = "put together from InListPassiveTarget"
APDU = "put together from InDataExchange"
ISO_DEP = 0x20  # SAK
I_BLOCK, R_ACK, CHAINING = 0x02, 0xA2, 0x10
FRAME = 3  # PCB and CRC of a block
FSD = 64  # E0 50, by the chip's automatic RATS
FSC_BYTES = (16, 24, 32, 40, 48, 64, 96, 128, 256)  # by FSCI; above 8 is RFU and read as 256


class Packet(NamedTuple):
    """One event on the air; `comment` where it was put together, or went wrong."""

    at_us: int
    event: int
    octets: bytes
    comment: str


class Air:
    """take(frame) -> the packets that it completes; finish() -> a command without an answer."""

    def __init__(self):
        self.code = 0
        self.sent = b""  # data of the running command
        self.sent_us = 0
        self.running = False
        self.number = 0  # of the next I-block
        self.blocks = True  # the card speaks ISO-DEP
        self.fsc = 256
        self.kind = "A"
        self.crc_out = self.crc_in = True
        self.command = self.answer = b""  # collected by MI
        self.command_us = 0

    def take(self, frame: Frame) -> list[Packet]:
        """Packets of one frame of the line."""
        body = body_of(frame.octets)
        if not body:
            return []
        if frame.way == ">" and body[0] == TO_CHIP:
            left = self.finish()
            self.code, self.sent, self.sent_us = body[1], body[2:], frame.at_us
            self.running = True
            return left
        if frame.way != "<" or body[0] != FROM_CHIP or not self.running:
            return []
        if body[1] != self.code + 1:
            return []
        self.running = False
        act = ANSWERED.get(self.code)
        return list(act(self, body[2:], frame.at_us)) if act else []

    def finish(self) -> list[Packet]:
        """The command that got no answer, as far as it went on the air."""
        if not self.running:
            return []
        self.running = False
        note = "the chip gave no answer"
        if self.code == 0x40 and len(self.sent) > 1 and not self.sent[0] & MORE:
            return list(self._blocks(self.sent_us, TO_CARD, self.command + self.sent[1:], note))
        if self.code == 0x42 and self.sent:
            return [Packet(self.sent_us, TO_CARD, self._raw(self.sent, self.crc_out), note)]
        return []

    # --- commands, once they are answered -------------------------------------------------------
    def _exchanged(self, data: bytes, at_us: int) -> Iterator[Packet]:
        """InDataExchange: an APDU, whole when neither side has more of it."""
        sent, status = self.sent[1:], data[0] if data else 0
        if sent:
            self.command_us = self.command_us if self.command else self.sent_us
            self.command += sent
        if self.sent[:1] and self.sent[0] & MORE and not status & STATUS_BITS:
            return
        command, self.command = self.command, b""
        failed = status & STATUS_BITS
        if command:
            note = APDU + ("; " + _status(failed) if failed else "")
            yield from self._blocks(self.command_us, TO_CARD, command, note)
        if failed:
            self.answer = b""
            return
        self.answer += data[1:]
        if status & MORE:
            return
        answer, self.answer = self.answer, b""
        if answer:
            yield from self._blocks(at_us, FROM_CARD, answer, APDU)

    def _through(self, data: bytes, at_us: int) -> Iterator[Packet]:
        """InCommunicateThru: what was on the air, but for its CRC."""
        failed = data[0] & STATUS_BITS if data else 0
        note = _status(failed) if failed else ""
        if self.sent:
            yield Packet(self.sent_us, TO_CARD, self._raw(self.sent, self.crc_out), note)
        if not failed and data[1:]:
            yield Packet(at_us, FROM_CARD, self._raw(data[1:], self.crc_in), "")

    def _written(self, data: bytes, at_us: int) -> Iterator[Packet]:
        """WriteRegister: whether the chip adds and takes away the CRC."""
        for at in range(0, len(self.sent) - 2, 3):
            address, on = self.sent[at : at + 2], bool(self.sent[at + 2] & 0x80)
            self.crc_out = on if address == TX_MODE else self.crc_out
            self.crc_in = on if address == RX_MODE else self.crc_in
        return iter(())

    def _configured(self, data: bytes, at_us: int) -> Iterator[Packet]:
        """RFConfiguration: the field."""
        if self.sent[:1] == b"\x01" and len(self.sent) > 1:
            yield Packet(at_us, FIELD_ON if self.sent[1] & 1 else FIELD_OFF, b"", "")

    def _listed(self, data: bytes, at_us: int) -> Iterator[Packet]:
        """InListPassiveTarget: type A is 00, B is 03; others are not of ISO/IEC 14443."""
        kind = {0x00: "A", 0x03: "B"}.get(self.sent[1]) if len(self.sent) > 1 else None
        if kind and data:
            yield from self._targets(kind, data[1:], data[0], at_us)

    def _polled(self, data: bytes, at_us: int) -> Iterator[Packet]:
        """InAutoPoll: type and length before each card."""
        at = 1
        for _ in range(data[0] if data else 0):
            if at + 2 > len(data):
                return
            kind = {0x10: "A", 0x20: "A", 0x23: "B"}.get(data[at])
            end = at + 2 + data[at + 1]
            if kind:
                yield from self._targets(kind, data[at + 2 : end], 1, at_us)
            at = end

    def _deselected(self, data: bytes, at_us: int) -> Iterator[Packet]:
        note = "put together from InDeselect"
        if self.blocks and not (data[:1] and data[0] & STATUS_BITS):
            yield Packet(self.sent_us, TO_CARD, self._raw(b"\xc2"), note)
            yield Packet(at_us, FROM_CARD, self._raw(b"\xc2"), note)

    def _speeded(self, data: bytes, at_us: int) -> Iterator[Packet]:
        """InPSL: PPS behind RATS."""
        if len(self.sent) < 3:
            return
        note = "put together from InPSL"
        speeds = self.sent[1] & 3 | (self.sent[2] & 3) << 2
        yield Packet(self.sent_us, TO_CARD, self._raw(bytes((0xD0, 0x11, speeds))), note)
        if data and not data[0] & STATUS_BITS:
            yield Packet(at_us, FROM_CARD, self._raw(b"\xd0"), note)

    # --- activation -----------------------------------------------------------------------------
    def _targets(self, kind: str, data: bytes, count: int, at_us: int) -> Iterator[Packet]:
        self.kind, self.number = kind, 0
        self.crc_out = self.crc_in = True
        self.command = self.answer = b""
        for _ in range(count):
            steps, taken = (_type_a if kind == "A" else _type_b)(data)
            if not taken:
                return
            data = data[taken:]
            self.blocks, self.fsc = _spoken(kind, steps)
            for place, (event, octets) in enumerate(steps):
                yield Packet(at_us if place else self.sent_us, event, octets, LISTED)

    def _blocks(self, at_us: int, event: int, apdu: bytes, note: str) -> Iterator[Packet]:
        """An APDU in I-blocks, each but the last answered by an R(ACK); 7.5.4 for the numbers."""
        if not self.blocks:
            yield Packet(at_us, event, self._raw(apdu), note)
            return
        room = (self.fsc if event == TO_CARD else FSD) - FRAME
        while apdu:
            inf, apdu = apdu[:room], apdu[room:]
            pcb = I_BLOCK | self.number | (CHAINING if apdu else 0)
            yield Packet(at_us, event, self._raw(bytes((pcb,)) + inf), note)
            if event == FROM_CARD:
                self.number ^= 1
            if apdu:
                other = FROM_CARD if event == TO_CARD else TO_CARD
                yield Packet(at_us, other, self._raw(bytes((R_ACK | self.number,))), note)
                self.number ^= event == TO_CARD

    def _raw(self, octets: bytes, crc: bool = True) -> bytes:
        return (with_crc_b if self.kind == "B" else with_crc_a)(octets) if crc else octets


def _spoken(kind: str, steps: list[tuple[int, bytes]]) -> tuple[bool, int]:
    """(whether the card speaks ISO-DEP, its FSC) by what activated it."""
    if kind == "B":
        atqb = steps[1][1]
        return True, FSC_BYTES[min(atqb[10] >> 4, 8)]
    if steps[-2][1][:1] != b"\xe0":  # without RATS: by the host's own, or not at all
        return False, 256
    ats = steps[-1][1][:-2]
    return True, FSC_BYTES[min(ats[1] & 0x0F, 8)] if len(ats) > 1 else 32


def _status(status: int) -> str:
    return "status %02X: %s" % (status, STATUSES.get(status, "unknown"))


def _type_a(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """(events of the activation, bytes used) of one target, 0 bytes where it is cut short."""
    if len(data) < 5 or len(data) < 5 + data[4]:
        return [], 0
    sak, uid = data[3], data[5 : 5 + data[4]]
    used = 5 + len(uid)
    steps = [(TO_CARD, b"\x52"), (FROM_CARD, data[2:0:-1])]  # on the air the low byte comes first
    parts = [uid[at : at + 3] for at in range(0, max(len(uid) - 4, 0), 3)]
    parts = [CASCADE_TAG + part for part in parts] + [uid[len(parts) * 3 :]]
    for level, part in enumerate(parts):
        code = bytes((0x93 + 2 * level,))
        whole = part + bytes((part[0] ^ part[1] ^ part[2] ^ part[3],)) if len(part) == 4 else part
        last = level == len(parts) - 1
        answer = bytes((sak if last else 0x04,))
        steps += [
            (TO_CARD, code + b"\x20"),
            (FROM_CARD, whole),
            (TO_CARD, with_crc_a(code + b"\x70" + whole)),
            (FROM_CARD, with_crc_a(answer)),
        ]
    if sak & ISO_DEP and used < len(data) and 0 < data[used] <= len(data) - used:
        ats = data[used : used + data[used]]
        used += len(ats)
        steps += [(TO_CARD, with_crc_a(b"\xe0\x50")), (FROM_CARD, with_crc_a(ats))]
    return steps, used


def _type_b(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """The same of a type B target: ATQB and the answer to ATTRIB."""
    if len(data) < 14 or len(data) < 14 + data[13]:
        return [], 0
    atqb, answer = data[1:13], data[14 : 14 + data[13]]
    steps = [(TO_CARD, with_crc_b(b"\x05\x00\x08")), (FROM_CARD, with_crc_b(atqb))]
    if answer:
        attrib = b"\x1d" + atqb[1:5] + b"\x00\x05\x01\x00"
        steps += [(TO_CARD, with_crc_b(attrib)), (FROM_CARD, with_crc_b(answer))]
    return steps, 14 + len(answer)


ANSWERED = {
    0x08: Air._written,
    0x32: Air._configured,
    0x40: Air._exchanged,
    0x42: Air._through,
    0x44: Air._deselected,
    0x4A: Air._listed,
    0x4E: Air._speeded,
    0x60: Air._polled,
}
