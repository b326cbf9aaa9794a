# SPDX-License-Identifier: Apache-2.0
"""Gate boards of the TPW-321 type over a serial line: frames, orders, polling (terminals.md 5).

    [address] 02 TYPE LENGTH DATA 04        the board answers within 2 s

There is no check sum: a frame counts when its length leads to 04, and as the answer when its type
is that of the question, 44 (done) or F4 (failed). Which data open an entry, what bits the sensors
have and whether an address is sent is not certain, so each is a word of `gate_kind`:

| word | value |
|---|---|
| address | hex byte in front of each frame, both ways |
| open, close, release, controlled, free, exit_only, closed | TYPE:DATA in hex |
| counter | type of the query of passages, decimal digits in its answer |
| sensors | TYPE of the query of the beams, 00: there are none, the counter tells of passages |
| bits | places of entry, safety, exit, arms closed and fire in the first byte of that answer |
| shut_ms | without sensors the arms count as closed after so long |
"""

from firmware.errors import FormatError
from firmware.neighbours.beams import Beams

STX, ETX = 0x02, 0x04
DONE, FAILED = 0x44, 0xF4
CONNECT = 0xFF
REPLY_MS = 2000
POLL_MS = 100
TRIES = 3  # of a poll, before the board is silent
MOST_DATA = 64  # of a frame; a longer one is noise
MOST_PASSAGES = 50  # between two looks; more is a counter that was set anew

ORDERS = {
    "open": "41:32",
    "close": "41:31",
    "release": "24:30",
    "controlled": "14:30",
    "free": "14:31",
    "exit_only": "14:32",
    "closed": "14:32",
}
WORDS = tuple(ORDERS) + ("address", "counter", "sensors", "bits", "shut_ms")


def frame(kind, data=b"", address=None):
    """Bytes of one frame."""
    head = b"" if address is None else bytes((address,))
    return head + bytes((STX, kind, len(data))) + data + bytes((ETX,))


class FrameReader:
    """Finds frames in noise; keeps no more than one frame."""

    def __init__(self, address=None):
        self.address = address
        self.rest = b""

    def feed(self, data):
        """[(type, data)] of the whole frames in what came."""
        self.rest += bytes(data)
        frames = []
        while True:
            found = self._next()
            if found is None:
                return frames
            if found:
                frames.append(found)

    def _next(self):
        """A frame, () for a byte that was none, None when more has to come."""
        head = 0 if self.address is None else 1
        if len(self.rest) < head + 3:
            return None
        kind, count = self.rest[head + 1], self.rest[head + 2]
        right = self.rest[head] == STX and count <= MOST_DATA
        right = right and (not head or self.rest[0] == self.address)
        end = head + 3 + count
        if right and len(self.rest) <= end:
            return None
        if not right or self.rest[end] != ETX:
            self.rest = self.rest[1:]
            return ()
        data = self.rest[head + 3 : end]
        self.rest = self.rest[end + 1 :]
        return kind, data


