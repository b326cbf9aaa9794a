# SPDX-License-Identifier: Apache-2.0
"""JT/T 905 on the wire: frames between a taxi's on-board unit (ISU) and its meter, and bodies.

    55 AA | LEN u16 | type u8 | vendor u8 | command u16 | data | XOR u8 | 55 AA     big-endian

LEN counts type to the end of data, XOR goes from LEN to the end of data, `type` is the device that
speaks. No byte is stuffed, so 55 AA may stand inside data: what tells a frame is its length, its
check and its tail together (terminals.md 4). Numbers on the meter are BCD, money in tenths of a
yuan (jiao), ways in tenths of a kilometre (hm).
"""

from collections import namedtuple

from firmware.errors import FormatError

MARK = b"\x55\xaa"
HEAD_BYTES, TAIL_BYTES = 4, 3
MAX_DATA = 256
GAP_MS = 1000  # a frame that stops for so long is cut; a tap of a card keeps us from reading

ISU, METER = 0x00, 0x02
STATUS, CLOCK, TARIFF, TARIFF_SET, RECORD = 0x0000, 0x0001, 0x0004, 0x0005, 0x0006
OPEN, OPENED, CLOSE, CLOSED = 0x00E0, 0x00E1, 0x00E3, 0x00E4
HIRED, TRIP_END, HEARTBEAT, SHIFT_AGAIN, TRIP_AGAIN = 0x00E7, 0x00E8, 0x00E9, 0x00F1, 0x00F2
DONE, FAILED = b"\x90", b"\xff"
CASH, M1_CARD, CPU_CARD, OTHER = 0x00, 0x01, 0x03, 0x09
PAY_TYPES = (CASH, M1_CARD, CPU_CARD, OTHER)

Frame = namedtuple("Frame", ("kind", "vendor", "command", "data"))  # kind: ISU, METER ..

# Bodies, a row a field: name, kind, bytes. a: bytes as they are; b: packed BCD, as text of digits;
# u: number. Text and no tuples: so many small objects would take 15 KB of a board's heap.
TRIP = """
plate a 6
licence a 16
driver a 19
on b 5
off b 2
distance_hm b 3
empty_hm b 2
surcharge_jiao b 3
waiting b 2
amount_jiao b 3
trip u 4
pay_type u 1
"""  # E8, F2; on: YYMMDDhhmm, off, waiting: hhmm; behind it card data in a layout of the place
TRIP_BYTES = 66
HEARTBEAT_UP = "state u 1\nlicence a 16\ndriver a 19"
STATE_HIRED, STATE_SIGNED_IN, STATE_FORCED_ON, STATE_FORCED_OFF = 1, 2, 4, 8
# Answer to E9; time_limit: YYYYMMDDhh, zeros: none. One source has the times limit in one byte.
HEARTBEAT_DOWN = "isu_state u 2\ntime_limit b 5\ntimes_limit b %d"
# Answer to E0 and E3; swiped: YYMMDDhhmmss. Where the plate stands is uncertain.
ADMISSION = "licence a 16\ndriver a 19\nplate a 6\nswiped b 6\n%s\nresult u 1" % HEARTBEAT_DOWN % 2
# state: 00 ok, 01 and 02 limited, 04 trips full, 08 shifts full
STATUS_REPLY = """
device_id a 5
hardware u 1
software a 2
state u 1
work u 1
plate a 6
licence a 16
driver a 19
trips u 4
"""
# E4, F1: the page gives the order of the fields and not their sizes; these are an assumption, and
# a body of another length counts as totals that nobody could read. on, off: YYYYMMDDhhmm.
SHIFT = """
licence a 16
driver a 19
plate a 6
on b 6
off b 6
distance_hm b 3
hired_hm b 3
trips b 2
hired_time b 3
amount_jiao b 3
card_jiao b 3
card_trips b 2
between_hm b 2
life_distance_hm b 4
life_hired_hm b 4
unit_price_fen b 2
life_trips b 4
"""


def is_digits(text):
    """True for one or more of 0-9."""
    return bool(text) and not [one for one in text if one not in "0123456789"]


def rows(table):
    """(name, kind, bytes) of each field of a body."""
    for row in table.strip().split("\n"):
        name, kind, size = row.split()
        yield name, kind, int(size)


