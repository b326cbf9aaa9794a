# SPDX-License-Identifier: Apache-2.0
"""A trace of the line to a PN532 in words: each frame with its time, its parts below it."""

from collections.abc import Iterator

from firmware.errors import FormatError
from host_tools import trace
from host_tools.decode_frame import Inner, explain_frames
from host_tools.decode_values import Row
from host_tools.frames import SIGNS, words_of

WAYS = {">": "to the chip", "<": "from the chip"}


def explain_trace(data: bytes, inner: Inner, depth: int = 0) -> Iterator[Row]:
    """Rows of a trace; FormatError `trace:LINE: why` where it breaks."""
    text = data.decode("utf-8", "replace")
    for number, entry in trace.read_lines(text):
        time = trace.seconds(entry.at_us).strip()
        if isinstance(entry, trace.Note):
            said = " ".join(f"{key}={value}" for key, value in entry.values.items())
            yield Row(depth, time, b"", "note, " + entry.name, said)
            continue
        yield Row(depth, time, b"", WAYS[entry.way], words_of(entry.octets))
        if entry.octets not in SIGNS:
            try:
                # the hull of a frame is checked and the same in all: only what it carries is shown
                rows = explain_frames(entry.octets, inner, depth)
                yield from (row for row in rows if row.depth > depth)
            except FormatError as why:
                raise FormatError(f"trace:{number}: {why}") from None
