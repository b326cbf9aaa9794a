# SPDX-License-Identifier: Apache-2.0
"""TPW frames, orders and polls; bytes that are cut, doubled, foreign or missing."""

from firmware.neighbours import tpw
from firmware.neighbours.tpw import FrameReader, Tpw, frame
from tests.refusal import refusal


class Wire:
    """A board with the times of its line: says what the test says."""

    def __init__(self, **words):
        self.board = Tpw(words)
        self.now_ms = 0

    def turn(self, ms=100, data=b""):
        self.now_ms += ms
        events = self.board.feed(data, self.now_ms)
        sent = self.board.outgoing(self.now_ms)
        return events, sent.hex()

    def answer(self, kind, data=b""):
        """Events that the answer to what stands open brings."""
        return self.board.feed(frame(kind, data), self.now_ms)


def test_frame_should_be_as_the_manual_says():
    """[addr] 02 TYPE LEN DATA 04 (terminals.md 5)."""
    assert frame(0x41, b"\x32").hex() == "0241013204"
    assert frame(0x18, b"050", 7).hex() == "07021803" + "303530" + "04"
    assert frame(tpw.CONNECT).hex() == "02ff0004"


def test_reader_should_find_frames_in_noise():
    good = frame(0x21, b"000012")
    for noise in (
        b"",
        b"\x00\xff",
        b"\x02",
        b"\x02\x21\xff",
        good[:-1],
        b"\x04\x04",
        b"\x02\x02\x02",
    ):
        wire = Wire(sensors="00")
        wire.turn(100)
        wire.turn(100, noise)  # with the next question the reader begins anew
        wire.turn(2000)
        assert wire.board.feed(good, wire.now_ms) == [], noise
        assert wire.board.passages == 12, noise
    reader = FrameReader()
    pieces = [reader.feed(bytes((byte,))) for byte in good + good]
    assert [one for piece in pieces for one in piece] == [(0x21, b"000012")] * 2


def test_reader_should_keep_no_more_than_a_frame():
    """Hostile bytes: nothing grows."""
    reader, seed = FrameReader(), 1
    for _ in range(4000):
        seed = (seed * 1103515245 + 12345) % 2147483648
        reader.feed(bytes((seed >> 16 & 0xFF, 0x02)))
        assert len(reader.rest) <= tpw.MOST_DATA + 6


def test_address_should_stand_in_front_both_ways():
    reader = FrameReader(7)
    assert reader.feed(frame(0x44) + frame(0x44, b"", 8) + frame(0x44, b"", 7)) == [(0x44, b"")]
    wire = Wire(address="07", sensors="00")
    assert wire.turn()[1] == "0702210004"


def test_order_should_be_said_once_and_done_when_the_board_says_so():
    """TD-060: opened is a fact of the board, not of the line."""
    wire = Wire(sensors="00")
    wire.board.order("open", 1)
    assert wire.turn() == ([], "0241013204") and wire.turn() == ([], "")
    assert wire.answer(tpw.DONE) == ["opened"] and wire.answer(tpw.DONE) == []
    wire.board.order("close", 0)
    wire.turn()
    wire.answer(tpw.DONE)
    assert wire.turn(1000)[0] == ["closed"]


def test_order_without_an_answer_should_not_be_said_again():
    """TD-060: nobody knows whether it opened; a board that answers again is healed."""
    wire = Wire(sensors="00")
    wire.board.order("open", 1)
    wire.turn()
    events, sent = wire.turn(2000)
    assert events == ["silent"] and sent == "02ff0004"
    assert wire.answer(tpw.DONE) == ["healed"]
    sent = [wire.turn()[1] for _ in range(50)]
    assert "0241013204" not in sent


def test_order_that_the_board_refuses_should_be_a_fault():
    wire = Wire(sensors="00")
    wire.board.order("open", 1)
    wire.turn()
    assert wire.answer(tpw.FAILED) == ["silent"]


def test_silent_board_should_be_said_once():
    """Silent for minutes: three polls, then every two seconds."""
    wire, events, sent = Wire(), [], 0
    for _ in range(1200):
        one, data = wire.turn()
        events += one
        sent += bool(data)
    assert events == ["silent"] and sent < 65


def test_counter_should_tell_of_passages():
    """TD-060, TD-069: the first answer is a beginning; a counter that was set anew is another."""
    wire, events = Wire(sensors="00"), []
    for digits in (b"000100", b"000100", b"000101", b"000103", b"000000", b"000001", b"99x", b""):
        assert wire.turn()[1] == "02210004"
        events.append(wire.answer(0x21, digits))
    assert [len(one) for one in events] == [0, 0, 1, 2, 0, 1, 0, 0]
    assert wire.board.passages == 1


def sensor_story(*looks):
    """Events of a row of sensor bytes, all polled."""
    wire, events = Wire(), []
    while looks:
        sent = wire.turn()[1]
        if sent == "02810004":
            events += wire.answer(0x81, bytes((looks[0],)))
            looks = looks[1:]
        elif sent:
            wire.answer(0x21, b"0")
    return " ".join(events)


def test_sensors_should_tell_of_bodies():
    """TD-061, TD-062: bits are entry, safety, exit, arms closed, fire."""
    for looks, words in (
        ((1, 3, 2, 6, 4, 0), "entered blocked freed cleared"),
        ((1, 0), "entered retreated"),
        ((1, 3, 2, 3, 7, 6, 4, 0), "entered blocked second freed cleared"),
        ((4, 6, 2, 3, 1, 0), "reverse blocked freed"),
        ((1, 3, 1, 0), "entered blocked freed retreated"),
        (
            (1, 2, 4, 5, 1, 3, 6, 4, 0),
            "entered blocked freed second cleared entered blocked freed cleared",
        ),
        ((0, 16, 16, 0), "fire fire_over"),
        ((8, 8), ""),
    ):
        assert sensor_story(*looks) == words, looks


def test_answers_of_the_wrong_order_should_say_nothing():
    """Doubled, late, of another question, empty."""
    wire = Wire()
    assert wire.answer(0x81, b"\x11") == [] and wire.turn()[1] == "02810004"
    assert wire.answer(0x21, b"5") == [] and wire.answer(0x81) == []
    assert wire.board.asked is None


def test_words_should_be_read_or_refused():
    wire = Wire(open="42:3132", sensors="00")
    wire.board.order("open", 1)
    assert wire.turn()[1] == "024202313204"
    for words in (
        {"open": "4132"}, {"open": "41:3"}, {"open": "zz:32"}, {"address": "1"}, {"bits": "1,2"},
        {"bits": "0,1,2,3,8"}, {"shut_ms": "x"}, {"counter": "2121"},
    ):  # fmt: skip
        if words != {"open": "4132"}:
            assert "gate_kind" in refusal(Tpw, words), words
