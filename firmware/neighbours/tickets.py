# SPDX-License-Identifier: Apache-2.0
"""A QR scanner on a serial line: a line of text for each code it has read.

    TEXT CR | TEXT LF | TEXT CR LF

A scanner in front of which a code is held says it again and again: the same text is passed on
once, until it was not seen for REPEAT_MS. Lines that are too long, or of bytes no ticket has, are
`unread`, once for each line.
"""

MOST_LINE = 900
REPEAT_MS = 2000
GAP_MS = 500  # a line that stops in the middle ends after so long


class Scanner:
    """Protocol of line.Neighbour; events: ("code", text), ("unread", "")."""

    def __init__(self):
        self.rest = b""
        self.bad = False  # the line that is coming cannot be a code
        self.heard_ms = 0
        self.last, self.last_ms = "", 0

    def feed(self, data, now_ms):
        """Events in what came."""
        events = []
        if self.rest and not data and now_ms - self.heard_ms >= GAP_MS:
            data = b"\n"
        for byte in data:
            self.heard_ms = now_ms
            if byte in (10, 13):
                self._end(now_ms, events)
            elif len(self.rest) >= MOST_LINE or not 32 <= byte < 127:
                self.bad, self.rest = True, b"?"
            else:
                self.rest += bytes((byte,))
        return events

    def outgoing(self, now_ms):
        """A scanner is told nothing."""
        return b""

    def _end(self, now_ms, events):
        text, bad = self.rest.decode(), self.bad
        self.rest, self.bad = b"", False
        if not text:
            return
        repeated = text == self.last and now_ms - self.last_ms < REPEAT_MS
        self.last, self.last_ms = text, now_ms
        if not repeated:
            events.append(("unread", "") if bad else ("code", text))
