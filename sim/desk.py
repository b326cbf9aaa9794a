# SPDX-License-Identifier: Apache-2.0
"""The root of a replay: the real terminal with the date and numbers of a recorded session.

    python -m sim.desk SETTINGS RECORDED        (CPython and MicroPython)

Reader, kernel, device and journal are those of firmware.main; only what a session dictates is
handed in: clock, 9F37 and TTQ from the file RECORDED (replaying.py writes it), CA keys and deny
list by the parameters of SETTINGS. Ends after as many taps as the session has presentations.
"""

import json
import sys

from firmware import hal, settings
from firmware.assemble import assemble_from
from firmware.errors import FormatError, LinkLost
from firmware.formats import lines, parameters


class RecordedClock:
    """hal's ticks; the date and time of the session, standing still."""

    def __init__(self, date, time):
        """date, time: 9A and 9F21 as bytes."""
        digits = (date + time).hex()
        numbers = [int(digits[at : at + 2]) for at in range(0, 12, 2)]
        self.now = (2000 + numbers[0],) + tuple(numbers[1:])
        self.began_ms = hal.ticks_ms()
        self.ticks_ms = hal.ticks_ms
        self.ticks_us = hal.ticks_us
        self.ticks_diff = hal.ticks_diff

    def local_now(self):
        """(year, month, day, hour, minute, second) of the session."""
        return self.now

    def time_utc_s(self):
        """Seconds since the replay began: presentations follow each other inside every window."""
        return hal.ticks_diff(hal.ticks_ms(), self.began_ms) // 1000


class Counter:
    """Writes events as lines and counts the taps among them."""

    def __init__(self):
        self.taps = 0

    def report(self, event):
        """One JSON object a line."""
        self.taps += event["event"] == "tap"
        hal.write_line(json.dumps(event))


KEYS = ("date", "time", "un", "ttq", "presentations")


def main(settings_path, recorded_path):
    """Replay one session; status 2 when it cannot be done."""
    counter = Counter()
    try:
        unit = settings.parse(hal.read_text(settings_path), settings_path)
        recorded = lines.read(hal.read_text(recorded_path), recorded_path, KEYS)
        date, time, un, ttq = [
            lines.octets(recorded_path, key, recorded.get(key, "")) for key in KEYS[:4]
        ]
        terminal = assemble_from(
            unit,
            parameters.parse(hal.read_text(unit.parameters), unit.parameters),
            hal,
            RecordedClock(date, time),
            lambda: un,
            lambda amount_fen, aid=None: (ttq, ""),
            counter.report,
        )
    except (FormatError, LinkLost, OSError) as wrong:
        counter.report({"event": "stopped", "text": str(wrong)})
        sys.exit(2)
    presentations = lines.whole(recorded, recorded_path, "presentations")
    hal.collect()
    while counter.taps < presentations:
        terminal.turn()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
