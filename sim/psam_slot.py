# SPDX-License-Identifier: Apache-2.0
"""The far end of a terminal's serial slot: a controller that holds a simulated PSAM.

A machine as sim/pty_line.py and sim/world_lines.py want it: feed(data, now_ms) -> events,
outgoing(now_ms) -> bytes. The frames are those of docs/security-module.md, written from that page
and not from the terminal's code. What a script may do: `noise` (bytes before the next answer),
`cut` (that many bytes of the next answer get lost), `doubled`, `mute`.
"""

import struct
import zlib

from firmware.errors import LinkLost

MARK = 0xC5
HEAD = struct.Struct(">BBBH")
MOST = 262
POWER, COMMAND, PRESENT, NO = 0x01, 0x02, 0x03, 0xFF


def frame(kind, number, payload=b""):
    """A whole frame."""
    body = HEAD.pack(MARK, kind, number, len(payload)) + payload
    return body + struct.pack(">I", zlib.crc32(body[1:]))


class PsamSlot:
    """card: a sim.psam.Psam."""

    def __init__(self, card):
        self.card = card
        self.held = b""
        self.said = []  # [when due, bytes]
        self.noise, self.cut, self.doubled, self.mute = b"", 0, False, False
        self.asked = []  # kinds, in their order

    def feed(self, data, now_ms):
        """Answer what is whole; events: what was asked."""
        self.held += data
        events = []
        while len(self.held) >= HEAD.size:
            mark, kind, number, count = HEAD.unpack_from(self.held)
            end = HEAD.size + count
            if mark != MARK or count > MOST:
                self.held = self.held[1:]
                continue
            if len(self.held) < end + 4:
                break
            body, check = self.held[1:end], self.held[end : end + 4]
            if zlib.crc32(body).to_bytes(4, "big") != check:
                self.held = self.held[1:]
                continue
            payload, self.held = self.held[HEAD.size : end], self.held[end + 4 :]
            events.append({"event": "psam", "kind": kind})
            self.asked.append(kind)
            self._say(self._answer(kind, number, payload), now_ms)
        return events

    def outgoing(self, now_ms):
        """What is due."""
        due = b"".join(data for when, data in self.said if when <= now_ms)
        self.said = [row for row in self.said if row[0] > now_ms]
        return due

    def _answer(self, kind, number, payload):
        card = self.card
        if card.pulled:
            return frame(NO, number, b"\x01")
        if kind == POWER:
            card.power_up()
            return frame(0x81, number, card.atr)
        if kind == PRESENT:
            return frame(0x83, number)
        try:
            return frame(0x82, number, card.exchange(payload))
        except LinkLost:
            return frame(NO, number, b"\x01")

    def _say(self, data, now_ms):
        if self.mute:
            return
        data = self.noise + data[: len(data) - self.cut]
        if self.doubled:
            data += data
        self.noise, self.cut, self.doubled = b"", 0, False
        self.said.append((now_ms + self.card.busy_ms, data))
