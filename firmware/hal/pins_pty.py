# SPDX-License-Identifier: Apache-2.0
"""Pins of a simulator, for PCs of both interpreters: "pty:PATH,NAME".

All pins of one path share one byte stream (a pty, hal.open_serial) and speak lines of ASCII:

    NAME=1   NAME=0    terminal: this output becomes active, or rests
    NAME=1   NAME=0    simulator: this input is active, or rests
    NAME?              terminal: how is this input now? said once, when it is opened

Names are 1..16 of a..z, 0..9, _. An input rests until the simulator has spoken. Lines that are
none of these, and names that nobody opened, are passed over; a line has 32 bytes at the most, what
is longer is dropped up to its end. A level that comes and goes between two get() is lost, as it
is with a pin that is looked at.
"""

from firmware.errors import LinkLost
from firmware.hal.wiring import read_simulated_pin

BAUD = 115200
MOST_LINE = 32
MOST_BYTES = 256  # read in one look

_benches = {}  # path -> Bench, while one of its pins is open


def open_output(where, open_serial):
    """An output at rest; FormatError for a text, LinkLost when nothing is at the path."""
    pin = SimulatedPin(where, open_serial, True)
    pin.set(0)
    return pin


def open_input(where, open_serial):
    """An input; likewise."""
    pin = SimulatedPin(where, open_serial, False)
    pin.bench.ask(pin.name)
    return pin


class SimulatedPin:
    """One name on a bench; contract in hal/__init__.py."""

    def __init__(self, where, open_serial, is_output):
        path, self.name = read_simulated_pin(where)
        self._is_output = is_output
        self._open = True
        if path not in _benches:
            _benches[path] = Bench(path, open_serial(path, BAUD))
        self.bench = _benches[path]
        self.bench.users += 1
        if not is_output:
            self.bench.levels.setdefault(self.name, 0)

    def set(self, level):
        """Make the output active (1) or let it rest (0)."""
        self.bench.say("%s=%d" % (self.name, 1 if level else 0))

    def get(self):
        """1 while the input is active."""
        self.bench.listen()
        return self.bench.levels[self.name]

    def close(self):
        """Leave an output at rest; the last pin of a path closes its line."""
        if not self._open:
            return
        self._open = False
        try:
            if self._is_output:
                self.set(0)
        except LinkLost:
            pass  # nobody is there to see it
        self.bench.leave()


class Bench:
    """The line that the pins of one path share."""

    def __init__(self, path, line):
        self.path = path
        self.line = line
        self.users = 0
        self.levels = {}  # of inputs
        self.rest = b""  # of a line whose end has not come
        self.is_dropping = False

    def say(self, text):
        """One line to the simulator."""
        self.line.write(text.encode() + b"\n")

    def ask(self, name):
        """How is this input now?"""
        self.say(name + "?")

    def listen(self):
        """Take in what the simulator has said."""
        data = self.line.read(MOST_BYTES, 0)
        if not data:
            return
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            if not self.is_dropping:
                self._take(line)
            self.is_dropping = False
        if len(self.rest) > MOST_LINE:
            self.rest, self.is_dropping = b"", True

    def _take(self, line):
        name, level = line[:-2], line[-2:]
        for known in self.levels:
            if level in (b"=0", b"=1") and name == known.encode():
                self.levels[known] = level[1] - 0x30

    def leave(self):
        """One user less."""
        self.users -= 1
        if not self.users:
            _benches.pop(self.path, None)
            self.line.close()
