# SPDX-License-Identifier: Apache-2.0
"""A capture of ISO/IEC 14443 in words: each packet, what it is, and the APDUs of its I-blocks."""

from collections.abc import Callable, Iterator

from firmware.errors import FormatError
from host_tools import capture
from host_tools.air import FIELD_OFF, FIELD_ON, FROM_CARD, TO_CARD
from host_tools.capture import Captured
from host_tools.crc14443 import crc_a, crc_b
from host_tools.decode_values import Row
from host_tools.trace import seconds

Explain = Callable[..., Iterator[Row]]
EVENTS = {
    TO_CARD: "to the card",
    FROM_CARD: "from the card",
    FIELD_ON: "field on",
    FIELD_OFF: "field off",
}
SHORT = {b"\x26": "REQA", b"\x52": "WUPA"}
CASCADE = {0x93: 1, 0x95: 2, 0x97: 3}
ANSWERS = {
    "REQA": "ATQA",
    "WUPA": "ATQA",
    "anticollision": "UID",
    "select": "SAK",
    "RATS": "ATS",
    "REQB": "ATQB",
    "ATTRIB": "answer to ATTRIB",
    "PPS": "PPS",
}
WITHOUT_CRC = ("REQA", "WUPA", "ATQA", "anticollision", "UID")
CHAIN_MOST = 1 << 16  # bytes of an APDU in blocks


class Listener:
    """Names packets by what was said before; joins chained blocks."""

    def __init__(self, command: Explain, answer: Explain):
        self.explain_command = command
        self.explain_answer = answer
        self.asked = ""  # what the last packet to the card was
        self.crc = crc_a
        self.chain = {TO_CARD: b"", FROM_CARD: b""}
        self.pdol = b""

    def packet(self, one: Captured, time: str, depth: int) -> Iterator[Row]:
        """Rows of one packet."""
        way = EVENTS.get(one.event, "event %02X" % one.event)
        if one.event not in self.chain:
            yield Row(depth, time, one.octets, way, one.comment)
            return
        name = self._name(one.octets, one.event)
        bare = name in WITHOUT_CRC
        content = one.octets if bare else one.octets[:-2]
        said = name + (f" ({one.comment})" if one.comment else "")
        yield Row(depth, time, b"", way, said)
        is_block = name.startswith("I-block") and len(content) > 0
        yield Row(depth + 1, name[:7] if is_block else "data", content, "", "")
        if not bare:
            crc = one.octets[-2:]
            good = len(one.octets) > 2 and crc == self.crc(content)
            yield Row(depth + 1, "CRC", crc, "", "right" if good else "wrong")
        if is_block:
            yield from self._inf(content, one, depth + 1)

    def _name(self, octets: bytes, event: int) -> str:
        if event == FROM_CARD and self.asked in ANSWERS:
            name, self.asked = ANSWERS[self.asked], ""
            return name
        if event == FROM_CARD:
            return _block(octets)
        name = SHORT.get(octets) or _command(octets)
        self.asked = name
        if name in ("REQA", "WUPA"):
            self.crc = crc_a
        elif name in ("REQB", "ATTRIB"):
            self.crc = crc_b
        return name

    def _inf(self, content: bytes, one: Captured, depth: int) -> Iterator[Row]:
        """The APDU, once its last block is there."""
        pcb = content[0]
        begin = 1 + bool(pcb & 0x08) + bool(pcb & 0x04)
        apdu = self.chain[one.event] + content[begin:]
        if len(apdu) > CHAIN_MOST:
            raise FormatError(f"capture: at {one.offset}: a chain of more than {CHAIN_MOST} bytes")
        if pcb & 0x10:
            self.chain[one.event] = apdu
            return
        self.chain[one.event] = b""
        try:
            if one.event == TO_CARD:
                rows = list(self.explain_command(apdu, depth, self.pdol))
            else:
                rows = list(self.explain_answer(apdu, depth))
                self.pdol = next((row.value for row in rows if row.code == "9F38"), self.pdol)
        except FormatError as wrong:
            rows = [Row(depth, "INF", apdu, "no APDU", str(wrong))]
        yield from rows


def explain_capture(
    data: bytes, command: Explain, answer: Explain, depth: int = 0
) -> Iterator[Row]:
    """Rows of a capture; FormatError `capture: at OFFSET: why` where it breaks."""
    listener = Listener(command, answer)
    first_us = None
    for one in capture.read(data):
        first_us = one.time_us if first_us is None else first_us
        since_us = max(0, one.time_us - first_us)
        yield from listener.packet(one, seconds(since_us).strip(), depth)


def _command(octets: bytes) -> str:
    """What the reader says; short frames are known already."""
    first = octets[:1]
    if first and first[0] in CASCADE:
        return "anticollision" if len(octets) == 2 else "select"
    if first == b"\xe0":
        return "RATS"
    if first == b"\x50":
        return "HLTA"
    if first == b"\x05":
        return "REQB"
    if first == b"\x1d":
        return "ATTRIB"
    if first and first[0] & 0xF0 == 0xD0:
        return "PPS"
    return _block(octets)


def _block(octets: bytes) -> str:
    """A block of ISO/IEC 14443-4 by its first byte."""
    pcb = octets[0] if octets else 0xFF
    if pcb & 0xE2 == 0x02:
        return "I-block %d%s" % (pcb & 1, ", more follow" if pcb & 0x10 else "")
    if pcb & 0xE6 == 0xA2:
        return "R(%s) %d" % ("NAK" if pcb & 0x10 else "ACK", pcb & 1)
    if pcb & 0xF7 == 0xC2:
        return "S(DESELECT)"
    if pcb & 0xF7 == 0xF2:
        return "S(WTX)"
    return "unknown"
