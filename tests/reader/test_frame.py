# SPDX-License-Identifier: Apache-2.0
"""Frames: the tables of the PN532 chapter, section 1, byte for byte, however they arrive."""

from firmware.errors import FormatError
from firmware.reader.frame import ACK, ERROR, NACK, FrameReader, encode

FRAMES = (  # payload, frame: pn532.md, 1, "Frames for tables in tests"
    ("d402", "0000ff02fed4022a00"),
    ("d50332010607", "0000ff06fad50332010607e800"),
    ("d41401", "0000ff03fdd414011700"),
    ("d4140114", "0000ff04fcd41401140300"),
    ("d414011401", "0000ff05fbd4140114010200"),
    ("d414010000", "0000ff05fbd4140100001700"),
    ("d414010001", "0000ff05fbd4140100011600"),
    ("d44a0100", "0000ff04fcd44a0100e100"),
    (
        "d54b010100042007041122334455660b788084024b4f4e411401",
        "0000ff1ae6d54b010100042007041122334455660b788084024b4f4e4114018300",
    ),
    ("d54b01010004200704112233445566", "0000ff0ff1d54b010100042007041122334455664a00"),
    ("d54b00", "0000ff03fdd54b00e000"),
)
HEADS = (  # LEN, what the frame begins with
    (1, "0000ff01ff"),
    (2, "0000ff02fe"),
    (254, "0000fffe02"),
    (255, "0000ffff01"),
    (256, "0000ffffff0100ff"),
    (261, "0000ffffff0105fa"),
    (264, "0000ffffff0108f7"),
    (265, "0000ffffff0109f6"),
)
NOISE = (
    "",
    "00" * 16,
    "55550000",
    "ff",
    "00ff0000",
    "00ff00",
    "00ffff",
    "0000ff05fc",
    "0000ff10f1aa",
)


def events_of(data, *cuts):
    """All events when `data` arrives in pieces cut at `cuts`."""
    reader = FrameReader()
    events = []
    for begin, end in zip((0,) + cuts, cuts + (len(data),)):
        events += reader.feed(data[begin:end])
    return events


def payload_of(count):
    return bytes([(number * 7 + count) & 0xFF for number in range(count)])


def test_encode_should_give_the_frames_of_the_table():
    for payload, frame in FRAMES:
        assert encode(bytes.fromhex(payload)) == bytes.fromhex(frame)  # PD-01


def test_encode_should_go_over_to_extended_frames_at_256():
    for count, head in HEADS:
        frame = encode(payload_of(count))
        assert frame[: len(head) // 2] == bytes.fromhex(head)  # PD-01
        assert len(frame) == len(head) // 2 + count + 2
        assert (sum(frame[len(head) // 2 :])) & 0xFF == 0
        assert FrameReader().feed(frame) == [("frame", payload_of(count))]


def test_encode_should_refuse_more_than_265_bytes_and_none():
    for count in (0, 266, 300):
        try:
            encode(bytes(count))
        except FormatError as error:
            assert str(count) in str(error)
        else:
            raise AssertionError("%d bytes passed" % count)


def test_frames_should_arrive_whole_in_two_and_byte_by_byte():
    for payload, text in FRAMES:
        frame = bytes.fromhex(text)
        expected = [("frame", bytes.fromhex(payload))]
        assert events_of(frame) == expected  # PD-03
        assert events_of(frame, *range(1, len(frame))) == expected
        for cut in range(1, len(frame)):
            assert events_of(frame, cut) == expected


def test_ack_and_long_answer_should_arrive_at_every_split():
    answer = b"\xd5\x41\x00" + payload_of(258)
    data = ACK + encode(answer)
    for cut in range(1, len(data)):
        assert events_of(data, cut) == [("ack", b""), ("frame", answer)]  # PD-03, PD-04


def test_short_frames_should_be_told_apart():
    assert events_of(ACK + NACK + ERROR) == [("ack", b""), ("nack", b""), ("error", b"")]
    assert events_of(encode(b"\x7f\x00")) == [("frame", b"\x7f\x00")]


def test_frames_should_be_found_behind_any_leading_bytes():
    for text in NOISE:
        for payload, frame in FRAMES:
            data = bytes.fromhex(text) + bytes.fromhex(frame)
            assert ("frame", bytes.fromhex(payload)) in events_of(data, len(text) // 2), (
                text
            )  # PD-02
    for zeros in range(17):
        assert events_of(bytes(zeros) + ACK) == [("ack", b"")]


def test_frames_should_need_no_postamble_and_one_preamble_byte():
    bare = [bytes.fromhex(frame)[1:-1] for _, frame in FRAMES]
    for data in bare:
        assert len(events_of(data)) == 1  # PD-02
    assert len(events_of(b"".join(bare))) == len(bare)


def test_wrong_lcs_should_cost_no_waiting():
    for payload, text in FRAMES:
        frame = bytearray(bytes.fromhex(text))
        frame[4] ^= 0x10
        reader = FrameReader()
        assert reader.feed(bytes(frame)) == []
        assert not reader.started()  # PD-07: no wait for LEN bytes
        assert reader.feed(bytes.fromhex(text)) == [("frame", bytes.fromhex(payload))]


def test_extended_header_with_wrong_lcs_or_length_should_be_passed_over():
    for head in ("0000ffffff0105fb", "0000ffffff010af5", "0000ffffff000000", "0000ff0000"):
        reader = FrameReader()
        assert reader.feed(bytes.fromhex(head) + b"\x11") == []
        assert not reader.started(), head
        assert reader.feed(ACK) == [("ack", b"")]


def test_wrong_dcs_should_be_one_damaged_event():
    for _, text in FRAMES:
        frame = bytes.fromhex(text)
        for at in range(5, len(frame) - 1):
            spoiled = frame[:at] + bytes((frame[at] ^ 1,)) + frame[at + 1 :]
            assert events_of(spoiled + ACK) == [("damaged", b""), ("ack", b"")]  # PD-07


def test_a_frame_in_the_data_of_a_damaged_one_should_not_be_taken():
    forged = encode(b"\xd5\x41\x00\x90\x00")
    frame = bytearray(encode(b"\xd5\x41\x00" + forged))
    frame[-2] ^= 0xFF
    assert events_of(bytes(frame)) == [("damaged", b"")]


def test_missing_should_never_ask_for_more_than_comes():
    for payload, text in FRAMES:
        wire = bytes.fromhex(text)
        reader = FrameReader()
        events = []
        at = 0
        while not events:
            count = reader.missing()
            assert 0 < count <= len(wire) - 1 - at  # the postamble may be absent
            events = reader.feed(wire[at : at + count])
            at += count
        assert events == [("frame", bytes.fromhex(payload))]


def test_abandon_should_find_what_the_unfinished_frame_swallowed():
    half = encode(payload_of(40))[:12]
    reader = FrameReader()
    assert reader.feed(half + ACK) == []
    assert reader.started()
    assert reader.abandon() == [("ack", b"")]
    assert reader.feed(ACK) == [("ack", b"")]


def test_reset_should_forget_half_a_frame():
    for _, text in FRAMES:
        frame = bytes.fromhex(text)
        for cut in range(1, len(frame)):
            reader = FrameReader()
            reader.feed(frame[:cut])
            reader.reset()
            assert reader.feed(ACK) == [("ack", b"")]
