# SPDX-License-Identifier: Apache-2.0
"""Stopwatch: times every exchange with the card by its command, and reports each when asked."""

PHASES = ((0xA4, "select"), (0xCA, "get_data"), (0xA8, "gpo"), (0xB2, "read"))


class Stopwatch:
    """An exchange around an exchange: `spent` us by phase, `count` of exchanges (QT-075)."""

    def __init__(self, exchange, clock, report=None):
        self.inner = exchange
        self.clock = clock
        self.report = report  # None: no trace
        self.spent = {}
        self.count = 0

    def exchange(self, command, spare=None):
        """The same as the inner one; a lost link is timed and counted too."""
        began = self.clock.ticks_us()
        answer = None
        try:
            answer = self.inner(command, spare)
            return answer
        finally:
            spent = self.clock.ticks_diff(self.clock.ticks_us(), began)
            phase = phase_of(command)
            self.spent[phase] = self.spent.get(phase, 0) + spent
            self.count += 1
            if self.report:
                self.report(
                    {
                        "event": "apdu",
                        "command": command.hex(),
                        "answer": "" if answer is None else answer.hex(),
                        "us": spent,
                    }
                )


def phase_of(command):
    """Name of the phase a command belongs to."""
    for instruction, name in PHASES:
        if command[1] == instruction:
            return name
    return "other"
