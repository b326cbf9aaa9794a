# SPDX-License-Identifier: Apache-2.0
"""PC/SC door: a simulated card as vpcd of vsmartcard wants it, for any PC/SC program.

vpcd is a reader driver of pcscd that waits for a card on a TCP port. Messages go both ways as two
bytes of length, the high one first, and as many bytes. A message of one byte is power off (00), on
(01), reset (02) or "what is your ATR" (04); all others are C-APDUs. ATR and C-APDU are answered,
power is not. pcscd asks for the ATR all the time, powered or not, to see whether a card is there;
a card that has left closes the connection.

A contactless card has no ATR. A reader makes one up by the rule of PC/SC part 3, 3.1.3.2.3, which
`atr_of` follows, and then passes short APDUs on as they are.
"""

from functools import reduce

from firmware.errors import FormatError, LinkLost
from sim.chip_target import atqb

PORT = 35963
POWER_OFF, POWER_ON, RESET, GET_ATR = b"\x00", b"\x01", b"\x02", b"\x04"
LENGTH = 2
LONGEST_COMMAND = 261  # a short C-APDU: header, Lc, 255 bytes, Le
WRONG_LENGTH = b"\x67\x00"
MOST_HISTORICAL = 15


def atr_of(card):
    """ATR of a simulated card: 3B 8n 80 01, n historical bytes, check byte.

    Type A: those of the ATS. Type B: application data and protocol info of the ATQB, and MBLI,
    which the answer to ATTRIB of these cards leaves at 0. A contact card has its own.
    """
    if getattr(card, "atr", None):
        return card.atr
    historical = atqb(card)[5:12] + b"\x00" if card.kind == "B" else _historical(card.ats)
    body = bytes((0x80 | len(historical), 0x80, 0x01)) + historical
    return b"\x3b" + body + bytes((reduce(lambda one, other: one ^ other, body),))


def _historical(ats):
    """What stands behind T0 and the interface bytes it names (ISO/IEC 14443-4, 5.2)."""
    around = 2 + sum(1 for bit in (0x10, 0x20, 0x40) if ats[1:2] and ats[1] & bit)
    return ats[around : ats[0]][:MOST_HISTORICAL]


class Messages:
    """Cuts what comes from vpcd into messages; it never holds more than one of 65,535 bytes."""

    def __init__(self):
        self.held = b""

    def feed(self, data):
        """Return the messages that are whole now, without their lengths. FormatError: length 0."""
        whole = []
        self.held += data
        while len(self.held) >= LENGTH:
            end = LENGTH + int.from_bytes(self.held[:LENGTH], "big")
            if end == LENGTH:
                raise FormatError("vpcd sent a message of no bytes")
            if len(self.held) < end:
                break
            whole.append(self.held[LENGTH:end])
            self.held = self.held[end:]
        return whole


class Slot:
    """One card in `field` behind a reader's contacts."""

    def __init__(self, field, card):
        self.field = field
        self.card = card
        self.powered = False

    def answer(self, message):
        """What goes back to vpcd, length and all, b"" for nothing.

        FormatError when the message is none of vpcd's; LinkLost when the card has left the field.
        """
        if message == GET_ATR:
            if not any(card is self.card for card in self.field.cards()):
                raise LinkLost("the card has left")
            return _framed(atr_of(self.card))
        if message in (POWER_OFF, POWER_ON, RESET):
            self._power(message)
            return b""
        if len(message) == 1:
            raise FormatError("vpcd sent the control byte %02x" % message[0])
        if not self.powered:
            raise FormatError("vpcd sent an APDU to a card without power")
        if len(message) < 4 or len(message) > LONGEST_COMMAND:
            return _framed(WRONG_LENGTH)
        return _framed(self.field.transmit(self.card, message))

    def _power(self, message):
        self.powered = message != POWER_OFF
        if message != POWER_ON:
            self.field.field_off()
        if self.powered:
            self.field.activate(self.card)


def _framed(data):
    return len(data).to_bytes(LENGTH, "big") + data


def serve(slot, connection):
    """Answer on a connected socket until vpcd closes it.

    LinkLost: it was lost, or the card has left. FormatError: what came is not vpcd's.
    """
    messages = Messages()
    while True:
        try:
            data = connection.recv(4096)
            for message in messages.feed(data):
                connection.sendall(slot.answer(message))
        except ConnectionError as lost:
            raise LinkLost("the connection to vpcd was lost") from lost
        if not data:
            if messages.held:
                raise LinkLost("vpcd closed within a message")
            return
