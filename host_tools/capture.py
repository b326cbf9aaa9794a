# SPDX-License-Identifier: Apache-2.0
"""Capture files for Wireshark: pcapng of link type ISO 14443 (264), written; pcap and pcapng read.

A packet is 00, event, length in two bytes (high one first), data. Written are a section header
with a comment that says what was put together, one interface, and an enhanced packet block a
packet, with its own comment where there is something to say; little-endian, microseconds.
draft-ietf-opsawg-pcapng; tcpdump.org/linktypes, LINKTYPE_ISO_14443.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from firmware.errors import FormatError

ISO_14443 = 264
SECTION, INTERFACE, PACKET = 0x0A0D0D0A, 1, 6
BYTE_ORDER = 0x1A2B3C4D
COMMENT, APPLICATION, RESOLUTION = 1, 4, 9
LONGEST_BLOCK = 1 << 20  # nothing of ours comes near
PCAP = {  # magic as a little-endian reader sees it: byte order, units of a second
    0xA1B2C3D4: ("<", 10**6),
    0xD4C3B2A1: (">", 10**6),
    0xA1B23C4D: ("<", 10**9),
    0x4D3CB2A1: (">", 10**9),
}


class Captured(NamedTuple):
    """One packet: microseconds since 1970, event, data, where it stands in the file, comment."""

    time_us: int
    event: int
    octets: bytes
    offset: int
    comment: str


def header(comment: str, application: str) -> bytes:
    """What a capture begins with."""
    options = _option(COMMENT, comment) + _option(APPLICATION, application) + bytes(4)
    section = struct.pack("<IHHq", BYTE_ORDER, 1, 0, -1) + options
    return _block(SECTION, section) + _block(INTERFACE, struct.pack("<HHI", ISO_14443, 0, 0))


def packet(time_us: int, event: int, octets: bytes, comment: str = "") -> bytes:
    """One packet."""
    data = struct.pack(">BBH", 0, event, len(octets)) + octets
    head = struct.pack("<IIIII", 0, time_us >> 32, time_us & 0xFFFFFFFF, len(data), len(data))
    options = _option(COMMENT, comment) + bytes(4) if comment else b""
    return _block(PACKET, head + _padded(data) + options)


def is_capture(data: bytes) -> bool:
    """Whether this begins as a capture does."""
    first = int.from_bytes(data[:4], "little")
    return len(data) >= 4 and (first == SECTION or first in PCAP)


def read(data: bytes, name: str = "capture") -> Iterator[Captured]:
    """The packets of a capture. FormatError `name: at OFFSET: why`."""
    first = int.from_bytes(data[:4], "little")
    try:
        if first in PCAP:
            yield from _read_pcap(data, *PCAP[first])
        else:
            yield from _read_pcapng(data)
    except FormatError as why:
        raise FormatError(f"{name}: {why}") from None


def _read_pcap(data: bytes, order: str, units: int) -> Iterator[Captured]:
    link = _number(data, 20, order) & 0xFFFF
    _is_ours(link, 20)
    at = 24
    while at < len(data):
        seconds, part, kept = (_number(data, at + step, order) for step in (0, 4, 8))
        if kept > LONGEST_BLOCK or at + 16 + kept > len(data):
            raise FormatError(f"at {at}: a packet of {kept} bytes is cut short")
        time_us = seconds * 10**6 + part * 10**6 // units
        yield _packet(data[at + 16 : at + 16 + kept], time_us, at, "")
        at += 16 + kept


def _read_pcapng(data: bytes) -> Iterator[Captured]:
    at, order = 0, "<"
    units: list[int] = []
    while at < len(data):
        kind = _number(data, at, order)
        if kind == SECTION:
            magic = _number(data, at + 8, "<")
            order = "<" if magic == BYTE_ORDER else ">"
            if _number(data, at + 8, order) != BYTE_ORDER:
                raise FormatError(f"at {at}: a section without its byte order")
            units = []
        length = _number(data, at + 4, order)
        if not 12 <= length <= LONGEST_BLOCK or length % 4 or at + length > len(data):
            raise FormatError(f"at {at}: a block of {length} bytes is none, or cut short")
        if _number(data, at + length - 4, order) != length:
            raise FormatError(f"at {at}: the two lengths of a block differ")
        body = data[at + 8 : at + length - 4]
        if kind == INTERFACE:
            _is_ours(_short(body, 0, order, at), at)
            units.append(_units(_options(body, 8, order, at)))
        elif kind == PACKET:
            yield _enhanced(body, order, at, units)
        at += length


def _enhanced(body: bytes, order: str, at: int, units: list[int]) -> Captured:
    if len(body) < 20:
        raise FormatError(f"at {at}: a packet block without its head")
    interface, high, low, kept, _ = struct.unpack_from(order + "IIIII", body)
    if interface >= len(units):
        raise FormatError(f"at {at}: interface {interface} was not described")
    if 20 + kept > len(body):
        raise FormatError(f"at {at}: a packet of {kept} bytes is cut short")
    time_us = (high << 32 | low) * 10**6 // units[interface]
    options = _options(body, 20 + (kept + 3) // 4 * 4, order, at)
    comment = options.get(COMMENT, b"").decode("utf-8", "replace")
    return _packet(body[20 : 20 + kept], time_us, at, comment)


def _packet(data: bytes, time_us: int, at: int, comment: str) -> Captured:
    """A packet behind its pseudo header."""
    if len(data) < 4:
        raise FormatError(f"at {at}: {len(data)} bytes, the pseudo header takes 4")
    version, event, count = struct.unpack_from(">BBH", data)
    if version != 0:
        raise FormatError(f"at {at}: pseudo header of version {version}, not 0")
    if count != len(data) - 4:
        raise FormatError(f"at {at}: {count} bytes promised, {len(data) - 4} are there")
    return Captured(time_us, event, data[4:], at, comment)


def _options(body: bytes, at: int, order: str, where: int) -> dict[int, bytes]:
    """The options of a block, the last of a kind."""
    found = {}
    while at + 4 <= len(body):
        code, count = struct.unpack_from(order + "HH", body, at)
        if not code:
            break
        if at + 4 + count > len(body):
            raise FormatError(f"at {where}: an option of {count} bytes is cut short")
        found[code] = body[at + 4 : at + 4 + count]
        at += 4 + (count + 3) // 4 * 4
    return found


def _units(options: dict[int, bytes]) -> int:
    """Parts of a second that times are counted in."""
    value = options.get(RESOLUTION, b"\x06")[:1]
    power = value[0] & 0x7F if value else 6
    return 2 ** min(power, 63) if value and value[0] & 0x80 else 10 ** min(power, 18)


def _is_ours(link: int, at: int) -> None:
    if link != ISO_14443:
        raise FormatError(f"at {at}: link type {link}, not {ISO_14443} (ISO 14443)")


def _number(data: bytes, at: int, order: str) -> int:
    if at + 4 > len(data):
        raise FormatError(f"at {at}: cut short")
    return struct.unpack_from(order + "I", data, at)[0]


def _short(body: bytes, at: int, order: str, where: int) -> int:
    if at + 2 > len(body):
        raise FormatError(f"at {where}: cut short")
    return struct.unpack_from(order + "H", body, at)[0]


def _option(code: int, text: str) -> bytes:
    octets = text.encode("utf-8")
    return struct.pack("<HH", code, len(octets)) + _padded(octets)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
