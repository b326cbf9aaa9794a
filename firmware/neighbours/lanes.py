# SPDX-License-Identifier: Apache-2.0
"""Two gates tell each other which e-tickets were used: one serial line between them (TD-070).

    U iiiiiiii ee ddd llll xx LF    ticket (hex), entries, day modulo 512, last day, check byte
    ? LF                            tell me all you know: at the start, and after a silence
    . LF                            I am here, each HERE_MS

The check byte is the sum of the signs before it. What does not fit is passed over. While the line
is cut each gate lets a ticket in once: as far as a list reaches that is shared, and no further.
"""

HERE_MS = 2000
SILENT_MS = 6000
MOST_LINE = 40
MOST_QUEUE = 1024  # rows that wait; more are dropped, the next `?` brings them
BURST = 8  # rows sent in one turn: 9600 baud move 26 signs in 27 ms


class LaneLink:
    """Protocol of line.Neighbour; events: ("used", ticket, entries, day, last day), ("asked",)."""

    def __init__(self):
        self.rest = b""
        self.queue = []
        self.heard_ms = -SILENT_MS
        self.said_ms = None
        self.asks = True

    def feed(self, data, now_ms):
        """Events in what came."""
        events = []
        if data and now_ms - self.heard_ms >= SILENT_MS:
            self.asks = True
        for byte in data:
            self.heard_ms = now_ms
            if byte == 10:
                event = read_line(self.rest)
                self.rest = b""
                if event:
                    events.append(event)
            elif len(self.rest) < MOST_LINE:
                self.rest += bytes((byte,))
        return events

    def tell(self, ticket, entries, day, last_day):
        """A ticket was used."""
        if len(self.queue) < MOST_QUEUE:
            self.queue.append(line_of(ticket, entries, day, last_day))

    def outgoing(self, now_ms):
        """Rows that wait, the question, the sign of life."""
        data = b"".join(self.queue[:BURST])
        self.queue = self.queue[BURST:]
        if self.asks:
            self.asks = False
            data += b"?\n"
        if self.said_ms is None or now_ms - self.said_ms >= HERE_MS or data:
            self.said_ms = now_ms
            data += b".\n"
        return data


def line_of(ticket, entries, day, last_day):
    """Bytes of one row."""
    text = "U %08x %02x %03x %04x " % (ticket, entries, day & 0x1FF, last_day)
    return ("%s%02x\n" % (text, sum(text.encode()) & 0xFF)).encode()


def read_line(line):
    """Event of a line, None for one that says nothing."""
    if line == b"?":
        return ("asked",)
    if len(line) != 25 or line[:2] != b"U ":
        return None
    try:
        words = line.decode().split(" ")
        numbers = [int(word, 16) for word in words[1:]]
    except (UnicodeError, ValueError):
        return None
    if len(numbers) != 5 or line_of(*numbers[:4]) != bytes(line) + b"\n":
        return None
    return ("used", numbers[0], numbers[1], numbers[2], numbers[3])
