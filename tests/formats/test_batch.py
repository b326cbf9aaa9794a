# SPDX-License-Identifier: Apache-2.0
"""Upload messages and the frame reader on a line that loses, doubles and invents bytes
(clearing.md 11).
"""

from firmware.errors import FormatError
from firmware.formats import batch
from sim.flash import Dice

BATCH = batch.pack_batch(7, [(1, b"one"), (2, b""), (3, b"FTFT")])
ACK = batch.pack_ack(7, batch.crc_of(BATCH), 3)
REJECT = batch.pack_reject(7, batch.GAP, 4, "expected 4")


def refuses(call):
    try:
        call()
    except FormatError:
        return True
    return False


def test_messages_come_back():
    items = [(1, b"one"), (2, b""), (3, b"FTFT")]
    assert batch.unseal(BATCH) == (batch.BATCH, {"terminal_id": 7, "items": items})
    ack = {"terminal_id": 7, "batch_crc": batch.crc_of(BATCH), "upto": 3}
    assert batch.unseal(ACK) == (batch.ACK, ack)
    reject = {"terminal_id": 7, "code": batch.GAP, "expected": 4, "text": "expected 4"}
    assert batch.unseal(REJECT) == (batch.REJECT, reject)


def test_the_frame_never_changes():
    # Golden bytes; the CRC was computed apart from this code (zlib).
    assert batch.pack_ack(7, 0x01020304, 9).hex().upper() == (
        "46540102" + "000C" + "000000070102030400000009" + "433D51A1"
    )


def test_a_frame_with_any_byte_changed_is_refused():
    for frame in (BATCH, ACK, REJECT):
        for at in range(len(frame)):
            wrong = frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 :]
            assert refuses(lambda: batch.unseal(wrong)), at  # noqa: B023
        for cut in range(len(frame)):
            assert refuses(lambda: batch.unseal(frame[:cut])), cut  # noqa: B023
        assert refuses(lambda: batch.unseal(frame + b"\x00"))  # noqa: B023


def test_the_size_of_a_frame_is_limited():
    room = batch.PAYLOAD_LIMIT - batch.BATCH_BYTES - batch.ITEM_BYTES
    assert len(batch.pack_batch(1, [(1, b"x" * room)])) == batch.FRAME_LIMIT
    assert refuses(lambda: batch.pack_batch(1, [(1, b"x" * (room + 1))]))
    assert refuses(lambda: batch.pack_batch(1 << 32, []))


def test_a_reject_text_is_cut_and_plain():
    _, values = batch.unseal(batch.pack_reject(0, batch.LATER, 0, "\u8bf7\n" + "x" * 200))
    assert values["text"] == "??" + "x" * 118


def test_the_reader_finds_frames_in_pieces_of_any_size():
    for size in (1, 2, 3, 7, 1000):
        reader = batch.FrameReader()
        found = []
        stream = BATCH + ACK + REJECT
        for at in range(0, len(stream), size):
            found += reader.feed(stream[at : at + size])
        assert found == [BATCH, ACK, REJECT] and reader.damaged == 0 and not reader.held()


def test_wanted_leads_exactly_to_the_end_of_a_frame():
    reader = batch.FrameReader()
    at = 0
    while at < len(BATCH):
        count = reader.wanted()
        found = reader.feed(BATCH[at : at + count])
        at += count
    assert at == len(BATCH) and found == [BATCH]


def test_the_reader_finds_its_way_after_damage():
    size = b"FT\x01\x01\xff\xff"
    for noise in (b"\x00" * 50, b"F", b"FT", b"FTFTFT", size, BATCH[:-1], BATCH[:9]):
        reader = batch.FrameReader()
        found = reader.feed(noise + ACK) + reader.feed(ACK * 3) + reader.stale()
        assert found[-3:] == [ACK] * 3, noise
    broken = BATCH[:-1] + bytes([BATCH[-1] ^ 1])
    reader = batch.FrameReader()
    assert reader.feed(broken + ACK) == [ACK]
    assert reader.damaged > 0  # so that the half-parsed message gets an answer


def test_a_half_frame_is_given_up_when_the_line_is_silent():
    reader = batch.FrameReader()
    promised = b"FT\x01\x01\x0f\xf0"  # a length that never comes
    assert reader.feed(promised + ACK) == []
    assert reader.stale() == [ACK]
    assert reader.damaged > 0 and not reader.held()
    assert reader.feed(ACK) == [ACK]


def test_a_flood_costs_no_memory():
    reader = batch.FrameReader()
    for junk in (b"FT\x01\x01\x0f\xf0", b"\x00\xff", b"F"):
        for _ in range(20):
            reader.feed(junk * 100)
            assert reader.held() <= batch.FRAME_LIMIT
    reader.stale()
    assert reader.feed(ACK) == [ACK]


def test_random_damage_never_makes_a_frame_and_never_stops_the_reader():
    dice = Dice(11)
    for _ in range(150):
        stream = bytearray(BATCH + ACK + REJECT)
        for _ in range(1 + dice.below(4)):
            stream[dice.below(len(stream))] = dice.below(256)
        reader = batch.FrameReader()
        found = reader.feed(stream) + reader.stale() + reader.feed(REJECT)
        assert found[-1] == REJECT
        for frame in found:
            assert frame in (BATCH, ACK, REJECT)


def test_a_frame_of_another_version_comes_out_whole_but_is_not_read():
    other = batch.MAGIC + b"\x02\x01\x00\x00"
    other += (batch._crc(other)).to_bytes(4, "big")
    assert batch.FrameReader().feed(other) == [other]
    assert refuses(lambda: batch.unseal(other))


def test_crafted_noise_costs_work_in_proportion_to_its_bytes():
    head = b"FT\x01\x01\x0f\xe0"  # each promises 4,074 bytes, and six bytes on stands the next
    for size in (6, 100, 4096):
        reader = batch.FrameReader()
        taken = 0
        for _ in range(60000 // size):
            reader.feed((head * 700)[:size])
            taken += size
            assert len(reader._kept) <= batch.FRAME_LIMIT * 5 // 4
        reader.stale()
        # a CRC over each promise would be 680 bytes of work for each byte
        assert reader.checked <= batch.SHARE * (taken + 2 * batch.FRAME_LIMIT)
        assert reader.feed(ACK) == [ACK]


def test_frames_are_found_again_behind_crafted_noise():
    reader = batch.FrameReader()
    reader.feed(b"FT\x01\x01\x0f\xe0" * 5000)
    found = []
    for _ in range(2 * batch.FRAME_LIMIT // len(ACK)):
        found += reader.feed(ACK)
    assert found[-1] == ACK and len(found) * len(ACK) > batch.FRAME_LIMIT // 2
