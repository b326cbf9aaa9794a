# SPDX-License-Identifier: Apache-2.0
"""A simulated stop announcer at the wire: it says where the bus is, and goes on saying it.

    box = AnnouncerBox(line=12)
    with PtyLine(box) as line: ...       # line.path is the device
        box.arrive(3)

The box is a machine as a stage plugs it in (sim/world_lines.py): feed and outgoing, no more.
PtyLine moves its bytes over a pseudo terminal for a terminal that is a process of its own.
"""

import os
import pty
import select
import threading
import time
import tty

from firmware.neighbours import announcer

AGAIN_MS = 3000  # a place is said again after so long
LOOK_S = 0.02


class AnnouncerBox:
    """An announcer on a line; says nothing before its first stop."""

    def __init__(self, line, direction=1):
        self.line, self.direction, self.stop = line, direction, 0
        self.kind = 0
        self.due_ms = 0
        self.is_silent = False  # somebody has pulled its plug

    def arrive(self, stop):
        """At a stop: doors open."""
        self.stop, self.kind, self.due_ms = stop, announcer.ARRIVES, 0

    def leave(self):
        """Doors are closed."""
        self.kind, self.due_ms = announcer.LEFT, 0

    def feed(self, data, now_ms):
        """Deaf."""
        return []

    def outgoing(self, now_ms):
        """The frame that is due."""
        if not self.stop or self.is_silent or now_ms < self.due_ms:
            return b""
        kind, self.kind = self.kind, announcer.STAYS
        self.due_ms = now_ms + AGAIN_MS
        return announcer.pack(kind, self.line, self.direction, self.stop)


class PtyLine:
    """A machine at the far end of a pseudo terminal, served by a thread; raw, no echo."""

    def __init__(self, machine):
        self.machine = machine
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(self.slave)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="line", daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)

    def _serve(self):
        while not self.is_over.is_set():
            ready = select.select([self.master], [], [], LOOK_S)[0]
            data = os.read(self.master, 4096) if ready else b""
            now_ms = time.monotonic_ns() // 1_000_000
            self.machine.feed(data, now_ms)
            said = self.machine.outgoing(now_ms)
            if said:
                self._say(said)

    def _say(self, said):
        try:
            os.write(self.master, said)
        except BlockingIOError:
            return  # nobody reads: lost, as on a wire
