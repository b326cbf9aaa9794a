# SPDX-License-Identifier: Apache-2.0
"""Files that the collector offers come whole or not at all (TD-020): cuts of power and link at
every write and every piece, changed offers, full disks, wrong hashes.
"""

import hashlib

from firmware.download import AGAIN_MS, DISK_FULL, TRIES, WRONG_HASH, Downloads
from firmware.formats import status
from tests.hand_clock import HandClock
from tests.part_files import WAYS, Files, PowerCut

OLD = b"the list in force"
NEW = bytes([7 * at & 0xFF for at in range(5000)])
LATER = bytes([11 * at & 0xFF for at in range(3000)])
PLACES = (
    (status.DENY_LIST, "deny.bin", "deny.bin.next"),
    (status.DENY_CHANGES, "deny.bin", "deny.bin.next"),
    (status.PARAMETERS, "set.txt", "set.txt.next"),
)


def offer(data, number=42, kind=status.DENY_LIST):
    return (kind, number, len(data), hashlib.sha256(data).digest())


class Stand:
    """Downloads over files in memory, and a collector that has `served`."""

    def __init__(self, files, served, newest=None):
        self.files, self.served = files, served
        self.in_force = newest or {}
        self.clock = HandClock()
        self.events = []
        self.pieces = 0
        self.start()

    def start(self):
        self.downloads = Downloads(
            PLACES, lambda kind: self.in_force.get(kind, 0), self.files, self.clock,
            self.events.append, 700,
        )  # fmt: skip

    def said(self):
        return [one["what"] for one in self.events]

    def run(self, turns=200, lose=None):
        """Offer all and fetch until nothing is wanted; lose: number of the piece that is lost."""
        self.downloads.standing([offer(data, *which) for which, data in self.served])
        for _ in range(turns):
            if self.downloads.turn():
                continue
            asked = self.downloads.ask()
            if not asked:
                if not self.downloads.hashing:
                    return
                continue
            kind, number, at, count = asked
            data = [data for which, data in self.served if which == (number, kind)][0]
            self.pieces += 1
            if self.pieces == lose:
                return
            self.downloads.piece(kind, number, at, data[at : at + count])


def stand(files=None, served=None, newest=None):
    wanted = [((42, status.DENY_LIST), NEW)] if served is None else served
    return Stand(files or Files({"deny.bin": OLD}), wanted, newest)


def test_a_file_comes_in_pieces_and_is_laid_when_its_hash_is_right():
    # TD-020
    one = stand()
    one.run()
    assert one.files.there["deny.bin.next"] == NEW and one.files.there["deny.bin"] == OLD
    assert "deny.bin.part" not in one.files.there
    assert one.said() == ["begun", "laid"] and one.pieces == 8
    assert one.downloads.laid(status.DENY_LIST) == 42
    one.run()
    one.start()
    one.run()
    assert one.pieces == 8  # not once more, also behind a restart


def test_what_is_not_newer_or_not_taken_here_is_left():
    # TD-039
    for served, newest in (
        ([((42, status.DENY_LIST), NEW)], {status.DENY_LIST: 42}),
        ([((42, status.FARES), NEW)], {}),
        ([((42, status.DENY_LIST), b"")], {}),
    ):
        one = stand(None, served, newest)
        one.run()
        assert one.files.there == {"deny.bin": OLD}
    one = stand()
    one.downloads.standing([(status.DENY_LIST, 42, 1 << 31, bytes(32))])
    assert one.downloads.ask() is None


def test_a_lost_link_goes_on_where_it_was():
    for lose in range(1, 9):
        one = stand()
        one.run(lose=lose)
        assert "deny.bin.next" not in one.files.there
        one.run()
        assert one.files.there["deny.bin.next"] == NEW
        assert one.pieces == 9  # the one that was lost, and no other


def test_a_restart_goes_on_where_it_was():
    one = stand()
    one.run(lose=5)
    one.start()
    one.run()
    assert one.files.there["deny.bin.next"] == NEW and one.pieces == 9


def test_power_may_fail_at_every_write():
    # TD-012, TD-020: in force stays in force, and what is laid is whole
    cuts = 0
    for way in WAYS:
        at = 0
        while True:
            at += 1
            files = Files({"deny.bin": OLD, "deny.bin.next": b"an older one"}, at, way)
            one = stand(files)
            try:
                one.run()
                break
            except PowerCut:
                pass
            cuts += 1
            assert files.there["deny.bin"] == OLD
            assert files.there["deny.bin.next"] in (b"an older one", NEW)
            for _ in range(2):  # rubbish behind the last piece is found by the hash
                one.start()
                one.run()
            assert files.there["deny.bin.next"] == NEW, (way, at)
    assert cuts == 44


