# SPDX-License-Identifier: Apache-2.0
"""JT/T 905 frames and bodies: the verified vector both ways, noise, cuts, bit flips (TD-052)."""

from firmware.errors import FormatError
from firmware.neighbours import jtt905
from firmware.neighbours.jtt905 import FrameReader, encode
from firmware.neighbours.meter_jtt905 import trip_of

VECTOR = bytes.fromhex(
    "55AA00460200 00E8 414133333333 00000000000000000000000000000000"
    "54455354303030303030303030303030303100 2307261941 1941 000001 0567 000000 0000"
    "000080 0000000C 00 56 55AA".replace(" ", "")
)
ANSWER = bytes.fromhex("55AA0005000000E8907D55AA")
VALUES = {
    "plate": b"AA3333",
    "licence": bytes(16),
    "driver": b"TEST00000000000001\0",
    "on": "2307261941",
    "off": "1941",
    "distance_hm": "000001",
    "empty_hm": "0567",
    "surcharge_jiao": "000000",
    "waiting": "0000",
    "amount_jiao": "000080",
    "trip": 12,
    "pay_type": jtt905.CASH,
}


def read(*pieces):
    """Frames of pieces that come 10 ms apart."""
    reader = FrameReader()
    frames = []
    for place, piece in enumerate(pieces):
        frames += reader.feed(piece, 10 * place)
    return frames


def test_vector_should_be_read_and_written():
    """TD-052: terminals.md 4, both ways; 8.0 yuan on the meter are 800 fen on the card."""
    (frame,) = read(VECTOR)
    assert (frame.kind, frame.vendor, frame.command) == (2, 0, jtt905.TRIP_END)
    assert jtt905.unpack(jtt905.TRIP, frame.data) == VALUES
    data = jtt905.pack(jtt905.TRIP, VALUES)
    assert encode(jtt905.TRIP_END, data, kind=jtt905.METER) == VECTOR
    assert encode(jtt905.TRIP_END, jtt905.DONE) == ANSWER
    trip = trip_of(frame.data)
    assert (trip.number, trip.amount_fen, trip.on.hex()) == (12, 800, "2307261941")
    assert trip.body == frame.data


def test_frame_should_be_found_in_any_pieces():
    """TD-052"""
    for cut in range(len(VECTOR) + 1):
        assert len(read(VECTOR[:cut], VECTOR[cut:])) == 1, cut
    assert len(read(*[VECTOR[at : at + 1] for at in range(len(VECTOR))])) == 1


def test_cut_frame_should_cost_nothing_but_itself():
    """TD-052: every truncation, then a whole frame at once and one after a pause."""
    for cut in range(len(VECTOR)):
        reader = FrameReader()
        assert reader.feed(VECTOR[:cut], 0) == []
        after = reader.feed(VECTOR, 2000)
        assert [one.command for one in after] == [0xE8], cut
        assert reader.buffer == b""
        reader = FrameReader()
        frames = reader.feed(VECTOR[:cut] + ANSWER + VECTOR, 0) + reader.feed(b"", 3000)
        assert [one.command for one in frames][-1:] == [0xE8] and 1 <= len(frames) <= 2, cut


def test_flipped_bit_should_never_make_another_frame():
    """TD-052: whatever bit is wrong, nothing is read and the next frame is."""
    for bit in range(8 * len(VECTOR)):
        bent = bytearray(VECTOR)
        bent[bit >> 3] ^= 1 << (bit & 7)
        reader = FrameReader()
        frames = reader.feed(bytes(bent), 0)
        assert frames == [], bit
        frames = reader.feed(ANSWER, 1500) + reader.feed(b"", 3000)
        assert [one.kind for one in frames] == [jtt905.ISU], bit


def test_mark_inside_data_should_be_data():
    """TD-052: there is no byte stuffing; not even a whole frame inside data is one."""
    for data in (jtt905.MARK, jtt905.MARK * 20, ANSWER, b"\x55" + ANSWER, VECTOR + jtt905.MARK):
        frame = encode(jtt905.TARIFF, data, kind=jtt905.METER)
        frames = read(b"\x55" + frame, b"\x55\xaa" + frame)
        assert [one.data for one in frames][:1] == [data]
        assert [one.data for one in read(*[frame[at : at + 1] for at in range(len(frame))])] == [
            data
        ]


def test_noise_should_be_passed_over_in_little_memory():
    """TD-052: what a hostile line can make it hold is one frame."""
    reader = FrameReader()
    for turn in range(40):
        noise = bytes([(turn * 7 + at * 13) & 0xFF for at in range(97)]) + b"\x55\xaa\x01\x04"
        reader.feed(noise, turn)
        assert len(reader.buffer) <= 4 + 260 + 3
    assert [one.command for one in reader.feed(VECTOR, 5000)] == [0xE8]
    assert reader.bad


def test_doubled_frame_should_be_told_twice():
    """TD-053: to hold them together is the device's business."""
    assert len(read(VECTOR + VECTOR)) == 2


def test_trip_that_is_none_should_be_refused():
    data = read(VECTOR)[0].data
    assert trip_of(data + b"card").body == data
    for bad in (b"", data[:-1], data[:58] + b"\x0a" + data[59:], data[:41] + b"\xff" + data[42:]):
        try:
            trip_of(bad)
            raise AssertionError(bad)
        except FormatError:
            pass


def test_tariff_and_clock_should_not_be_writable():
    """TD-051: what would alter the meter's legal data cannot even be made into a frame."""
    for command in (jtt905.TARIFF_SET, jtt905.CLOCK):
        try:
            encode(command, bytes(7))
            raise AssertionError(command)
        except FormatError:
            pass
    assert read(encode(jtt905.TARIFF))[0].data == b""


def test_data_too_long_should_not_be_a_frame():
    try:
        encode(jtt905.TARIFF, bytes(jtt905.MAX_DATA + 1))
        raise AssertionError
    except FormatError:
        pass
