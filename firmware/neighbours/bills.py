# SPDX-License-Identifier: Apache-2.0
"""The line to who writes the bills: what a customer owes, and what became of a bill.

    A 7 100234*5B           a customer's bill?     B 7 5001 4250*..   bill 5001, 4250 fen: held
                                                   N 7 none*..        or paid, held: nothing to pay
    S 8 5001 paid 19 4250*..  a bill's state       O 8*..             is written down

Lines of ASCII that end with `*`, the XOR of all before it as two hex digits, and CR LF. Each
request has a number and is sent again every second until its answer comes, so the office has to
take one twice. A bill it has named is held for this terminal until it hears `paid`, `pending` or
`free`; `S n 0 free 0 0` frees what is held for this terminal and was not told of. No billing
system has this line by itself: what stands between is written once, as for a meter.
"""

REPEAT_MS = 1000
SILENT_MS = 5000
ASK_MS = 20000  # for so long a customer waits
HELLO_MS = 2000  # the line is tried when nothing else is said
MOST_LINE = 64
MOST_STATES = 96  # that wait for an answer
STATES = ("paid", "pending", "free")
NOTHING = ("none", "paid", "held")


class Bills:
    """Protocol of line.Neighbour; events: ("bill", number, fen), ("nothing", word)."""

    def __init__(self):
        self.alive = False  # it has answered lately
        self.heard_ms = None
        self.asked = None  # (request, customer, since) that waits
        self.states = []  # texts behind `S n`, oldest first; the first one is being told
        self.request = self.told = 0  # numbers of requests
        self.sent_ms = None
        self.held = b""

    def ask(self, customer, now_ms):
        """What does this customer owe?"""
        self.request += 1
        self.asked = (self.request, customer, now_ms)
        self.sent_ms = None

    def tell(self, bill, state, sequence=0, amount_fen=0):
        """A bill's state, one of STATES; False where too many wait: ask no more until then."""
        if len(self.states) >= MOST_STATES:
            return False
        self.states.append("%d %s %d %d" % (bill, state, sequence, amount_fen))
        return True

    def feed(self, data, now_ms):
        """Events in what came."""
        events = []
        for byte in data:
            if byte in (10, 13):
                self._line(self.held, now_ms, events)
                self.held = b""
            else:
                self.held = (self.held + bytes((byte,)))[-MOST_LINE - 1 :]
        if self.heard_ms is None or now_ms - self.heard_ms >= SILENT_MS:
            self.alive = False
        if self.asked and now_ms - self.asked[2] >= ASK_MS:
            self.asked = None
            events.append(("nothing", "away"))
        return events

    def outgoing(self, now_ms):
        """One request a second: states first, so that what is asked for is known there."""
        pause_ms = REPEAT_MS if self.states or self.asked else HELLO_MS
        if self.sent_ms is not None and now_ms - self.sent_ms < pause_ms:
            return b""
        self.sent_ms = now_ms
        if self.states:
            if not self.told:
                self.request += 1
                self.told = self.request
            return packed("S %d %s" % (self.told, self.states[0]))
        if self.asked:
            return packed("A %d %d" % self.asked[:2])
        return packed("A 0 0")  # nobody's

    def _line(self, line, now_ms, events):
        words = words_of(line)
        if not words:
            return
        self.heard_ms, self.alive = now_ms, True
        if words[0] == "O" and len(words) == 2 and self.told and words[1] == "%d" % self.told:
            self.states.pop(0)
            self.told, self.sent_ms = 0, None
        elif self.asked and len(words) > 2 and words[1] == "%d" % self.asked[0]:
            event = _answer(words)
            if event:
                self.asked = None
                events.append(event)


def packed(text):
    """A line as it is sent."""
    return ("%s*%02X\r\n" % (text, _sum(text.encode()))).encode()


def words_of(line):
    """Words of a line, [] for one that is damaged."""
    if len(line) > MOST_LINE or line[-3:-2] != b"*" or [one for one in line if one > 126]:
        return []
    text = line.decode()
    return text[:-3].split() if text[-2:] == "%02X" % _sum(line[:-3]) else []


def _sum(data):
    total = 0
    for byte in data:
        total ^= byte
    return total


def _answer(words):
    """An event of an answer to `A`, None for one that says nothing that can be."""
    if words[0] == "N" and words[2] in NOTHING:
        return ("nothing", words[2])
    if words[0] == "B" and len(words) == 4:
        bill, fen = _number(words[2]), _number(words[3])
        if bill and fen:
            return ("bill", bill, fen)
    return None


def _number(word):
    """1 to 999,999,999, 0 for anything else."""
    digits = [sign for sign in word if "0" <= sign <= "9"]
    return int(word) if len(digits) == len(word) and 0 < len(word) < 10 else 0
