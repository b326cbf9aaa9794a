# SPDX-License-Identifier: Apache-2.0
"""A rider: holds a card to the reader, watches the lamp, comes again when it is amber.

Works on a Rig (rig.py). What the terminal reports meanwhile goes to `watch(event)`.
"""

import time

from firmware.errors import LinkLost

RESULT_S = 8  # no rider waits longer
PAUSE_S = 0.25  # between two attempts
READY_S = 5


class Rider:
    """scale: 1 for the pace of people, 0 for none."""

    def __init__(self, rig, watch, scale=1.0):
        self.rig = rig
        self.watch = watch
        self.scale = scale

    def visit(self, visit):
        """One row of the morning; the message that stood at its end, "" when none came."""
        field = self.rig.field
        cards = [self.rig.cards[name] for name in visit.cards]
        if visit.tear:
            field.tear(**visit.tear)
        message = ""
        for _ in range(6):
            field.place(*cards)
            message = self._result()
            amber = message in ("card_lost", "last_record_lost", "fare_changed", "")
            if not amber or (message and not visit.again):
                break
            field.remove()
            self._pause(PAUSE_S)
        self._pause(visit.hold_s)
        field.remove()
        field.forget_tears()
        self._await("ready", READY_S)
        return message

    def _result(self):
        """Message of the next tap or collision, "" when the terminal died or said nothing."""
        event = self._await(("tap", "collision"), RESULT_S)
        if event is None:
            return ""
        return event.get("message", "several_cards")

    def _await(self, names, timeout_s):
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                event = self.rig.firmware.next_event(end - time.monotonic())
            except LinkLost:
                self.watch({"event": "plug"})
                self.rig.restart()
                return None
            if event is None:
                return None
            self.watch(event)
            if event["event"] in names:
                return event
        return None

    def _pause(self, duration_s):
        """Stand there; what the terminal says meanwhile is watched."""
        self._await((), duration_s * self.scale)
