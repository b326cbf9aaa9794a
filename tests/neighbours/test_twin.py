# SPDX-License-Identifier: Apache-2.0
"""Front and rear reader on one line: the trip is told, cards are known, frames lost and bent."""

from firmware.neighbours import twin
from firmware.neighbours.twin import AGAIN_MS, LOST_MS, RIDE_MS, Trip, Twin

TRIP = Trip(True, 4711, 8, 12, 1, 5)
PAN = "6228000100000010"


def pair():
    """(front, rear), both having heard each other."""
    front, rear = Twin(True), Twin(False)
    front.tell(TRIP)
    assert rear.feed(front.outgoing(0), 0) == ["found", "trip"]
    assert front.feed(rear.outgoing(0), 0) == ["found"]
    return front, rear


def exchange(front, rear, now_ms):
    """One turn of both."""
    events = rear.feed(front.outgoing(now_ms), now_ms)
    return events, front.feed(rear.outgoing(now_ms), now_ms)


def test_rear_should_know_the_trip():
    """TD-037: driver, shift, line, direction, stop."""
    front, rear = pair()
    assert rear.trip == TRIP
    front.tell(Trip(True, 4711, 8, 12, 1, 6))
    assert exchange(front, rear, 1000) == (["trip"], []) and rear.trip.stop == 6
    rear.totals = (3, 600)
    exchange(front, rear, 2000)
    assert front.totals == (3, 600)


def test_card_of_one_should_be_known_to_the_other():
    """TD-037: by number and sequence number; told once, then acknowledged."""
    front, rear = pair()
    front.board(PAN, 1)
    exchange(front, rear, 1)
    assert rear.has_boarded(PAN, 1)
    assert not rear.has_boarded(PAN, 2) and not rear.has_boarded(PAN, None)
    assert front.untold == [] and not front.has_boarded(PAN, 1)
    rear.board(PAN, 3)
    exchange(front, rear, AGAIN_MS + 1)
    assert front.has_boarded(PAN, 3) and rear.has_boarded(PAN, 1)


def test_lost_frame_should_be_told_again_with_its_age():
    front, rear = pair()
    front.feed(b"", 0)
    front.board(PAN, 1)
    for now_ms in range(0, 60000, 250):
        front.outgoing(now_ms)  # nobody hears
    assert len(front.untold) == 1
    exchange(front, rear, 60000)
    rear.feed(b"", RIDE_MS - 1)
    assert rear.has_boarded(PAN, 1)
    rear.feed(b"", RIDE_MS)
    assert not rear.has_boarded(PAN, 1)


def test_reader_that_starts_anew_should_be_told_all():
    """TD-037: whoever paid at the front is known at a rear reader whose power was cut."""
    front, rear = pair()
    for number in range(10):
        front.board(PAN, number)
        exchange(front, rear, (number + 1) * AGAIN_MS)
    assert front.untold == []
    rear = Twin(False)
    for now_ms in range(6000, 10000, 250):
        exchange(front, rear, now_ms)
        front.feed(rear.outgoing(now_ms), now_ms)
    assert [number for number in range(10) if rear.has_boarded(PAN, number)] == list(range(10))
    assert rear.trip == TRIP and front.untold == []


def test_doubled_frame_should_change_nothing():
    front, rear = pair()
    front.board(PAN, 1)
    said = front.outgoing(AGAIN_MS)
    rear.feed(said + said, AGAIN_MS)
    assert len(rear.cards) == 1
    for now_ms in range(1000, 6000, 500):
        exchange(front, rear, now_ms)
    assert front.untold == [] and len(rear.cards) == 1


def test_cards_should_be_forgotten_with_the_trip():
    front, rear = pair()
    front.board(PAN, 1)
    exchange(front, rear, 1)
    front.tell(Trip(True, 4711, 8, 12, 2, 5))
    exchange(front, rear, 2000)
    assert not rear.has_boarded(PAN, 1)


def test_silence_should_be_told_once():
    """TD-037: link loss; the rule for it is the device's."""
    front, rear = pair()
    assert rear.feed(b"", LOST_MS - 1) == [] and not rear.is_lost
    assert rear.feed(b"", LOST_MS) == ["lost"] and rear.feed(b"", LOST_MS + 1) == []
    assert exchange(front, rear, LOST_MS + 1000)[0] == ["found"] and rear.trip == TRIP


def test_every_truncation_and_every_bent_bit_should_say_nothing():
    front, rear = pair()
    front.board(PAN, 1)
    said = twin._frame(twin.BOARDED, b"\x00\x01" + twin.key_of(PAN, 1) + b"\x00\x00")
    for cut in range(len(said)):
        one = Twin(False)
        assert one.feed(said[:cut], 0) == [] and one.cards == []
        assert one.feed(said, 0) == ["found"] and len(one.cards) == 1
    for at in range(len(said)):
        for bit in range(8):
            one = Twin(False)
            bent = said[:at] + bytes((said[at] ^ 1 << bit,)) + said[at + 1 :]
            assert one.feed(bent, 0) == [] and one.cards == [], (at, bit)


def test_memory_should_be_bounded():
    front, rear = pair()
    for number in range(300):
        front.board("62280001%08d" % number, 0)
    assert len(front.untold) == len(front.own) == twin.MOST_CARDS
    for number in range(300):
        rear.feed(twin._frame(twin.BOARDED, number.to_bytes(2, "big") + bytes(6)
                              + number.to_bytes(2, "big") + bytes(2)), 0)  # fmt: skip
    assert len(rear.cards) == twin.MOST_CARDS and len(rear.answers) <= 256
    seed = 3
    for now_ms in range(3000):
        seed = (seed * 1103515245 + 12345) % (1 << 31)
        rear.feed(bytes(((seed >> 16) & 0xFF,)), now_ms)
    assert len(rear.frames.held) < 68


def test_foreign_bodies_should_say_nothing():
    one = Twin(False)
    for kind in range(256):
        for data in (b"", bytes(2), bytes(60 - 5)):
            one.feed(twin._frame(kind, data), 0)
    assert one.trip == twin.NO_TRIP and one.cards == []
