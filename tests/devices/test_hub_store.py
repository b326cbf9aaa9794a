# SPDX-License-Identifier: Apache-2.0
"""The store of an exit lane at a hub: what it is told, what it tells, what it does not forget."""

from firmware.devices.hub_store import BEGIN, END, HubStore, mark
from firmware.devices.lane_store import ENTER, LEAVE, Entry, key_of, pack_entry
from firmware.neighbours.lane_line import ANSWER, BEAT, PUT, VERDICTS, LaneLine, checksum, frame
from sim.flash import Flash

BLOCKS, BLOCK_BYTES = 6, 1024  # 9 entries at the most


class Wire:
    """A Neighbour whose far end is the test: `came` goes in, what is said is taken apart."""

    def __init__(self):
        self.protocol, self.now_ms, self.came, self.said = LaneLine(), 0, b"", b""

    def turn(self):
        data, self.came = self.came, b""
        events = self.protocol.feed(data, self.now_ms)
        self.flush()
        return events

    def flush(self):
        self.said += self.protocol.outgoing(self.now_ms)

    def close(self):
        pass


class Lane:
    """A lane on a flash; hub(kind, body) tells it something and returns what it said."""

    def __init__(self, flash):
        self.wire = Wire()
        self.store = HubStore(flash, self.wire)

    def hub(self, kind, body=b"", later_ms=20):
        self.wire.now_ms += later_ms
        self.wire.came += frame(kind, body)
        self.store.turn()
        self.store.turn()
        return self.heard()

    def heard(self):
        """[(kind, body)] said since the last time."""
        said, self.wire.said = self.wire.said, b""
        found = []
        while said:
            end = 7 + said[1]
            found.append((said[2], said[3 : end - 4]))
            said = said[end:]
        return found

    def tells(self, op, entry=None, number=0):
        """The verdict that the hub gets of a row."""
        body = pack_entry(op, entry) if entry else mark(op, number)
        for kind, said in self.hub(PUT, body):
            if kind == ANSWER and said[1:] == checksum(body):
                return VERDICTS[said[0]]
        return None

    def synced(self, *inside):
        self.hub(BEAT)
        assert self.tells(BEGIN, None, 1) == "stored"
        for one in inside:
            assert self.tells(ENTER, one) == "stored"
        assert self.tells(END, None, 2) == "stored"
        return self


def entry(number, minute=0):
    return Entry(key_of("%d" % number), 11, (2026, 11, 21, 10, minute, 0), 2)


def answered(body):
    return b"\x00" + checksum(body)


def test_lane_should_be_linked_when_it_was_told_everything():
    lane = Lane(Flash(BLOCKS, BLOCK_BYTES))
    assert not lane.store.linked
    assert [body[0] for kind, body in lane.hub(BEAT) if kind == PUT] == [BEGIN]  # asks for it
    lane.tells(BEGIN, None, 1)
    lane.tells(ENTER, entry(0))
    assert not lane.store.linked
    lane.tells(END, None, 2)
    assert lane.store.linked and lane.store.find(entry(0).key) == entry(0)
    lane.wire.now_ms += 4000
    lane.store.turn()
    assert not lane.store.linked
    lane.hub(BEAT)
    assert not lane.store.linked  # what it has missed it does not know


def test_who_is_not_named_should_be_gone():
    flash = Flash(BLOCKS, BLOCK_BYTES)
    lane = Lane(flash).synced(entry(0), entry(1))
    lane.synced(entry(1), entry(2))
    found = [number for number in range(4) if lane.store.find(entry(number).key)]
    assert found == [1, 2]
    again = Lane(flash)
    assert not again.store.linked and again.store.find(entry(0).key) is None


def test_end_without_a_begin_should_take_nobody_out():
    flash = Flash(BLOCKS, BLOCK_BYTES)
    Lane(flash).synced(entry(0))
    lane = Lane(flash)
    lane.hub(BEAT)
    assert lane.tells(END, None, 4) == "stored"
    assert lane.store.find(entry(0).key) == entry(0) and not lane.store.linked


def test_who_has_left_should_be_told_until_the_hub_knows_over_a_restart():
    """TD-012: the row that says so is on flash."""
    flash = Flash(BLOCKS, BLOCK_BYTES)
    lane = Lane(flash).synced(entry(0))
    lane.store.leave(entry(0).key)
    gone = pack_entry(LEAVE, entry(0))
    lane = Lane(flash)
    assert (PUT, gone) in lane.hub(BEAT)
    assert (PUT, gone) in lane.hub(BEAT, later_ms=600)
    assert lane.tells(ENTER, entry(0)) == "stored"  # the hub does not know yet
    assert lane.store.find(entry(0).key) is None
    assert [body[0] for kind, body in lane.hub(ANSWER, answered(gone)) if kind == PUT] == [BEGIN]
    assert lane.store.untold == []


def test_who_has_left_elsewhere_should_be_gone_here():
    lane = Lane(Flash(BLOCKS, BLOCK_BYTES)).synced(entry(0))
    assert lane.tells(LEAVE, entry(0, 5)) == "stored"  # of another journey
    assert lane.store.find(entry(0).key) == entry(0)
    assert lane.tells(LEAVE, entry(0)) == "stored" and lane.store.find(entry(0).key) is None
    assert lane.store.untold == []


def test_same_entry_told_again_should_not_be_written_again():
    """A telling of everything costs no flash where nothing has changed."""
    flash = Flash(BLOCKS, BLOCK_BYTES)
    lane = Lane(flash).synced(entry(0), entry(1))
    written = flash.operations
    lane.synced(entry(0), entry(1))
    assert flash.operations == written
    assert lane.tells(ENTER, entry(0, 9)) == "stored"  # enters anew: the hub has judged it
    assert lane.store.find(entry(0).key) == entry(0, 9) and flash.operations > written


def test_full_store_should_be_said():
    lane = Lane(Flash(BLOCKS, BLOCK_BYTES)).synced(*[entry(number) for number in range(9)])
    assert lane.tells(ENTER, entry(9)) == "full"


def test_rubbish_should_be_nothing():
    lane = Lane(Flash(BLOCKS, BLOCK_BYTES)).synced(entry(0))
    for body in (b"", b"\x01", bytes(17), b"\xff" * 17, b"\x02" * 18, b"\x09" + bytes(16)):
        lane.hub(PUT, body)
    for kind in (4, 5, 9):
        lane.hub(kind, bytes(17))
    assert lane.store.linked and lane.store.keys() == [entry(0).key]
