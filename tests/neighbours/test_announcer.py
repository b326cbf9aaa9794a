# SPDX-License-Identifier: Apache-2.0
"""The announcer's line: frames whole, cut, doubled, bent, among noise; a box that falls silent."""

from firmware.errors import FormatError
from firmware.neighbours import announcer, framing
from firmware.neighbours.announcer import ARRIVES, LEFT, SILENT_MS, STAYS, Announced, Announcer

FRAME = announcer.pack(ARRIVES, 12, 1, 5)
PLACE = Announced(12, 1, 5, False)


def test_frame_should_be_as_documented():
    assert FRAME.hex() == "a55a0601000c0100 05".replace(" ", "") + "e7"
    assert sum(FRAME[2:]) % 256 == 0


def test_each_change_should_be_one_event():
    """TD-032: the stop comes from the announcer; said again it is nothing new."""
    box = Announcer()
    said = FRAME + FRAME + announcer.pack(STAYS, 12, 1, 5) + announcer.pack(LEFT, 12, 1, 5)
    said += announcer.pack(STAYS, 12, 1, 5) + announcer.pack(ARRIVES, 12, 1, 6)
    assert box.feed(said, 0) == [PLACE, Announced(12, 1, 5, True), Announced(12, 1, 6, False)]
    assert box.outgoing(0) == b""


def test_every_truncation_should_leave_the_next_frame_whole():
    for cut in range(len(FRAME)):
        box = Announcer()
        assert box.feed(FRAME[:cut], 0) == []
        after = announcer.pack(ARRIVES, 12, 1, 6)
        # what the cut frame still wanted is looked through once more
        assert box.feed(after, 0) == [Announced(12, 1, 6, False)], cut
        assert len(box.frames.held) < framing.MOST_BODY + 4


def test_frame_should_be_found_byte_by_byte_and_in_noise():
    box, found = Announcer(), []
    for byte in b"\xa5\xa5\x5a\x00\xff" + framing.MARK + b"\x02" + FRAME + b"\xa5":
        found += box.feed(bytes((byte,)), 0)
    assert found == [PLACE]
    inside = framing.pack(FRAME[:6])  # a mark within a body
    assert framing.Frames().feed(inside + FRAME) == [FRAME[:6], FRAME[3:-1]]


def test_bent_frame_should_say_nothing():
    for at in range(len(FRAME)):
        for bit in range(8):
            bent = FRAME[:at] + bytes((FRAME[at] ^ 1 << bit,)) + FRAME[at + 1 :]
            assert Announcer().feed(bent, 0) == [], (at, bit)


def test_numbers_that_cannot_be_should_say_nothing():
    box = Announcer()
    for kind, line, direction, stop in (
        (0, 12, 1, 5), (4, 12, 1, 5), (1, 0, 1, 5), (1, 12, 0, 5), (1, 12, 3, 5), (1, 12, 1, 0),
    ):  # fmt: skip
        assert box.feed(announcer.pack(kind, line, direction, stop), 0) == []
    assert box.feed(framing.pack(b"\x01\x00"), 0) == [] and box.refused == 7 and not box.place


def test_noise_should_be_bounded():
    box, seed = Announcer(), 7
    for now_ms in range(4000):
        seed = (seed * 1103515245 + 12345) % (1 << 31)
        box.feed(bytes(((seed >> 16) & 0xFF,)), now_ms)
        assert len(box.frames.held) < framing.MOST_BODY + 4
    assert box.feed(FRAME * 12, 5000)[-1:] == [PLACE]


def test_silence_should_be_told_once():
    box = Announcer()
    assert box.feed(b"", SILENT_MS) == []
    assert box.feed(FRAME, 0) == [PLACE]
    assert box.feed(b"", SILENT_MS - 1) == []
    assert box.feed(b"", SILENT_MS) == [None] and box.feed(b"", SILENT_MS + 1) == []
    assert box.feed(FRAME, SILENT_MS + 2) == [PLACE]


def test_body_should_have_its_bounds():
    for body in (b"", bytes(framing.MOST_BODY + 1)):
        try:
            framing.pack(body)
        except FormatError:
            continue
        raise AssertionError(len(body))
