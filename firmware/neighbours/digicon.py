# SPDX-License-Identifier: Apache-2.0
"""Gate boards of the Digicon TX1500 type over a serial line, 115,200 baud (terminals.md 5).

    02 LENGTH_LOW LENGTH_HIGH COMMAND BCC      length of COMMAND and BCC; BCC: XOR of all before

The board answers 06 (done) or 15 (not), and says 1A or 1B by itself when somebody is through. It
tells neither beams nor closed arms nor fire.
"""

from firmware.errors import FormatError

STX, DONE, NOT_DONE = 0x02, 0x06, 0x15
REPLY_MS = 2000
AGAIN_MS = 5000
PASSED, PASSED_BACK = 0x1A, 0x1B
MOST_PERSONS = 50
# entry: `left`, people go from right to left, or `right`; bytes of a command
LEFT = {"open": b"\x48", "free": b"\x4c\x00", "release": b"\x4c\x02"}
RIGHT = {"open": b"\x41", "free": b"\x4c\x01", "release": b"\x4c\x02"}
BOTH = {"close": b"\x43", "controlled": b"\x43", "exit_only": b"\x43", "closed": b"\x43"}


def frame(command):
    """Bytes of one frame."""
    count = len(command) + 1
    data = bytes((STX, count & 0xFF, count >> 8)) + command
    bcc = 0
    for byte in data:
        bcc ^= byte
    return data + bytes((bcc,))


class Digicon:
    """One board; contracts as of tpw.Tpw."""

    one_by_one = True  # a command is one pass

    def __init__(self, words):
        entry = words.get("entry", "left")
        if entry not in ("left", "right"):
            raise FormatError("settings: `gate_kind`: entry is left or right")
        self.commands = dict(BOTH)
        self.commands.update(LEFT if entry == "left" else RIGHT)
        self.passed = PASSED if entry == "left" else PASSED_BACK
        self.passages = 0
        self.rest = b""
        self.queue = []  # words to be sent
        self.asked, self.asked_ms = "", 0
        self.wanted = 0  # people who were let in and have no pass of the board yet
        self.silent = False

    def order(self, word, persons):
        """Send an order; of several people each has a pass of his own."""
        if word == "open":
            self.wanted = min(MOST_PERSONS, max(1, persons))
        elif word in ("close", "release"):
            self.wanted = 0
        self.queue = [one for one in self.queue if one != word] + [word]

    def fire(self):
        """The board does not tell: wire the fire input to a pin (`fire=` of `gate_kind`)."""
        return False

    def feed(self, data, now_ms):
        """Events that follow from what came, and from what did not."""
        self.rest = (self.rest + bytes(data))[-64:]
        events = []
        while self.rest:
            used = self._take(now_ms, events)
            if not used:
                break
            self.rest = self.rest[used:]
        if self.asked and now_ms - self.asked_ms >= REPLY_MS:
            self._lost(events)
        return events

    def outgoing(self, now_ms):
        """The next order; a silent board is asked for its own state again and again."""
        if self.asked:
            return b""
        if self.silent and now_ms - self.asked_ms >= AGAIN_MS:
            self.queue = ["controlled"]
        if not self.queue:
            return b""
        self.asked, self.asked_ms = self.queue.pop(0), now_ms
        return frame(self.commands[self.asked])

    def _take(self, now_ms, events):
        """Bytes of the first thing in the buffer, 0 when more has to come."""
        first = self.rest[0]
        if first in (DONE, NOT_DONE):
            self._answered(first == DONE, events)
            return 1
        if first != STX:
            return 1
        if len(self.rest) < 3:
            return 0
        count = self.rest[1] | self.rest[2] << 8
        if not 2 <= count <= 8:
            return 1
        if len(self.rest) < 3 + count:
            return 0
        if frame(self.rest[3 : 2 + count]) != self.rest[: 3 + count]:
            return 1
        self._told(self.rest[3], events)
        return 3 + count

    def _told(self, command, events):
        if command == self.passed:
            self.passages += 1
            self.wanted = max(0, self.wanted - 1)
            events.append("cleared")
            if self.wanted:
                self.queue.append("open")
        elif command in (PASSED, PASSED_BACK):
            events.append("exited")

    def _answered(self, done, events):
        word, self.asked = self.asked, ""
        if not word:
            return
        if self.silent:
            self.silent = False
            events.append("healed")
        if word == "open" and not done:
            self._lost(events)
        elif word in ("open", "close"):
            events.append("opened" if word == "open" else "closed")

    def _lost(self, events):
        self.asked, self.queue, self.wanted = "", [], 0
        if not self.silent:
            self.silent = True
            events.append("silent")
