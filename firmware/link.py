# SPDX-License-Identifier: Apache-2.0
"""Link(stream, clock): batch frames over any byte stream (design.md, Seams); clearing.md 11, same
frames on every line.

exchange() sends one frame and waits for one, for drive(). send() and poll() are its halves for the
idle turn: neither waits, a frame leaves in pieces that a UART takes without making the caller
wait. The line may lose, double and damage bytes; formats/batch.py finds the frames again, and who
is answered is the business of upload.py.
"""

from firmware.errors import LinkLost
from firmware.formats.batch import FrameReader

CHUNK = 64  # bytes a poll() hands to the line: 5.6 ms at 115200 baud, and UARTs buffer more
SEGMENT = 1460  # to a socket, which buffers more: a turn looks for a card 60 to 100 ms long
# Bytes of an answer that a UART keeps: 115200 baud bring 1,150 in the 100 ms of a turn that looks
# for a card, and the longest answer is a piece of a file (download.COUNT)
RECEIVE_RING = 2560
PIECE = 256  # bytes taken at a time: each read allots so many on a small heap
PIECES = RECEIVE_RING // PIECE  # in a turn: what a ring holds, and no more of a line that floods
SLICE_MS = 20  # how long exchange() waits at a time
SILENCE_MS = 1000  # within a frame: what was begun is given up, a frame may be hidden in it


class Link:
    """`stream` as design.md has it; `timeout_ms` is what exchange() waits for an answer."""

    def __init__(self, stream, clock, timeout_ms=10000, chunk=CHUNK):
        self.stream = stream
        self.clock = clock
        self.timeout_ms = timeout_ms
        self.chunk = chunk
        self.reader = FrameReader()
        self.frames = []
        self.out = b""
        self.heard = 0  # ticks when bytes came last

    def exchange(self, frame, spare=None):
        """Send a frame, return the next one that comes; LinkLost when none comes in time.

        What came before the frame was sent belongs to an earlier one and is dropped.
        """
        self._drop()
        self.stream.write(frame)
        began = self.clock.ticks_ms()
        waited_ms = 0  # what read() waited: ends the loop where the clock stands still
        silent_ms = 0
        while True:
            if self.frames:
                return self.frames.pop(0)
            elapsed = self.clock.ticks_diff(self.clock.ticks_ms(), began)
            if max(elapsed, waited_ms) >= self.timeout_ms:
                raise LinkLost("no answer in %d ms" % self.timeout_ms)
            busy = spare is not None and spare()
            wanted = self.reader.wanted()
            data = self.stream.read(wanted, 0 if busy else SLICE_MS)
            if len(data) < wanted and not busy:
                waited_ms += SLICE_MS
            silent_ms = 0 if data else silent_ms + SLICE_MS
            self._take(data, silent_ms)

    def send(self, frame):
        """Begin to send a frame; poll() does the rest. Drops what came before."""
        self._drop()
        self.out = bytes(frame)
        self.heard = self.clock.ticks_ms()
        self._push()

    def poll(self):
        """A frame that has come, or None; sends a piece, takes what is there, never waits."""
        self._push()
        for _ in range(0 if self.frames else PIECES):
            now = self.clock.ticks_ms()
            data = self.stream.read(PIECE, 0)
            if data:
                self.heard = now
            self._take(data, self.clock.ticks_diff(now, self.heard))
            if len(data) < PIECE or self.frames:
                break
        return self.frames.pop(0) if self.frames else None

    def close(self):
        self.stream.close()

    def _take(self, data, silent_ms):
        self.frames += self.reader.feed(data)
        if silent_ms >= SILENCE_MS:
            self.frames += self.reader.stale()

    def _push(self):
        if self.out:
            self.stream.write(self.out[: self.chunk])
            self.out = self.out[self.chunk :]

    def _drop(self):
        """Forget frames and halves of them; a line that never falls silent is not waited for."""
        for _ in range(8):
            if not self.stream.read(PIECE, 0):
                break
        self.reader = FrameReader()
        self.frames = []
        self.out = b""
