# SPDX-License-Identifier: Apache-2.0
"""Stopwatch: times every exchange with the card by its command, and reports each when asked.

It also bounds what one presentation may take: a card that goes on and on is let go like one that
has left, before anything was committed. Behind the commit nothing is cut short: the answer to the
last record is waited for as long as the reader waits.
"""

from firmware.errors import LinkLost

PHASES = ((0xA4, "select"), (0xCA, "get_data"), (0xA8, "gpo"), (0xB2, "read"))

# Of one presentation, re-tap dialogue included. A card of the book needs 20 exchanges, 3 KB, 1 s.
MAX_EXCHANGES = 96
MAX_BYTES = 12288
MAX_MS = 10000


def tracer(report, trace):
    """Whom an exchange is reported to: None with `trace: no`, masked with `yes` (QT-033)."""
    if trace == "yes":
        from firmware.formats.card_digits import masking  # where settings ask for it

        return masking(report)
    return None if trace == "no" else report


class Stopwatch:
    """An exchange around an exchange: `spent` us by phase, `count` of exchanges (QT-075).

    `bounded`: False once the debit may be final. feed(): called at each, for a tap may last
    longer than a watchdog waits.
    """

    def __init__(self, exchange, clock, report=None, feed=None):
        self.inner = exchange
        self.clock = clock
        self.report = report  # None: no trace
        self.feed = feed
        self.spent = {}
        self.count = 0
        self.bytes = 0
        self.began_ms = clock.ticks_ms()
        self.bounded = True

    def over(self):
        """Which bound this presentation has reached, "" if none."""
        if self.count >= MAX_EXCHANGES:
            return "more than %d exchanges" % MAX_EXCHANGES
        if self.bytes > MAX_BYTES:
            return "more than %d bytes" % MAX_BYTES
        if self.clock.ticks_diff(self.clock.ticks_ms(), self.began_ms) > MAX_MS:
            return "longer than %d ms" % MAX_MS
        return ""

    def exchange(self, command, spare=None):
        """The same as the inner one; a lost link is timed and counted too. LinkLost instead of a
        command beyond a bound.
        """
        over = self.over() if self.bounded else ""
        if over:
            raise LinkLost(over)
        if self.feed:
            self.feed()
        began = self.clock.ticks_us()
        answer = b""
        try:
            answer = self.inner(command, spare)
            return answer
        finally:
            spent = self.clock.ticks_diff(self.clock.ticks_us(), began)
            phase = phase_of(command)
            self.spent[phase] = self.spent.get(phase, 0) + spent
            self.count += 1
            self.bytes += len(command) + len(answer)
            if self.report:
                self.report(
                    {
                        "event": "apdu",
                        "command": command.hex(),
                        "answer": answer.hex() if answer else "",
                        "us": spent,
                    }
                )


def phase_of(command):
    """Name of the phase a command belongs to."""
    for instruction, name in PHASES:
        if command[1] == instruction:
            return name
    return "other"
