# SPDX-License-Identifier: Apache-2.0
"""Single pins of a simulated terminal: outputs to look at, inputs to set, over one pty.

    with PinBench(changed) as bench:        settings: fire = "pty:%s,fire" % bench.path
        bench.set("fire", 1)
        bench.level("relay_a")              1, 0, or None before the terminal has said anything

`changed(name, level, at_s)` is called from the bench's thread for every change of an output, time
of time.monotonic(). The lines of text are those of firmware/hal/pins_pty.py.
"""

import os
import pty
import re
import select
import threading
import time
import tty
from collections import deque

SAID = re.compile(rb"([a-z0-9_]{1,16})(=0|=1|\?)")
MOST_LINE = 64
CHANGES_MOST = 4096  # the oldest are forgotten


class PinBench:
    """All pins of one terminal; a terminal may come and go, inputs keep their levels."""

    def __init__(self, changed=None):
        self.changed = changed
        self.outputs: dict[str, int] = {}
        self.inputs: dict[str, int] = {}
        # of outputs: name, level, time
        self.changes: deque[tuple[str, int, float]] = deque(maxlen=CHANGES_MOST)
        self._change = threading.Condition()
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)  # kept open: a terminal that closes is no hang-up
        self.path = os.ttyname(self.slave)
        self.alarm, self.bell = os.pipe()
        self.thread = threading.Thread(target=self._serve, name="pins", daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        os.write(self.bell, b".")
        self.thread.join()
        for fd in (self.master, self.slave, self.alarm, self.bell):
            os.close(fd)

    def set(self, name, level):
        """Make an input active (1) or let it rest (0)."""
        with self._change:
            self.inputs[name] = int(bool(level))
            self._say(name)

    def level(self, name):
        """Level of an output, None while the terminal has not set it."""
        with self._change:
            return self.outputs.get(name)

    def rest(self):
        """The terminal has lost its power: no output is active any more."""
        with self._change:
            active = [name for name, level in self.outputs.items() if level]
        for name in active:
            self._hear(b"%s=0" % name.encode())

    def wait(self, name, level, timeout_s):
        """Wait until an output has this level; False when the time is over."""
        with self._change:
            return self._change.wait_for(lambda: self.outputs.get(name) == level, timeout_s)

    def pulses(self, name):
        """(began, ended) of each time an output was active and rests again, in seconds."""
        with self._change:
            times = [(level, at_s) for one, level, at_s in self.changes if one == name]
        found, began = [], None
        for level, at_s in times:
            if level:
                began = at_s
            elif began is not None:
                found.append((began, at_s))
                began = None
        return found

    def _say(self, name):
        os.write(self.master, b"%s=%d\n" % (name.encode(), self.inputs.get(name, 0)))

    def _serve(self):
        rest = b""
        while self.alarm not in select.select((self.master, self.alarm), (), ())[0]:
            *lines, rest = (rest + os.read(self.master, 4096)).split(b"\n")
            rest = rest[-MOST_LINE:]
            for line in lines:
                self._hear(line)

    def _hear(self, line):
        said = SAID.fullmatch(line)
        if not said:
            return
        name, level = said[1].decode(), said[2]
        at_s = time.monotonic()
        with self._change:
            if level == b"?":
                self._say(name)
                return
            before = self.outputs.get(name)
            self.outputs[name] = level[1] - 0x30
            if before == self.outputs[name]:
                return
            self.changes.append((name, self.outputs[name], at_s))
            self._change.notify_all()
        if self.changed:
            self.changed(name, self.outputs[name], at_s)
