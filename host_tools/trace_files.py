# SPDX-License-Identifier: Apache-2.0
"""Where frames are written as they come: a trace (trace.py), a capture (capture.py), or both.

Card numbers are masked unless the caller says otherwise (trace_mask.py). Times are microseconds of
any counter; the first one is the begin of the files.
"""

import time

from host_tools.air import Air
from host_tools.capture import header, packet
from host_tools.trace import FIRST_LINE, Frame, Note, write_frame, write_note
from host_tools.trace_mask import Masker

MASKED = "card numbers masked, but not in certificates (9F46)"
CLEAR = "card numbers in clear"
TOGETHER = "Put together from what a PN532 told its host; packets that are say so."


class TraceFiles:
    """A trace, a capture, or both, frame by frame (PS-22).

    trace, pcap: Path or None; source: a word on what was listened to. OSError where a file cannot
    be written.
    """

    def __init__(self, trace, pcap, mask, source, began_s=None):
        began_s = time.time() if began_s is None else began_s
        self.began_us = int(began_s * 1_000_000)
        self.masker = Masker() if mask else None
        self.air = Air()
        self.first_us = None
        said = MASKED if mask else CLEAR
        self.text = trace.open("w", encoding="utf-8", buffering=1) if trace else None
        self.capture = pcap.open("wb") if pcap else None
        if self.text:
            self.text.write(f"{FIRST_LINE}\n# {said}\n")
        if self.capture:
            words = f"faretap, {source}. {TOGETHER} {said.capitalize()}."
            self.capture.write(header(words, "faretap"))
        utc = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(began_s))
        self._begin = {"utc": utc, "source": source.replace(" ", "-")}

    def frame(self, way, octets, at_us):
        """One frame of the line; no octets for one that came damaged."""
        self._take(Frame(self._since(at_us), way, octets))

    def note(self, name, at_us, **values):
        """One note."""
        self._take(Note(self._since(at_us), name, values))

    def close(self):
        """Write what is held back."""
        if self.masker:
            self._write(self.masker.rest())
        if self.capture:
            self._packets(self.air.finish())
            self.capture.close()
        if self.text:
            self.text.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _since(self, at_us):
        if self.first_us is None:
            self.first_us = at_us
            self._take(Note(0, "began", self._begin))
        return at_us - self.first_us

    def _take(self, entry):
        self._write(self.masker.take(entry) if self.masker else [entry])

    def _write(self, entries):
        for entry in entries:
            is_frame = isinstance(entry, Frame)
            if self.text:
                self.text.write((write_frame if is_frame else write_note)(entry) + "\n")
            if is_frame:
                self._packets(self.air.take(entry))

    def _packets(self, packets):
        if self.capture is None:
            return
        for one in packets:
            self.capture.write(
                packet(self.began_us + one.at_us, one.event, one.octets, one.comment)
            )
        if packets:
            self.capture.flush()