def test_power_may_fail_twice():
    cuts = 0
    for first in range(1, 12):
        for second in range(1, 12):
            files = Files({"deny.bin": OLD}, first, WAYS[1])
            one = stand(files)
            for _ in range(2):
                try:
                    one.run()
                except PowerCut:
                    cuts += 1
                    files.writes, files.cut_at = 0, second
                one.start()
            files.cut_at = None
            one.run()
            assert files.there["deny.bin.next"] == NEW
    assert cuts > 150


def test_a_changed_offer_begins_anew():
    one = stand()
    one.run(lose=4)
    one.served = [((43, status.DENY_CHANGES), LATER)]
    one.run()
    assert one.files.there["deny.bin.next"] == LATER
    assert one.downloads.laid(status.DENY_LIST) == 0
    assert one.downloads.laid(status.DENY_CHANGES) == 43
    # the same number with other bytes: of two offers the line tells them apart
    one = stand()
    one.run(lose=4)
    one.served = [((42, status.DENY_LIST), LATER)]
    one.run()
    assert one.files.there["deny.bin.next"] == LATER


def test_an_offer_that_is_taken_back_is_left_and_taken_up_again():
    one = stand()
    one.run(lose=4)
    one.downloads.standing([])
    assert one.downloads.ask() is None
    one.run()
    assert one.files.there["deny.bin.next"] == NEW and one.pieces == 9


def test_several_files_come_one_behind_the_other():
    served = [((7, status.PARAMETERS), LATER), ((42, status.DENY_LIST), NEW)]
    one = stand(None, served)
    one.run()
    assert one.files.there["set.txt.next"] == LATER
    assert one.files.there["deny.bin.next"] == NEW


def test_a_full_disk_is_named_counted_and_tried_again_later():
    files = Files({"deny.bin": OLD}, room=3000)
    one = stand(files)
    one.run()
    assert one.downloads.counts[DISK_FULL] == 1
    assert one.downloads.faults == {status.DENY_LIST: (42, DISK_FULL)}
    assert "disk full" in one.events[-1]["text"]
    assert files.there["deny.bin"] == OLD and files.there["deny.bin.part"] == b""
    files.room = None
    one.run()
    assert one.pieces == 5  # it waits
    one.clock.advance(AGAIN_MS // 1000)
    one.run()
    assert files.there["deny.bin.next"] == NEW and one.downloads.faults == {}


def test_a_disk_without_room_for_the_first_byte_is_no_end():
    one = stand(Files({"deny.bin": OLD}, room=len(OLD)))
    one.run()
    assert one.downloads.counts[DISK_FULL] == 1 and one.downloads.ask() is None


def test_a_wrong_hash_is_named_counted_and_given_up():
    one = stand()
    one.downloads.standing([offer(NEW)[:3] + (bytes(32),)])
    for _ in range(200):
        if one.downloads.turn():
            continue
        asked = one.downloads.ask()
        if asked:
            one.pieces += 1
            one.downloads.piece(asked[0], asked[1], asked[2], NEW[asked[2] :][: asked[3]])
    assert one.downloads.counts[WRONG_HASH] == TRIES and one.pieces == 8 * TRIES
    assert one.files.there["deny.bin"] == OLD and "deny.bin.next" not in one.files.there
    assert one.downloads.faults == {status.DENY_LIST: (42, WRONG_HASH)}
    assert one.events[-1]["text"] == "wrong hash"


def test_pieces_that_were_not_asked_for_change_nothing():
    one = stand()
    one.downloads.standing([offer(NEW)])
    kind, number, at, count = one.downloads.ask()
    good = NEW[:count]
    for wrong in (
        (kind, number, at + 1, good),
        (kind, number + 1, at, good),
        (kind, number, at, b""),
        (kind, number, at, good + b"?"),
    ):
        one.downloads.standing([])
        one.downloads.standing([offer(NEW)])
        assert one.downloads.ask() == (kind, number, at, count)
        one.downloads.piece(*wrong)
        assert one.files.there["deny.bin.part"] == b""
    for _ in range(TRIES - 1):
        assert one.downloads.ask()
        one.downloads.failed()
    assert one.downloads.ask() is None  # it waits, and asks nobody for ever
    one.downloads.piece(kind, number, at, good)
    assert one.files.there["deny.bin.part"] == b""


def test_a_part_that_is_longer_than_the_offer_begins_anew():
    line = "%d %d %d %s" % (offer(NEW)[:3] + (offer(NEW)[3].hex(),))
    there = {"deny.bin": OLD, "deny.bin.want": line.encode(), "deny.bin.part": bytes(6000)}
    one = stand(Files(there))
    one.run()
    assert one.files.there["deny.bin.next"] == NEW


def test_a_file_that_was_laid_and_taken_away_is_fetched_again():
    one = stand()
    one.run()
    del one.files.there["deny.bin.next"]
    one.run()
    assert one.files.there["deny.bin.next"] == NEW
