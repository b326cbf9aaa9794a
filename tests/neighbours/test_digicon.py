# SPDX-License-Identifier: Apache-2.0
"""Digicon TX1500: the published frames, passes of one person each, wrong check bytes."""

from firmware.neighbours.digicon import Digicon, frame
from tests.refusal import refusal

PASSED = frame(b"\x1a")


def turn(board, now_ms, data=b""):
    """(events, hex sent)"""
    return board.feed(data, now_ms), board.outgoing(now_ms).hex()


def test_frames_should_be_the_published_ones():
    """Vectors of terminals.md 5."""
    assert frame(b"\x48").hex() == "0202004848" and frame(b"\x41").hex() == "0202004141"


def test_each_person_should_have_a_pass():
    """TD-060, TD-064"""
    board = Digicon({})
    board.order("open", 2)
    assert turn(board, 0) == ([], "0202004848")
    assert turn(board, 10, b"\x06") == (["opened"], "")
    assert turn(board, 20, PASSED) == (["cleared"], "0202004848")
    assert turn(board, 30, b"\x06" + PASSED) == (["opened", "cleared"], "")
    assert turn(board, 40, frame(b"\x1b")) == (["exited"], "") and board.passages == 2
    right = Digicon({"entry": "right"})
    right.order("open", 1)
    assert turn(right, 0)[1] == "0202004141" and turn(right, 1, frame(b"\x1b"))[0] == ["cleared"]


def test_board_that_refuses_or_says_nothing_should_be_a_fault():
    for data, now_ms in ((b"\x15", 10), (b"", 2000)):
        board = Digicon({})
        board.order("open", 1)
        turn(board, 0)
        assert turn(board, now_ms, data)[0] == ["silent"]
        assert turn(board, 9000) == ([], "0202004343")
        assert turn(board, 9010, b"\x06")[0] == ["healed"]


def test_order_to_close_should_be_answered():
    board = Digicon({})
    board.order("close", 0)
    assert turn(board, 0)[1] == "0202004343" and turn(board, 1, b"\x06")[0] == ["closed"]
    assert board.fire() is False


def test_damaged_frames_should_say_nothing():
    """Wrong check byte, cut, noise: the next whole frame counts."""
    for bad in (PASSED[:-1] + b"\x00", PASSED[:3], b"\x02", b"\x02\xff\xff", b"\x00\xff\x99"):
        board = Digicon({})
        events = turn(board, 0, bad + PASSED)[0] + turn(board, 1, PASSED + PASSED)[0]
        assert "cleared" in events and set(events) == {"cleared"}, bad
        assert len(board.rest) <= 64
    assert "entry" in refusal(Digicon, {"entry": "up"})
