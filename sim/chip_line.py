# SPDX-License-Identifier: Apache-2.0
"""The chip's side of the host link: frames out of bytes, and bytes that leave at their time.

Written for the simulator alone and not shared with firmware/reader, so that a mistake of one end
shows at the other. Frames as in UM0701-02, 6.2.1: normal, extended, ACK, NACK (PS-03, PS-04).
Nothing here knows a command or a clock: times are microseconds handed in.
"""

from collections import deque

ACK = b"\x00\x00\xff\x00\xff\x00"
START = b"\x00\xff"
LEN_MAX = 265
TFI_HOST = 0xD4
TFI_CHIP = 0xD5
TICK_US = 1e-6  # less than this is rounding, not time

FRAME, IS_ACK, IS_NACK, BAD_DCS = "frame", "ack", "nack", "bad dcs"


def encode(body: bytes, bare: bool = False) -> bytes:
    """A frame round TFI and data, 1..265 bytes; `bare`: without preamble, postamble (PS-03)."""
    count = len(body)
    if count <= 255:
        head = bytes((count, -count & 0xFF))
    else:
        high, low = divmod(count, 256)
        head = bytes((0xFF, 0xFF, high, low, -(high + low) & 0xFF))
    core = START + head + body + bytes((-sum(body) & 0xFF,))
    return core if bare else b"\x00" + core + b"\x00"


def garble(data: bytes) -> bytes:
    """What a UART at another speed makes of `data`: no byte is 00, so there is no start code."""
    return bytes((byte * 5 + 0x33) & 0xFF | 0x80 for byte in data)


class FrameFinder:
    """Host frames out of a stream of bytes; whatever is no frame is skipped byte by byte."""

    def __init__(self):
        self.rest = b""

    def drop(self) -> None:
        """Forget an unfinished frame (a gap between bytes, a reset)."""
        self.rest = b""

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """Add bytes; return what was completed as (kind, command code and data) (PS-03, PS-30)."""
        found: list[tuple[str, bytes]] = []
        rest = self.rest + data
        at = 0
        while True:
            at = rest.find(START, at)
            if at < 0:
                self.rest = rest[-1:] if rest[-1:] == b"\x00" else b""
                return found
            taken, event = _read(rest, at)
            if taken == 0:
                self.rest = rest[at:]
                return found
            if event:
                found.append(event)
            at += taken


def _read(rest: bytes, at: int):
    """(bytes used, event or None) at a start code, 0: more needed; LCS before all (PS-04)."""
    head = rest[at + 2 : at + 7]
    if len(head) < 2:
        return 0, None
    if head[:2] == b"\x00\xff":
        return 4, (IS_ACK, b"")
    if head[:2] == b"\xff\x00":
        return 4, (IS_NACK, b"")
    if head[:2] == b"\xff\xff":
        if len(head) < 5:
            return 0, None
        count, lcs_sum, begin = head[2] * 256 + head[3], head[2] + head[3] + head[4], at + 7
    else:
        count, lcs_sum, begin = head[0], head[0] + head[1], at + 4
    if lcs_sum & 0xFF or not 1 <= count <= LEN_MAX:
        return 1, None
    end = begin + count + 1
    if len(rest) < end:
        return 0, None
    if sum(rest[begin:end]) & 0xFF:
        return end - at, (BAD_DCS, b"")
    body = rest[begin : end - 1]
    if body[0] != TFI_HOST or count < 2:
        return end - at, None
    return end - at, (FRAME, body[1:])


class Wire:
    """Bytes on their way to the host: runs one behind the other, every byte with its time."""

    def __init__(self):
        self.runs: deque[list] = deque()  # [start_us, byte_us, data, bytes handed over]
        self.free_us = 0.0

    def put(self, at_us: float, data: bytes, byte_us: float) -> float:
        """Send from `at_us` on, or behind what is still leaving; return the last byte's time."""
        start_us = max(at_us, self.free_us)
        self.free_us = start_us + len(data) * byte_us
        if data:
            self.runs.append([start_us, byte_us, data, 0])
        return self.free_us

    def cut(self, at_us: float) -> None:
        """Stop talking: bytes that had not left by `at_us` never will."""
        kept: deque[list] = deque()
        for run in self.runs:
            sent = self._sent(run, at_us)
            if sent > run[3]:
                kept.append([run[0], run[1], run[2][:sent], run[3]])
        self.runs = kept
        self.free_us = min(self.free_us, at_us)

    def take(self, now_us: float) -> bytes:
        """The bytes that have left by now and were not taken yet."""
        out = b""
        while self.runs:
            run = self.runs[0]
            sent = self._sent(run, now_us)
            out += run[2][run[3] : sent]
            run[3] = sent
            if sent < len(run[2]):
                break
            self.runs.popleft()
        return out

    def next_us(self, grain_us: float = 0.0) -> float | None:
        """When the next byte has left; with a grain, later, but not behind its run's last byte."""
        if not self.runs:
            return None
        start_us, byte_us, data, taken = self.runs[0]
        return min(start_us + (taken + 1) * byte_us + grain_us, start_us + len(data) * byte_us)

    @staticmethod
    def _sent(run, now_us: float) -> int:
        start_us, byte_us, data, _ = run
        if now_us + TICK_US < start_us:
            return 0
        if not byte_us:
            return len(data)
        return min(len(data), int((now_us - start_us) / byte_us + TICK_US))
