# SPDX-License-Identifier: Apache-2.0
"""JT/T 905 on the wire: frames between a taxi's on-board unit (ISU) and its meter, and bodies.

    55 AA | LEN u16 | type u8 | vendor u8 | command u16 | data | XOR u8 | 55 AA     big-endian

LEN counts type to the end of data, XOR goes from LEN to the end of data, `type` is the device that
speaks. No byte is stuffed, so 55 AA may stand inside data: what tells a frame is its length, its
check and its tail together (terminals.md 4). Bodies are tables of fields.py; numbers on the meter
are BCD, money in tenths of a yuan (jiao), ways in tenths of a kilometre (hm).
"""

from collections import namedtuple

from firmware.errors import FormatError
from firmware.formats.fields import U8, U16, U32, Digits, Fixed

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

TRIP = (  # E8, F2; what follows is the card data, in a layout of the place
    ("plate", Fixed(6)),
    ("licence", Fixed(16)),
    ("driver", Fixed(19)),
    ("on", Digits(10)),  # YYMMDDhhmm
    ("off", Digits(4)),  # hhmm
    ("distance_hm", Digits(6)),
    ("empty_hm", Digits(4)),
    ("surcharge_jiao", Digits(6)),
    ("waiting", Digits(4)),  # hhmm
    ("amount_jiao", Digits(6)),
    ("trip", U32),
    ("pay_type", U8),
)
TRIP_BYTES = 66
HEARTBEAT_UP = (("state", U8), ("licence", Fixed(16)), ("driver", Fixed(19)))
STATE_HIRED, STATE_SIGNED_IN, STATE_FORCED_ON, STATE_FORCED_OFF = 1, 2, 4, 8
ADMISSION = (  # answer to E0 and E3; where the plate stands is uncertain
    ("licence", Fixed(16)),
    ("driver", Fixed(19)),
    ("plate", Fixed(6)),
    ("swiped", Digits(12)),  # YYMMDDhhmmss
    ("isu_state", U16),
    ("time_limit", Digits(10)),  # YYYYMMDDhh, zeros: none
    ("times_limit", Digits(4)),
    ("result", U8),
)
STATUS_REPLY = (
    ("device_id", Fixed(5)),
    ("hardware", U8),
    ("software", Fixed(2)),
    ("state", U8),  # 00 ok, 01 and 02 limited, 04 trips full, 08 shifts full
    ("work", U8),
    ("plate", Fixed(6)),
    ("licence", Fixed(16)),
    ("driver", Fixed(19)),
    ("trips", U32),
)
# E4, F1: the page gives the order of the fields and not their sizes; these are an assumption, and
# a body of another length counts as totals that nobody could read.
SHIFT = (
    ("licence", Fixed(16)),
    ("driver", Fixed(19)),
    ("plate", Fixed(6)),
    ("on", Digits(12)),  # YYYYMMDDhhmm
    ("off", Digits(12)),
    ("distance_hm", Digits(6)),
    ("hired_hm", Digits(6)),
    ("trips", Digits(4)),
    ("hired_time", Digits(6)),  # hhmmss
    ("amount_jiao", Digits(6)),
    ("card_jiao", Digits(6)),
    ("card_trips", Digits(4)),
    ("between_hm", Digits(4)),
    ("life_distance_hm", Digits(8)),
    ("life_hired_hm", Digits(8)),
    ("unit_price_fen", Digits(4)),
    ("life_trips", Digits(8)),
)
HIRED_AT = (("at", Digits(14)),)  # E7: YYYYMMDDhhmmss
TARIFF_HEAD = (("valid_from", Digits(10)), ("prices", Fixed(16)), ("distances", Fixed(8)))


def heartbeat_down(times_bytes=2):
    """Table of our answer to E9; one source has the times limit in a single byte."""
    limits = (("time_limit", Digits(10)), ("times_limit", Digits(2 * times_bytes)))
    return (("isu_state", U16),) + limits


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
