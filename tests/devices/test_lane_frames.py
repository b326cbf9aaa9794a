# SPDX-License-Identifier: Apache-2.0
"""Frames between two lanes: what is none is passed over."""

from firmware.neighbours.lane_line import ANSWER, PUT, LaneLine, checksum, frame


def test_anything_on_the_line_should_be_passed_over():
    """Frames cut, doubled, flipped, foreign: no event but of whole ones, a bounded buffer."""
    good = frame(PUT, b"entry")
    for bad in (
        b"", b"\x02", good[:-1], b"\x02" * 40, frame(9, b"x"),
        frame(ANSWER, b"\x00" + checksum(b"never asked")), frame(ANSWER, b"\x09\x00\x00\x00\x00"),
        bytes(range(256)) * 8,
    ):  # fmt: skip
        line = LaneLine()
        assert line.feed(bad, 0) == []
        # as many zeros as the longest frame: whatever was begun is filled
        events = line.feed(bytes(80) + good, 10)
        assert events == [("put", b"entry")] and len(line.held) <= 512
    for at in range(len(good)):
        flipped = good[:at] + bytes((good[at] ^ 1,)) + good[at + 1 :]
        assert LaneLine().feed(flipped, 0) == []
    assert LaneLine().feed(b"\x02\xff" + good, 0) == [("put", b"entry")]
    line = LaneLine()
    assert line.feed(good + good, 0) == [("put", b"entry")] * 2
    for number in range(20):
        line.put(bytes((number,)))
    assert len(line.open) == 8 and line.feed(b"", 3001)[0] == ("verdict", b"\x00", "lost")
