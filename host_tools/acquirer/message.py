# SPDX-License-Identifier: Apache-2.0
"""A message and its frame: length, TPDU, header, message type, bitmap, fields (clearing.md 4).

Whatever arrives is hostile until it is unpacked: FormatError is the only thing raised, a frame is
FRAME_MOST bytes at most, and a FrameReader never holds more than one frame and what came with it.
"""

from typing import NamedTuple

import iso8583

from firmware.errors import FormatError
from host_tools.acquirer.fields import BY_NUMBER, MAC, SPECIFICATION, Field

LENGTH_BYTES, TPDU_BYTES, HEADER_BYTES = 2, 5, 6
FRAME_MOST = 2048  # length bytes included; all fields at their largest take fewer
BITMAP_AT, BITMAP_BYTES = 2, 8
ZERO_MAC = "00" * 8
TPDU = "6000030000"
HEADER = "603100311003"


class Message(NamedTuple):
    """Message type of 4 digits; field number -> text as fields.py says; TPDU and header as hex."""

    mti: str
    fields: dict[int, str]
    tpdu: str = TPDU
    header: str = HEADER

    def text(self, number: int) -> str:
        """A field, "" where it is not there."""
        return self.fields.get(number, "")


def pack(message: Message) -> bytes:
    """The frame of a message. FormatError where a value does not fit its field."""
    try:
        lead = bytes.fromhex(message.tpdu) + bytes.fromhex(message.header)
    except ValueError:
        lead = b""
    if len(lead) != TPDU_BYTES + HEADER_BYTES:
        raise FormatError("TPDU takes 10 hex digits and the header 12")
    rest = lead + body(message)
    if len(rest) > FRAME_MOST - LENGTH_BYTES:
        raise FormatError("message of %d bytes, a frame takes %d" % (len(rest), FRAME_MOST))
    return len(rest).to_bytes(LENGTH_BYTES, "big") + rest


def body(message: Message) -> bytes:
    """Message type, bitmap and fields: what a MAC is made over, and the MAC."""
    values = {"t": message.mti}
    for number, value in message.fields.items():
        values[str(number)] = _checked(number, value)
    try:
        encoded, _ = iso8583.encode(values, SPECIFICATION)
    except (iso8583.EncodeError, ValueError, UnicodeError) as wrong:
        raise FormatError("message cannot be written: %s" % _reason(wrong)) from wrong
    return bytes(encoded)


def protected(message: Message) -> bytes:
    """The bytes under the MAC: message type to the last field before 64, its bit set."""
    with_room = message._replace(fields={**message.fields, MAC: ZERO_MAC})
    return body(with_room)[: -len(ZERO_MAC) // 2]


def unpack(frame: bytes) -> Message:
    """The message of one whole frame."""
    head = LENGTH_BYTES + TPDU_BYTES + HEADER_BYTES
    if len(frame) > FRAME_MOST or len(frame) < head + BITMAP_AT + BITMAP_BYTES:
        raise FormatError("frame of %d bytes is no message" % len(frame))
    if int.from_bytes(frame[:LENGTH_BYTES], "big") != len(frame) - LENGTH_BYTES:
        raise FormatError("frame of %d bytes bears another length" % len(frame))
    tpdu = frame[LENGTH_BYTES : LENGTH_BYTES + TPDU_BYTES].hex().upper()
    header = frame[LENGTH_BYTES + TPDU_BYTES : head].hex().upper()
    mti, fields = _read(frame[head:])
    return Message(mti, fields, tpdu, header)


def _read(encoded: bytes) -> tuple[str, dict[int, str]]:
    if encoded[BITMAP_AT] & 0x80:
        raise FormatError("message with a second bitmap")
    try:
        values, _ = iso8583.decode(encoded, SPECIFICATION)
    except (iso8583.DecodeError, ValueError, UnicodeError) as wrong:
        raise FormatError("message cannot be read: %s" % _reason(wrong)) from wrong
    mti = str(values["t"])
    if not mti.isdecimal():
        raise FormatError("message type %s is not four digits" % mti)
    named = {int(name): str(value) for name, value in values.items() if name.isdecimal()}
    return mti, {number: _checked(number, value) for number, value in sorted(named.items())}


def _checked(number: int, value: str) -> str:
    """The value, when its characters are those of its field."""
    one = BY_NUMBER.get(number)
    if one is None:
        raise FormatError("field %d is none of ours" % number)
    if not _fits(one, value):
        raise FormatError("field %d, %s: not %s" % (number, one.name, one.kind))
    return value


def _fits(one: Field, value: str) -> bool:
    if one.kind == "n":
        return not value.strip("0123456789")
    if one.kind == "z":
        return not value.strip("0123456789D=")
    if one.kind == "b":
        return not value.strip("0123456789ABCDEF")
    return one.kind == "ans" or (value.isascii() and value.isprintable())


def _reason(wrong: Exception) -> str:
    """What the library says of the fault, without the value it was about."""
    field = getattr(wrong, "field", None)
    said = getattr(wrong, "msg", None) or type(wrong).__name__
    return "%s%s" % ("field %s, " % field if field else "", said)


def answered(mti: str) -> str:
    """The message type of the answer: 0200 -> 0210."""
    return mti[:2] + "%d" % (int(mti[2]) + 1) + mti[3]


def swapped(tpdu: str) -> str:
    """The TPDU of the answer: destination and source change places."""
    return tpdu[:2] + tpdu[6:] + tpdu[2:6]


class FrameReader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole with `data`; FormatError ends the stream."""
        self._held += data
        found = []
        while len(self._held) >= LENGTH_BYTES:
            size = LENGTH_BYTES + int.from_bytes(self._held[:LENGTH_BYTES], "big")
            if size > FRAME_MOST or size == LENGTH_BYTES:
                raise FormatError("frame of %d bytes, %d are the most" % (size, FRAME_MOST))
            if len(self._held) < size:
                break
            found.append(self._held[:size])
            self._held = self._held[size:]
        return found
