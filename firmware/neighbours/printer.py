# SPDX-License-Identifier: Apache-2.0
"""A receipt printer on a serial line, by the ESC/POS commands that most of them have.

    print(number, lines, code)     queues a slip: lines of ASCII, a QR code, a cut
    feed(data, now_ms)             events: ("printed", number), ("failed", number)
    fault                          "": can print; no_paper; printer_fault: does not answer

Goal: nothing is sold that cannot be printed, and of each slip it is known whether it was. Between
slips the paper is asked for in real time (DLE EOT 4). Behind a slip GS r 1 asks for it in turn:
the answer comes when all before it has been carried out. No answer, or none of paper: failed.

| sent | meaning |
|---|---|
| 1B 40, 1B 61 01 | begin, centred |
| 1D 28 6B .. 41, 43, 45 | QR code: model 2, dots a module, error correction M |
| 1D 28 6B .. 50, 51 | its text, print it |
| 1D 56 42 00 | feed and cut |
| 10 04 04 | paper? answer 0xx1xx10, bits 5 and 6: there is none |
| 1D 72 01 | paper, in turn; answer 0xx0xxxx, bits 2 and 3: there is none |

No printer was ever connected: the bytes are those of the published command sets.
"""

BEGIN, CUT = b"\x1b\x40\x1b\x61\x01", b"\n\n\x1dVB\x00"
ASK, ASK_IN_TURN = b"\x10\x04\x04", b"\x1dr\x01"
QR = b"\x1d(k"
POLL_MS = 1000
SILENT_MS = 3500  # three polls
PRINT_MS = 15000  # for a slip
CHUNK = 128  # bytes a turn, so that a slow line never holds up a rider
MOST_JOBS = 4


class Printer:
    """Protocol of line.Neighbour."""

    def __init__(self):
        self.fault = "printer_fault"  # until it has answered
        self.jobs = []  # (number, bytes) that have not begun
        self.number = None  # of the slip at work
        self.rest = b""  # of it, still to be sent
        self.since_ms = 0  # it was begun
        self.heard_ms = None
        self.polled_ms = None

    def print(self, number, lines, code):
        """False where too many wait already."""
        if len(self.jobs) >= MOST_JOBS:
            return False
        slip = BEGIN + "".join([line + "\n" for line in lines]).encode() + _qr(code.encode())
        self.jobs.append((number, slip + CUT + ASK_IN_TURN))
        return True

    def feed(self, data, now_ms):
        """Events in what came."""
        if self.heard_ms is None:
            self.heard_ms = now_ms
        events = []
        for byte in data:
            self.heard_ms = now_ms
            if byte & 0x93 == 0x12:
                self.fault = "no_paper" if byte & 0x60 else ""
            elif byte & 0x90 == 0 and self.number is not None and not self.rest:
                self.fault = "no_paper" if byte & 0x0C else ""
                self._end("failed" if self.fault else "printed", events)
        if self.number is not None:
            if now_ms - self.since_ms >= PRINT_MS:
                self.fault = "printer_fault"
                self._end("failed", events)
        elif now_ms - self.heard_ms >= SILENT_MS:
            self.fault = "printer_fault"
        if self.fault and self.number is None:
            while self.jobs:
                events.append(("failed", self.jobs.pop(0)[0]))
        return events

    def outgoing(self, now_ms):
        """Bytes to send now; a question never falls into a slip."""
        if self.number is None and self.jobs:
            self.number, self.rest = self.jobs.pop(0)
            self.since_ms = now_ms
        if self.number is not None:
            data, self.rest = self.rest[:CHUNK], self.rest[CHUNK:]
            return data
        if self.polled_ms is None or now_ms - self.polled_ms >= POLL_MS:
            self.polled_ms = now_ms
            return ASK
        return b""

    def _end(self, event, events):
        events.append((event, self.number))
        self.number, self.rest = None, b""


def _qr(data):
    """Commands that print one code of up to 1000 bytes."""
    count = len(data) + 3
    return (
        QR + b"\x04\x001A2\x00"
        + QR + b"\x03\x001C\x06"
        + QR + b"\x03\x001E1"
        + QR + bytes((count & 0xFF, count >> 8)) + b"1P0" + data
        + QR + b"\x03\x001Q0"
    )  # fmt: skip
