# SPDX-License-Identifier: Apache-2.0
"""Feeds trace files (host_tools/trace_files.py): from the line of a virtual chip, or from the
events of a terminal whose settings say `trace: frames` (PS-22).

Only the simulator knows how a command's time divides into radio, card and chip: it stands in a
note `model` before the answer, and is a model's, not a measurement.
"""

from collections import deque

from firmware.reader.frame import ACK, ERROR, NACK, FrameReader, encode

GAP_US = 60_000  # an unfinished frame is given up after such a silence
SIGNS = {"ack": ACK, "nack": NACK, "error": ERROR}
MODELS_MOST = 4096  # commands whose answer the terminal has not reported yet
TAP_VALUES = ("outcome", "reason", "us")


def octets_of(event):
    """A frame in its normal form; nothing for a damaged one."""
    kind, payload = event
    return encode(payload) if kind == "frame" else SIGNS.get(kind, b"")


class LineTrace:
    """What goes over a virtual chip's pty: `PtyServer(chip, trace=LineTrace(files, chip))`.

    Every frame of either side, at the chip's own clock (PS-22).
    """

    def __init__(self, files, chip):
        self.files = files
        self.chip = chip
        self.readers = {"host": FrameReader(), "chip": FrameReader()}
        self.heard_us = {"host": 0, "chip": 0}
        self.now_us = 0
        self.baud = None
        self.models = deque(maxlen=MODELS_MOST)
        chip.watch = lambda *split: self.models.append(split)

    def __call__(self, who, data, at_us):
        reader = self.readers[who]
        events = []
        if at_us - self.heard_us[who] > GAP_US:
            events = reader.abandon()
        self.heard_us[who] = at_us
        if self.chip.baud != self.baud:
            self.baud = self.chip.baud
            self.files.note("line", at_us, baud=self.baud)
        for event in events + reader.feed(data):
            octets = octets_of(event)
            if who == "chip":
                tell_model(self.files, self.models, octets, at_us)
            self.files.frame(">" if who == "host" else "<", octets, at_us)


class EventTrace:
    """What a terminal reports; with a virtual chip, `watch` is to be that chip's."""

    def __init__(self, files):
        self.files = files
        self.at_us = 0
        self.heard_s = None  # when the last frame was reported
        self.waiting = []  # notes whose time is not known better than by their arrival
        self.models = deque(maxlen=MODELS_MOST)

    def watch(self, *split):
        """The model's split of a command (sim.chip.Chip.watch)."""
        self.models.append(split)

    def take(self, event):
        """One event, those that are not of a trace left alone."""
        if event["event"] == "frame":
            self._frame(event)
        elif event["event"] == "work":
            values = {"us": event["us"], "hidden_us": event["hidden_us"]}
            self._wait("work", event, **values, last=int(event["last"]))
        elif event["event"] == "tap":
            values = {name: event[name] for name in TAP_VALUES}
            journal_us = event["phases_us"].get("journal", 0)
            self._wait("tap", event, journal_us=journal_us, **values)

    def close(self):
        """Write what waits for a frame."""
        self._flush(None)

    def _frame(self, event):
        self.at_us += max(event["us"], 0)
        self.heard_s = event["at"]
        self._flush(self.at_us)
        if "baud" in event:
            self.files.note("line", self.at_us, baud=event["baud"])
        octets = bytes.fromhex(event["frame"])
        if event["way"] == "<":
            tell_model(self.files, self.models, octets, self.at_us)
        self.files.frame(event["way"], octets, self.at_us)

    def _wait(self, name, event, **values):
        if self.heard_s is not None:
            later_us = max(0, int((event["at"] - self.heard_s) * 1_000_000))
            self.waiting.append((name, self.at_us + later_us, values))

    def _flush(self, limit_us):
        """Notes before the next frame, none later than it."""
        for name, at_us, values in self.waiting:
            self.files.note(name, at_us if limit_us is None else min(at_us, limit_us), **values)
        self.waiting = []


def tell_model(files, models, octets, at_us):
    """The note of an answer, where the chip has told one for its command."""
    body = octets[8:] if octets[3:5] == b"\xff\xff" else octets[5:]
    if body[:1] != b"\xd5":
        return
    while models:
        code, radio_us, card_us, chip_us = models.popleft()
        if code == body[1] - 1:
            values = {"radio_us": radio_us, "card_us": card_us, "chip_us": chip_us}
            files.note("model", at_us, **values)
            return