def unpack(table, data):
    """Dict of a body: bytes, text of digits or int. FormatError for another length or no BCD."""
    values, at = {}, 0
    for name, kind, size in rows(table):
        part = bytes(data[at : at + size])
        if len(part) != size:
            raise FormatError("%s: %d bytes wanted, %d left" % (name, size, len(part)))
        if kind == "b":
            values[name] = part.hex()
            if not is_digits(values[name]):
                raise FormatError("%s: %s is not BCD" % (name, values[name]))
        else:
            values[name] = part if kind == "a" else int.from_bytes(part, "big")
        at += size
    if at != len(data):
        raise FormatError("%d bytes after the last field" % (len(data) - at))
    return values


def pack(table, values):
    """Bytes of a body, the other way; a field that is not given is zeros. FormatError where a
    value does not fit.
    """
    parts = []
    for name, kind, size in rows(table):
        value = values.get(name, {"a": bytes(size), "b": "0" * (2 * size), "u": 0}[kind])
        if kind == "u":
            good = 0 <= value < 1 << 8 * size
            part = value.to_bytes(size, "big") if good else b""
        elif kind == "b":
            part = bytes.fromhex(value) if is_digits(value) and len(value) == 2 * size else b""
        else:
            part = bytes(value)
        if len(part) != size:
            raise FormatError("%s: %r does not fit" % (name, value))
        parts.append(part)
    return b"".join(parts)


def encode(command, data=b"", kind=ISU, vendor=0):
    """Bytes of a frame. FormatError for data too long, and for a command that may not be sent."""
    if kind == ISU and command in (CLOCK, TARIFF_SET) and data:
        # TD-051: the night tariff hangs on the meter's clock, so it is legal data too
        raise FormatError("an ISU does not write the tariff or the clock of a meter")
    if len(data) > MAX_DATA:
        raise FormatError("%d bytes do not fit a frame" % len(data))
    inner = (4 + len(data)).to_bytes(2, "big") + bytes((kind, vendor)) + command.to_bytes(2, "big")
    inner += bytes(data)
    return MARK + inner + bytes((xor_of(inner),)) + MARK


def xor_of(data):
    """All bytes of `data` by exclusive or."""
    check = 0
    for byte in data:
        check ^= byte
    return check


class FrameReader:
    """Frames out of a stream of bytes; holds one frame at most (TD-052)."""

    def __init__(self):
        self.buffer = b""
        self.latest_ms = 0  # when bytes came last
        self.bad = 0  # pieces that looked like a frame and were none

    def feed(self, data, now_ms):
        """Frames that are complete; never raises."""
        frames = []
        if self.buffer and now_ms - self.latest_ms >= GAP_MS:
            while self.buffer:  # its rest will not come: perhaps a whole one stands inside
                self.bad += 1
                self.buffer = self.buffer[1:]
                self._scan(frames)
        if data:
            self.latest_ms = now_ms
            self.buffer += bytes(data)
            self._scan(frames)
        return frames

    def _scan(self, frames):
        size = 1
        while size:
            frame, size = self._next()
            self.buffer = self.buffer[size:]
            if frame:
                frames.append(frame)

    def _next(self):
        """(Frame or None, bytes done with); 0 bytes: more have to come."""
        buffer = self.buffer
        start = buffer.find(MARK)
        if start < 0:
            return None, len(buffer) - (1 if buffer.endswith(MARK[:1]) else 0)
        if start:
            return None, start
        if len(buffer) < HEAD_BYTES:
            return None, 0
        length = int.from_bytes(buffer[2:HEAD_BYTES], "big")
        if not 4 <= length <= 4 + MAX_DATA:
            return self._no_frame()
        end = HEAD_BYTES + length
        if len(buffer) < end + TAIL_BYTES:
            return None, 0
        if buffer[end + 1 : end + TAIL_BYTES] != MARK or xor_of(buffer[2:end]) != buffer[end]:
            return self._no_frame()
        command = int.from_bytes(buffer[6:8], "big")
        return Frame(buffer[4], buffer[5], command, buffer[8:end]), end + TAIL_BYTES

    def _no_frame(self):
        self.bad += 1
        return None, 1
