# SPDX-License-Identifier: Apache-2.0
"""Messages of the acquirer: published ones, there and back, and what no one should send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.errors import FormatError
from host_tools.acquirer import message
from host_tools.acquirer.fields import FIELDS, FIXED
from host_tools.acquirer.message import Message
from tests import published
from tests.host.test_acquirer_mac import FRAME
from tests.skip import SkipTest

CHARACTERS = {"n": "0123456789", "z": "0123456789D", "b": "0123456789ABCDEF", "an": "AZaz09 -"}


def test_a_seen_message_is_read_and_written():
    found = message.unpack(FRAME)
    assert (found.mti, found.tpdu, found.header) == ("0200", "6000030000", "603210320072")
    assert found.text(4) == "000000001234" and found.text(22) == "0300"
    assert found.text(60) == "2600000100060000000" and len(found.text(62)) == 86
    assert message.pack(found) == FRAME


def test_a_published_answer_is_read():
    try:
        one = next(one for one in published.entries("iso8583", "messages") if one["verified"])
    except SkipTest as why:
        pytest.skip(str(why))
    found = message.unpack(bytes.fromhex(one["raw"]))
    told = one["parsed"]
    assert (found.mti, found.tpdu, found.header) == (told["mti"], told["tpdu"], told["header"])
    assert {str(number): value for number, value in found.fields.items()} == told["fields"]
    assert message.pack(found).hex().upper() == one["raw"]


def value_of(one):
    """A strategy for the values of a field."""
    size = one.most if one.kind not in ("b",) else 2 * one.most
    letters = CHARACTERS.get(one.kind, [chr(code) for code in range(32, 256)])
    if one.kind == "b":
        least = size if one.length == FIXED else 0
        return st.text("0123456789ABCDEF", min_size=least // 2, max_size=min(size, 80) // 2).map(
            lambda text: text * 2
        )
    least = size if one.length == FIXED else 0
    return st.text(letters, min_size=least, max_size=max(least, min(size, 60)))


@given(
    st.sampled_from(["0200", "0210", "0500", "0830"]),
    st.fixed_dictionaries({}, optional={one.number: value_of(one) for one in FIELDS}),
)
def test_what_is_written_is_read_again(mti, fields):
    sent = Message(mti, fields)
    assert message.unpack(message.pack(sent)) == sent


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({4: "12"}, "field 4"),
        ({4: "00000000012X"}, "field 4"),
        ({2: "6" * 20}, "field 2"),
        ({5: "000000000000"}, "field 5"),
        ({41: "SHORT"}, "field 41"),
        ({55: "9F2"}, "field 55"),
        ({39: "\n0"}, "field 39"),
        ({63: "水"}, "written"),
    ],
)
def test_values_that_do_not_fit_are_refused_without_being_told(fields, said):
    with pytest.raises(FormatError, match=said) as wrong:
        message.pack(Message("0200", fields))
    assert all(len(value) < 5 or value not in str(wrong.value) for value in fields.values())


@given(st.data())
def test_bent_frames_are_messages_or_format_errors(data):
    frame = bytearray(FRAME)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(frame) - 1))
        frame[at] = data.draw(st.integers(0, 255))
    cut = bytes(frame[: data.draw(st.integers(0, len(frame)))])
    for candidate in (bytes(frame), cut, len(cut).to_bytes(2, "big") + cut):
        try:
            found = message.unpack(candidate)
        except FormatError as wrong:
            assert str(wrong)
        else:
            assert message.unpack(message.pack(found)) == found


def test_a_second_bitmap_is_refused():
    bent = bytearray(FRAME)
    bent[15] |= 0x80
    with pytest.raises(FormatError, match="second bitmap"):
        message.unpack(bytes(bent))


@given(st.lists(st.integers(1, 40), max_size=30))
def test_frames_are_found_however_they_arrive(cuts):
    reader, stream, found = message.FrameReader(), FRAME * 5, []
    for size in cuts:
        found += reader.feed(stream[:size])
        stream = stream[size:]
    found += reader.feed(stream)
    assert found == [FRAME] * 5


@pytest.mark.parametrize("head", [b"\xff\xff", b"\x08\x00", b"\x00\x00"])
def test_absurd_lengths_end_a_stream(head):
    with pytest.raises(FormatError):
        message.FrameReader().feed(head)


def test_answers_are_named():
    assert message.answered("0200") == "0210" and message.answered("0820") == "0830"
    assert message.swapped("6000030000") == "6000000003"
