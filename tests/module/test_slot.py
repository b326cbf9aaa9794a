# SPDX-License-Identifier: Apache-2.0
"""A slot at a serial line: its frames, and a line that cuts, doubles, delays and makes noise."""

from firmware.errors import LinkLost
from firmware.module.slot import COMMAND, MOST_PAYLOAD, NO, POWER, PRESENT, Frames, Slot, pack
from tests.hand_clock import HandClock

ATR = b"\x3b\x00"


class Wire:
    """A byte stream whose far end answers from a list: bytes, or a function of the number."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent, self.waiting, self.closed = [], b"", 0

    def write(self, data):
        self.sent.append(data)
        answer = self.answers.pop(0) if self.answers else b""
        self.waiting += answer(data[2]) if callable(answer) else answer

    def read(self, count, timeout_ms):
        found, self.waiting = self.waiting[:count], self.waiting[count:]
        return found

    def close(self):
        self.closed += 1


def answer(kind, payload=b"", number=0):
    """What comes to a request; number: off by so many."""
    return lambda asked: pack(kind, (asked + number) & 0xFF, payload)


def slot_of(*answers):
    wire = Wire(*answers)
    return Slot(lambda: wire, HandClock()), wire


def test_frame_should_have_these_bytes():
    """docs/security-module.md: C5, kind, number, length, payload, CRC-32."""
    assert pack(COMMAND, 7, b"\x80\x1a").hex() == "c502070002801a" + "8b4f69e7"


def test_requests_should_be_answered():
    slot, wire = slot_of(answer(0x81, ATR), answer(0x82, b"\x90\x00"), answer(0x83))
    assert slot.reset() == ATR
    assert slot.exchange(b"\x00\xa4\x00\x00") == b"\x90\x00"
    slot.present()
    assert [(one[1], one[2]) for one in wire.sent] == [(POWER, 1), (COMMAND, 2), (PRESENT, 3)]


def test_bad_answers_should_be_no_answer():
    """None of them is taken for one; the line is opened anew behind each."""
    good = answer(0x82, b"\x90\x00")
    bad = (
        b"",
        lambda number: good(number)[:-1],
        lambda number: good(number)[:5] + b"\x00" + good(number)[6:],
        answer(0x82, b"\x90\x00", number=1),
        answer(0x81, ATR),
        answer(NO, b"\x01"),
        answer(NO, b""),
        b"\xc5" * 600,
        bytes(9000),
        b"\xc5\x82\x01\xff\xff" + bytes(300),
    )
    for one in bad:
        slot, wire = slot_of(one, good)
        try:
            slot.exchange(b"\x00\xa4\x00\x00")
        except LinkLost:
            assert wire.closed == 1
        else:
            raise AssertionError(one)
        wire.waiting = b""
        assert slot.exchange(b"\x00\xa4\x00\x00") == b"\x90\x00"


def test_noise_late_and_doubled_answers_should_be_passed_over():
    good = answer(0x82, b"\x90\x00")
    for one in (
        lambda number: b"\x00\xc5\x00" + good(number),
        lambda number: answer(0x82, b"\x6a\x80", number=-1)(number) + good(number),
        lambda number: good(number) * 2,
    ):
        slot, _ = slot_of(one, good)
        for _ in range(2):
            assert slot.exchange(b"\x00\xa4\x00\x00") == b"\x90\x00"


def test_command_begun_should_be_answered_later_or_never():
    """What nobody asks for is passed over by its number; one whose line was closed is lost."""
    one, other = answer(0x82, b"\x11\x90\x00"), answer(0x82, b"\x22\x90\x00")
    slot, wire = slot_of(one, other, one)
    slot.begin(b"\x80\x1a\x00\x00")
    assert len(wire.sent) == 1 and slot.finish() == b"\x11\x90\x00"
    slot.begin(b"\x80\xfa\x00\x00")
    assert slot.exchange(b"\x80\x1a\x00\x00") == b"\x11\x90\x00"
    slot, wire = slot_of(one)
    slot.begin(b"\x80\x1a\x00\x00")
    slot.close()
    try:
        slot.finish()
    except LinkLost:
        assert len(wire.sent) == 1
    else:
        raise AssertionError("answered by nobody")


def test_line_that_cannot_be_opened_should_be_lost():
    def refuse():
        raise LinkLost("no such port")

    try:
        Slot(refuse, HandClock()).reset()
    except LinkLost as gone:
        assert "no such port" in str(gone)
    else:
        raise AssertionError("opened")


def test_frames_should_hold_one_longest_frame():
    frames = Frames()
    for piece in (b"\xc5", b"\xc5\xc5", bytes(700), b"\xc5\x01\x00\x01\x06" + bytes(200)):
        frames.feed(piece)
        assert len(frames.held) <= 5 + MOST_PAYLOAD + 4
        assert frames.wanted() > 0
    whole = pack(1, 2, bytes(MOST_PAYLOAD))
    assert Frames().feed(whole + whole) == [(1, 2, bytes(MOST_PAYLOAD))] * 2
