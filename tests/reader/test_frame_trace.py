# SPDX-License-Identifier: Apache-2.0
"""Frames as events: what a terminal with `trace: frames` reports."""

from firmware.reader.frame import ACK
from firmware.reader.frame_trace import FrameTrace


class Clock:
    """Counts of a board: they start again at 2^30."""

    def ticks_diff(self, later, earlier):
        return (later - earlier + (1 << 29)) % (1 << 30) - (1 << 29)


class Bus:
    baud = 115200


def test_a_frame_should_tell_its_way_its_bytes_and_the_time_since_the_one_before():
    told = []
    trace = FrameTrace(told.append, Clock())
    trace(">", ACK, (1 << 30) - 50)
    trace("<", b"", 150)
    assert told == [
        {"event": "frame", "way": ">", "us": 0, "frame": "0000ff00ff00"},
        {"event": "frame", "way": "<", "us": 200, "frame": ""},
    ]


def test_a_speed_should_be_told_once():
    told = []
    trace = FrameTrace(told.append, Clock())
    bus = trace.watching(lambda line, clock: Bus())(None, None)
    trace(">", ACK, 0)
    trace(">", ACK, 1)
    bus.baud = 921600
    trace(">", ACK, 2)
    assert [one.get("baud") for one in told] == [115200, None, 921600]