class Tpw:
    """One board; contract of protocols in line.py, of gate controllers in devices/gate.py.

    words: dict of WORDS -> text; FormatError for what cannot be read.
    """

    one_by_one = False

    def __init__(self, words):
        self.address = _byte(words, "address", None)
        self.orders = {name: _order(words, name) for name in ORDERS}
        self.counter = _byte(words, "counter", 0x21)
        self.sensors = _byte(words, "sensors", 0x81)
        self.places = _places(words.get("bits", "0,1,2,3,4"))
        self.shut_ms = _number(words, "shut_ms", 1000)
        self.reader = FrameReader(self.address)
        self.beams = Beams()
        self.queue = []  # (type, data, word) to be sent
        self.asked = None  # (type, data, word) whose answer is due
        self.asked_ms = self.polled_ms = 0
        self.tries = 0
        self.silent = False
        self.passages = None  # as the board counts; nobody knows before it was asked
        self.burning = False
        self.awaits_shut = None  # ms since when the arms are told to close
        self.turns = 0

    def order(self, word, persons):
        """Send an order; `open` takes the place of one that still waits."""
        kind, data = self.orders[word]
        self.queue = [one for one in self.queue if one[2] != word]
        self.queue.append((kind, data, word))

    def fire(self):
        """As the last answer of the sensors says."""
        return self.burning

    def feed(self, data, now_ms):
        """Events that follow from what came, and from what did not."""
        events = []
        for kind, body in self.reader.feed(data):
            self._answered(kind, body, now_ms, events)
        if self.asked and now_ms - self.asked_ms >= REPLY_MS:
            self._unanswered(self.asked[2], events)
        timed = not self.sensors and self.awaits_shut is not None
        if timed and now_ms - self.awaits_shut >= self.shut_ms:
            self.awaits_shut = None
            events.append("closed")
        return events

    def outgoing(self, now_ms):
        """The next frame, when none is waited for."""
        if self.asked:
            return b""
        if not self.queue:
            if now_ms - self.polled_ms < (REPLY_MS if self.silent else POLL_MS):
                return b""
            self.polled_ms = now_ms
            self.queue.append((self._poll(), b"", ""))
        self.asked = self.queue.pop(0)
        self.asked_ms = now_ms
        self.reader.rest = b""  # the board speaks when it is asked: what came before is noise
        return frame(self.asked[0], self.asked[1], self.address)

    def _poll(self):
        if self.silent:
            return CONNECT
        self.turns += 1
        return self.sensors if self.sensors and self.turns % 4 else self.counter

    def _answered(self, kind, data, now_ms, events):
        """What nobody asked for, or asked twice, says nothing."""
        if not self.asked or kind not in (self.asked[0], DONE, FAILED):
            return
        asked, self.asked, self.tries = self.asked, None, 0
        if self.silent:
            self.silent = False
            events.append("healed")
        if kind == FAILED and asked[2] == "open":
            self.silent = True  # it will not let anybody in
            events.append("silent")
        elif kind == DONE or asked[2]:
            self._done(asked[2], now_ms, events)
        elif kind == self.counter:
            self._counted(data, events)
        elif kind == self.sensors:
            self._looked(data, events)

    def _done(self, word, now_ms, events):
        if word == "open":
            self.awaits_shut = None
            events.append("opened")
        elif word == "close":
            self.awaits_shut = now_ms

    def _unanswered(self, word, events):
        """An order is never said twice: nobody knows whether it was carried out."""
        self.asked = None
        self.tries += 1
        if (word or self.tries >= TRIES) and not self.silent:
            self.silent = True
            self.queue = []
            events.append("silent")

    def _counted(self, data, events):
        digits = [one for one in data if not 0x30 <= one <= 0x39]
        if digits or not 0 < len(data) <= 9:
            return
        count, before = int(data), self.passages
        self.passages = count
        if before is not None and not self.sensors and 0 < count - before <= MOST_PASSAGES:
            events.extend(["cleared"] * (count - before))

    def _looked(self, data, events):
        if not data:
            return
        bits = [data[0] >> place & 1 for place in self.places]
        if bits[4] != self.burning:
            self.burning = bool(bits[4])
            events.append("fire" if self.burning else "fire_over")
        events.extend(self.beams.look(bits[0] | bits[1] << 1 | bits[2] << 2))
        if bits[3] and self.awaits_shut is not None:
            self.awaits_shut = None
            events.append("closed")


def _hex(words, name, text):
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise FormatError("settings: `gate_kind`: %s=%s is not hex" % (name, text))


def _byte(words, name, default):
    if name not in words:
        return default
    data = _hex(words, name, words[name])
    if len(data) != 1:
        raise FormatError("settings: `gate_kind`: %s is one byte" % name)
    return data[0]


def _order(words, name):
    kind, _, data = words.get(name, ORDERS[name]).partition(":")
    code = _hex(words, name, kind)
    if len(code) != 1 or len(data) > 2 * MOST_DATA:
        raise FormatError("settings: `gate_kind`: %s is TYPE:DATA" % name)
    return code[0], _hex(words, name, data)


def _number(words, name, default):
    text = words.get(name, str(default))
    if len(text) > 5 or [sign for sign in text if not "0" <= sign <= "9"] or not text:
        raise FormatError("settings: `gate_kind`: %s is a number" % name)
    return int(text)


def _places(text):
    places = text.split(",")
    if len(places) != 5 or [
        one for one in places if one not in ("0", "1", "2", "3", "4", "5", "6", "7")
    ]:
        raise FormatError("settings: `gate_kind`: bits are five places 0..7")
    return [int(one) for one in places]
