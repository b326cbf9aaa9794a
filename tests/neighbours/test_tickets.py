# SPDX-License-Identifier: Apache-2.0
"""The scanner's lines and the line between two lanes, hostile bytes included."""

from firmware.neighbours import lanes, tickets
from firmware.neighbours.lanes import LaneLink
from firmware.neighbours.tickets import Scanner


def test_each_line_should_be_a_code():
    scanner = Scanner()
    assert scanner.feed(b"FT1:AB", 0) == [] and scanner.feed(b"CD\r\n", 1) == [
        ("code", "FT1:ABCD")
    ]
    assert scanner.feed(b"A\rB\nC\r\n\n", 2) == [("code", "A"), ("code", "B"), ("code", "C")]


def test_code_that_is_held_should_be_told_once():
    scanner, now_ms = Scanner(), 0
    assert len(scanner.feed(b"A\n", now_ms)) == 1
    for _ in range(10):
        now_ms += tickets.REPEAT_MS - 1
        assert scanner.feed(b"A\n", now_ms) == []
    assert len(scanner.feed(b"B\n", now_ms)) == 1
    assert len(scanner.feed(b"A\n", now_ms)) == 1
    assert len(scanner.feed(b"A\n", now_ms + tickets.REPEAT_MS)) == 1


def test_garbage_should_be_one_unread_code_a_line():
    for line in (b"\xff\xfe", b"ab\x00cd", "门票".encode(), b"x" * 5000):
        scanner = Scanner()
        assert scanner.feed(line + b"\n", 0) == [("unread", "")], line
        assert scanner.feed(b"good\n", 1) == [("code", "good")]
    scanner = Scanner()
    for _ in range(50):
        scanner.feed(b"x" * 1000, 0)
    assert len(scanner.rest) <= tickets.MOST_LINE


def test_line_that_stops_should_end():
    scanner = Scanner()
    scanner.feed(b"FT1:AB", 0)
    assert scanner.feed(b"", 499) == [] and scanner.feed(b"", 500) == [("code", "FT1:AB")]


def test_lanes_should_tell_each_other_everything():
    """TD-070: at the start and after a silence each asks the other."""
    left, right = LaneLink(), LaneLink()
    left.tell(77, 1, 9821, 9830)
    heard = right.feed(left.outgoing(0), 0)
    assert heard == [("used", 77, 1, 9821 & 0x1FF, 9830), ("asked",)]
    assert left.feed(right.outgoing(0), 0) == [("asked",)]
    left.outgoing(1)
    assert left.outgoing(100) == b"" and left.outgoing(lanes.HERE_MS + 100) == b".\n"
    right.feed(b".\n", 100 + lanes.SILENT_MS)
    assert right.outgoing(100 + lanes.SILENT_MS).startswith(b"?\n")


def test_damaged_rows_should_say_nothing():
    row = lanes.line_of(77, 2, 5, 9830)
    assert lanes.read_line(row[:-1]) == ("used", 77, 2, 5, 9830)
    for at in range(len(row) - 1):
        for bit in range(8):
            bent = bytearray(row[:-1])
            bent[at] ^= 1 << bit
            assert lanes.read_line(bytes(bent)) in (None, ("used", 77, 2, 5, 9830)), (at, bit)
    link = LaneLink()
    assert link.feed(b"\x00" * 5000 + b"\n" + row, 0) == [("used", 77, 2, 5, 9830)]
    for number in range(3000):
        link.tell(number, 1, 1, 1)
    assert len(link.queue) == lanes.MOST_QUEUE
