# SPDX-License-Identifier: Apache-2.0
"""Traces as text, and card numbers in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from firmware.reader.frame import encode
from firmware.reader.iso_dep import IsoDepCard
from host_tools import trace
from host_tools.frames import body_of, framed, words_of
from host_tools.trace import Frame, Note
from host_tools.trace_mask import HELD_MOST, Masker
from tests.host.line_frames import MASKED, PAN, Record, frames_of

VERSION = bytes.fromhex("0000ff02fed4022a00")
HEAD = trace.FIRST_LINE + "\n"


def test_a_line_should_say_when_which_way_what_and_in_words():
    """PS-22: readable, a line a frame, with times."""
    entries = [
        (Frame(0, ">", VERSION), "    0.000000 > 0000ff02fed4022a00  GetFirmwareVersion"),
        (Frame(1002003, "<", b""), "    1.002003 < -  damaged"),
        (
            Note(1002003, "tap", {"us": 5, "reason": "not ok"}),
            "    1.002003 = tap us=5 reason=notok",
        ),
    ]
    text = HEAD + "# words\n\n"
    for entry, line in entries:
        written = (trace.write_frame if isinstance(entry, Frame) else trace.write_note)(entry)
        assert written == line
        text += written + "\n"
    assert list(trace.read(text)) == [
        entries[0][0],
        entries[1][0],
        Note(1002003, "tap", {"us": "5", "reason": "notok"}),
    ]


def test_words_should_name_commands_answers_and_what_went_wrong():
    for body, words in (
        ("d44a0200", "InListPassiveTarget"),
        ("d54b00", "InListPassiveTarget answer"),
        ("d54101", "InDataExchange answer: time-out, the card did not answer"),
        ("d4ff", "command FF"),
    ):
        assert words_of(encode(bytes.fromhex(body))) == words
    assert words_of(bytes.fromhex("0000ff00ff00")) == "ACK"
    assert words_of(b"\x01\x02") == "no frame"


def test_frames_should_be_read_as_the_driver_writes_them():
    for count in (2, 254, 255, 256, 265):
        body = (b"\xd4\x42" + bytes(count))[:count]
        assert framed(body) == encode(body) and body_of(encode(body)) == body
    for broken in (VERSION[:-1], VERSION[:-2] + b"\x00\x00", b"", b"\x00\x00\xff\xff\xff"):
        assert body_of(broken) == b""


@pytest.mark.parametrize(
    "text, line",
    [
        ("", 1),
        ("faretap-trace 2\n", 1),
        (HEAD + "0.000000 > 00\n0.0 < 00", 3),
        (HEAD + "0.000001 > 00\n0.000000 > 00", 3),
        (HEAD + "-1.000000 > 00", 2),
        (HEAD + "9999999999999.000000 > 00", 2),
        (HEAD + "0.000000 ? 00", 2),
        (HEAD + "0.000000 > 0", 2),
        (HEAD + "0.000000 >", 2),
        (HEAD + "0.000000 = ", 2),
        (HEAD + "0.000000 = tap us", 2),
        (HEAD + "\u0661.000000 > 00", 2),
    ],
)
def test_a_line_that_is_none_should_be_named(text, line):
    with pytest.raises(FormatError, match=f"^tap.trace:{line}: "):
        list(trace.read(text, "tap.trace"))


@given(st.text(max_size=200))
def test_any_text_should_be_read_or_refused(text):
    for whole in (text, HEAD + text, HEAD + "0.000000 > " + text, HEAD + "0.000000 = " + text):
        try:
            list(trace.read(whole))
        except FormatError:
            pass


def shown(frames):
    masker = Masker()
    ready = [one for frame in frames for one in masker.take(frame)]
    return ready + masker.rest()


@pytest.mark.parametrize("own_card", [None, IsoDepCard])
def test_card_numbers_should_be_masked_with_either_engine_and_in_parts(own_card):
    """QT-033: in an answer of one block and in one that comes in several; frames stay frames."""
    for length in (0, 30, 90):
        behind = bytes.fromhex("9f0702ffc0") + b"\x9f\x0b" + bytes((length,)) + bytes(length)
        frames = frames_of(Record(behind), own_card=own_card)
        assert PAN in b"".join(one.octets for one in frames).hex()
        masked = shown(frames)
        text = b"".join(one.octets for one in masked).hex()
        assert PAN not in text and MASKED in text
        assert [one[:2] for one in masked] == [one[:2] for one in frames]
        assert all(
            body_of(one.octets) for one in masked if body_of(frames[masked.index(one)].octets)
        )


def test_a_card_number_should_be_masked_across_two_blocks():
    """The number begins in one I-block and ends in the next."""
    first = bytes.fromhex("d5430012" + "7012" + "9f0b0100" + "5a08" + PAN[:6])
    second = bytes.fromhex("d5430003" + PAN[6:] + "9f0702ffc0" + "9000")
    command = encode(bytes.fromhex("d442a3"))
    frames = [Frame(1, "<", encode(first)), Frame(2, ">", command), Frame(3, "<", encode(second))]
    masked = shown(frames)
    data = body_of(masked[0].octets)[4:] + body_of(masked[2].octets)[4:]
    assert MASKED in data.hex() and PAN not in data.hex() and masked[1] == frames[1]


def test_what_is_held_back_should_have_a_bound():
    masker = Masker()
    part = Frame(1, "<", encode(bytes.fromhex("d541407003")))
    ready = 0
    for _ in range(3 * HELD_MOST):
        ready += len(masker.take(part))
        assert len(masker.held) <= HELD_MOST
    assert ready >= 2 * HELD_MOST


def test_a_number_should_be_masked_where_its_answer_was_cut_off():
    """The card left within a chained answer: what came of it is masked all the same."""
    part = encode(bytes.fromhex("d54300127040" + "5a08" + PAN + "9f0b40"))
    new = encode(bytes.fromhex("d44a0200"))
    masked = shown([Frame(1, "<", part), Frame(2, ">", new)])
    assert PAN not in masked[0].octets.hex() and MASKED in masked[0].octets.hex()


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=12))
def test_any_frames_should_pass_the_mask(bodies):
    frames = [
        Frame(at, "<>"[at & 1], framed(b"\xd5\x43\x00" + one)) for at, one in enumerate(bodies)
    ]
    frames += [Frame(len(bodies), "<", one) for one in bodies]
    assert len(shown(frames)) == len(frames)
