# SPDX-License-Identifier: Apache-2.0
"""Frames as report events, for terminals whose settings say `trace: frames`; loaded only there.

    {"event": "frame", "way": ">", "us": since the frame before, "frame": hex, "baud": line speed}

`way` is ">" to the chip and "<" from it, `frame` empty for one that came damaged, `baud` is there
where it has changed. What is reported is in clear: the host masks what it writes to a file. The
time that reporting takes falls into the `us` of the next frame.
"""


class FrameTrace:
    """A trace of Pn532: report(event), and the clock its times are of."""

    def __init__(self, report, clock):
        self.report = report
        self.clock = clock
        self.bus = None
        self.last_us = None
        self.baud = None

    def watching(self, make_bus):
        """The same make_bus(line, clock), whose last bus tells the speed."""

        def make(line, clock):
            self.bus = make_bus(line, clock)
            return self.bus

        return make

    def __call__(self, way, frame, at_us):
        """One frame; differences, because counters of boards are soon at their end."""
        last_us = at_us if self.last_us is None else self.last_us
        event = {
            "event": "frame",
            "way": way,
            "us": self.clock.ticks_diff(at_us, last_us),
            "frame": frame.hex(),
        }
        self.last_us = at_us
        if self.bus and self.bus.baud != self.baud:
            event["baud"] = self.baud = self.bus.baud
        self.report(event)
