# SPDX-License-Identifier: Apache-2.0
"""The serial lines of a stage: what is plugged in where, and bytes on their way.

A machine at a line is what it is beside a real terminal: feed(data, now_ms) and
outgoing(now_ms) -> bytes, no more. Bytes take their time by the speed of the line.
"""

from firmware.errors import LinkLost
from firmware.formats.batch import FrameReader

BITS_A_BYTE = 10
LINK_ANSWER_MS = 60  # the collector has committed


class Line:
    """One open line: `inbox` of [arrives_us, bytes] for the terminal."""

    def __init__(self, peer, baud):
        self.peer = peer
        self.byte_us = BITS_A_BYTE * 1_000_000 / baud
        self.inbox = []
        self.free_us = 0  # until then the line is busy with what was sent before

    def send(self, data, now_us):
        begun_us = max(now_us, self.free_us)
        self.free_us = begun_us + int(len(data) * self.byte_us)
        self.inbox.append([self.free_us, data])


class Lines:
    """`peers`: {name of the line as in the settings: machine}; `down`: names that are cut off."""

    def __init__(self):
        self.peers = {}
        self.down = set()
        self.open_lines = {}  # handle -> Line

    def open(self, name, baud, now_us):
        """A handle for the terminal; LinkLost where nothing is plugged in."""
        if name not in self.peers or name in self.down:
            raise LinkLost(f"{name}: nothing is there")
        handle = next(one for one in range(64) if one not in self.open_lines)
        line = Line(self.peers[name], baud)
        self.open_lines[handle] = line
        return handle

    def drop(self):
        """The terminal is gone: nobody holds a line, and what was on it is lost."""
        self.open_lines.clear()

    def cut(self, name):
        """A line breaks: the terminal finds it hung up."""
        self.down.add(name)

    def heal(self, name):
        self.down.discard(name)

    def pump(self, now_us):
        """Let the machines speak."""
        for line in self.open_lines.values():
            if self._is_cut(line):
                continue
            data = line.peer.outgoing(now_us // 1000)
            if data:
                line.send(data, now_us)

    def _is_cut(self, line):
        return any(self.peers.get(name) is line.peer for name in self.down)

    def ready(self, now_us):
        """Bits of the handles that a read would tell something of."""
        bits = 0
        for handle, line in self.open_lines.items():
            arrived = bool(line.inbox) and line.inbox[0][0] <= now_us
            bits |= (arrived or self._is_cut(line)) << handle
        return bits

    def read(self, handle, count, now_us):
        line = self._line(handle)
        got = b""
        while line.inbox and line.inbox[0][0] <= now_us and len(got) < count:
            piece = line.inbox[0][1][: count - len(got)]
            got += piece
            line.inbox[0][1] = line.inbox[0][1][len(piece) :]
            if not line.inbox[0][1]:
                line.inbox.pop(0)
        return got

    def write(self, handle, data, now_us):
        self._line(handle).peer.feed(data, now_us // 1000)

    def close(self, handle):
        self.open_lines.pop(handle, None)

    def _line(self, handle):
        line = self.open_lines.get(handle)
        if line is None or self._is_cut(line):
            raise LinkLost("the line is gone")
        return line


class CollectorPeer:
    """The collector at the other end of the upload."""

    def __init__(self, collector):
        self.collector = collector
        self.reader = FrameReader()
        self.answers = []  # (leaves_ms, frame)

    def feed(self, data, now_ms):
        for frame in self.reader.feed(data):
            self.answers.append((now_ms + LINK_ANSWER_MS, self.collector.answer(frame)))

    def outgoing(self, now_ms):
        if self.answers and self.answers[0][0] <= now_ms:
            return self.answers.pop(0)[1]
        return b""
