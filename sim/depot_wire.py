# SPDX-License-Identifier: Apache-2.0
"""A collector at the other end of an emulated UART: bytes in, bytes and due times out, as the
virtual chip has it (sim/chip.py).
"""

from collections import deque

from firmware.formats.batch import FrameReader

BITS = 10  # of a byte on the line
PIECE = 16  # bytes that leave at a time: the FIFO of an RP2040 holds 32


class Depot:
    """Answers what a Collector says, at the speed of the line. `heard`: frames so far."""

    def __init__(self, collector):
        self.collector = collector
        self.reader = FrameReader()
        self.heard = 0
        self.waiting: deque[tuple[int, bytes]] = deque()  # (due_us, piece)

    def feed(self, data: bytes, now_us: int, baud: int) -> None:
        """What the terminal wrote."""
        for frame in self.reader.feed(data):
            self.heard += 1
            answer = self.collector.answer(frame)
            piece_us = PIECE * BITS * 1_000_000 // baud
            for number, at in enumerate(range(0, len(answer), PIECE), 1):
                self.waiting.append((now_us + number * piece_us, answer[at : at + PIECE]))

    def due(self, now_us: int) -> bytes:
        """What has arrived at the terminal by now."""
        arrived = b""
        while self.waiting and self.waiting[0][0] <= now_us:
            arrived += self.waiting.popleft()[1]
        return arrived

    def next_us(self, grain_us: int = 0) -> int | None:
        """When `due` has more."""
        return self.waiting[0][0] if self.waiting else None
