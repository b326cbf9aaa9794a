# SPDX-License-Identifier: Apache-2.0
"""A simulated stop announcer at the wire: it says where the bus is, and goes on saying it.

box = AnnouncerBox(line=12)
with PtyLine(box) as line: ...       # sim/pty_line.py; line.path is the device
    box.arrive(3)
"""

from firmware.neighbours import announcer

AGAIN_MS = 3000  # a place is said again after so long


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
