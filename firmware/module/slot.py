# SPDX-License-Identifier: Apache-2.0
"""A card slot at the end of a serial line: a small controller with a contact reader, framed.

    C5 | kind u8 | number u8 | length u16 | payload | CRC-32 of kind to payload u32      big endian

| request | payload | answer | payload |
|---|---|---|---|
| 01 power the card anew | - | 81 | ATR |
| 02 command | C-APDU | 82 | R-APDU |
| 03 is a card there? | - | 83 | - |
| | | FF | 01 no card, 02 the card is mute |

Every request has another number, which its answer repeats; answers that bear another one are late
and dropped, and so is that of a command which was begun and never asked for. No request is sent
twice: what stays unanswered is LinkLost, and the one that asked fails (QX-073). Held is one
longest frame at the most.
"""

import binascii

from firmware.errors import LinkLost

MARK = 0xC5
POWER, COMMAND, PRESENT, NO = 1, 2, 3, 0xFF
ANSWERS = 0x80
HEAD, CHECK = 5, 4
MOST_PAYLOAD = 262
LEAST = 1  # bytes of payload of an answer to a command: what NO has
WAITING = 64  # bytes that an answer which is there already is read by
MOST_HEARD = 4096  # bytes of others before the answer: also where the clock stands still
TIMEOUT_MS = 1000
PRESENT_MS = 100
NAMES = {1: "no card in the module's slot", 2: "the module is mute"}


def pack(kind, number, payload=b""):
    """A frame."""
    body = bytes((kind, number, len(payload) >> 8, len(payload) & 0xFF)) + bytes(payload)
    return bytes((MARK,)) + body + (binascii.crc32(body) & 0xFFFFFFFF).to_bytes(CHECK, "big")


class Frames:
    """(kind, number, payload) out of a byte stream, whatever stands between them."""

    def __init__(self, least=0):
        """least: bytes of payload that are waited for at least."""
        self.held = b""
        self.least = least

    def feed(self, data):
        """List of the frames that are whole."""
        self.held += data
        found = []
        while self.held:
            length = self._length()
            if length is None:
                break
            if length:
                payload = self.held[HEAD : length - CHECK]
                found.append((self.held[1], self.held[2], payload))
            self.held = self.held[length or 1 :]
        return found

    def wanted(self):
        """How many bytes would make the next step."""
        if len(self.held) < HEAD:
            return HEAD + self.least + CHECK - len(self.held)
        return HEAD + self._payload() + CHECK - len(self.held)

    def _payload(self):
        return self.held[3] << 8 | self.held[4]

    def _length(self):
        """Of the frame that stands here, 0 where none does, None while more is wanted."""
        held = self.held
        if held[0] != MARK or len(held) >= HEAD and self._payload() > MOST_PAYLOAD:
            return 0
        if len(held) < HEAD or len(held) < HEAD + self._payload() + CHECK:
            return None
        end = HEAD + self._payload()
        check = int.from_bytes(held[end : end + CHECK], "big")
        return end + CHECK if check == binascii.crc32(held[1:end]) & 0xFFFFFFFF else 0


class Slot:
    """Contract in psam.py. opener(): a byte stream, LinkLost."""

    def __init__(self, opener, clock, timeout_ms=TIMEOUT_MS):
        self.opener = opener
        self.clock = clock
        self.timeout_ms = timeout_ms
        self.line = None
        self.number = 0

    def reset(self):
        """ATR of the card, powered anew."""
        return self._asked(POWER, b"", self.timeout_ms)

    def exchange(self, command, spare=None):
        """R-APDU of a C-APDU."""
        self.begin(command)
        return self.finish()

    def begin(self, command):
        """Send a C-APDU whose answer waits at the line until finish()."""
        self._send(COMMAND, command)

    def finish(self):
        """R-APDU of what begin() has sent last."""
        return self._answer(COMMAND, self.timeout_ms, LEAST)

    def present(self):
        """LinkLost where no card is."""
        self._asked(PRESENT, b"", PRESENT_MS)

    def close(self):
        """The line is opened again with the next request."""
        if self.line:
            self.line.close()
            self.line = None

    def _asked(self, kind, payload, timeout_ms):
        self._send(kind, payload)
        return self._answer(kind, timeout_ms)

    def _send(self, kind, payload):
        try:
            if self.line is None:
                self.line = self.opener()
            self.number = (self.number + 1) & 0xFF
            self.line.write(pack(kind, self.number, payload))
        except LinkLost:
            self.close()
            raise

    def _answer(self, kind, timeout_ms, least=0):
        """Payload of the answer to what was sent last, which has so many bytes at least."""
        try:
            if self.line is None:
                raise LinkLost("the line was closed meanwhile")
            answer, said = self._heard(timeout_ms, least)
            if answer != kind | ANSWERS:
                raise LinkLost(NAMES.get(said[0] if said else 0, "no answer of a slot"))
        except LinkLost:
            self.close()
            raise
        return said

    def _heard(self, timeout_ms, least):
        """(kind, payload) of the frame that bears our number."""
        frames = Frames(least)
        began_ms = self.clock.ticks_ms()
        left_ms, left_bytes = timeout_ms, MOST_HEARD
        while left_ms > 0 and left_bytes > 0:
            data = self.line.read(WAITING, 0) or self.line.read(frames.wanted(), left_ms)
            for kind, number, payload in frames.feed(data):
                if number == self.number:
                    return kind, payload
            if not data:
                break
            left_bytes -= len(data)
            left_ms = timeout_ms - self.clock.ticks_diff(self.clock.ticks_ms(), began_ms)
        raise LinkLost("no answer of the module's slot in %d ms" % timeout_ms)
