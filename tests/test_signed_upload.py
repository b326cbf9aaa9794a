# SPDX-License-Identifier: Apache-2.0
"""SignedUpload in idle time, against a collector of forty lines, with both hashes (CL-006, CL-007,
CL-018).
"""

from firmware.formats import batch, messages, session_key
from firmware.formats.session_key import Key
from firmware.kernel.sm3 import Sm3
from firmware.signed_upload import SignedUpload
from firmware.upload import IDLE, WAITING, Uploader
from tests.hand_clock import HandClock
from tests.test_upload import TERMINAL, journal_of
from tests.test_uploader import IdleLink

SECRET = bytes(range(32))
NONCE = bytes(range(16))


class Signing:
    """What any collector of version 2 must do; sessions are numbered, one counts."""

    def __init__(self, key):
        self.key = key
        self.stored = {}
        self.kinds = []
        self.session = b""
        self.offered = []

    def answer(self, frame):
        kind, terminal, session = messages.addressed(frame)
        self.kinds.append(kind)
        said = {"terminal_id": terminal, "request": messages.tag_of(frame)}
        if kind == messages.HELLO:
            _, values = messages.unseal(frame, session_key.hello_key(self.key, terminal))
            session = len(self.kinds).to_bytes(6, "big") + values["nonce"]
        up, down = session_key.session_keys(self.key, terminal, session, NONCE)
        if kind == messages.HELLO:
            self.session = session
            said["session"], said["nonce"], said["time_utc_s"] = session, NONCE, 1795305600
            return messages.seal(messages.WELCOME, said, down)
        _, values = messages.unseal(frame, up)
        if session != self.session:
            said["code"], said["expected"], said["text"] = batch.SESSION_OVER, 0, "hello"
            return messages.seal(batch.REJECT, said, down)
        if kind == messages.STATUS:
            said["time_utc_s"], said["upto"] = 1795305600, len(self.stored)
            said["gaps"], said["files"] = [], self.offered
            return messages.seal(messages.STANDING, said, down)
        if kind == messages.FETCH:
            for name in ("kind", "version", "offset"):
                said[name] = values[name]
            said["data"] = b"0123456789"[values["offset"] :][: values["count"]]
            return messages.seal(messages.PIECE, said, down)
        if self.stored and values["items"][0][0] > max(self.stored) + 1 or 0 in self.stored:
            said["code"], said["expected"], said["text"] = batch.GAP, len(self.stored) + 1, "gap"
            return messages.seal(batch.REJECT, said, down)
        for sequence, data in values["items"]:
            assert self.stored.setdefault(sequence, data) == data, "stored twice, differently"
        said["first"], said["last"] = values["items"][0][0], values["items"][-1][0]
        said["upto"] = said["last"]
        return messages.seal(batch.ACK, said, down)


class Fetching:
    """What SignedUpload wants of downloads, for one file of ten bytes."""

    def __init__(self):
        self.files = []
        self.data = b""

    def standing(self, files):
        self.files = files

    def ask(self):
        if not self.files or len(self.data) == self.files[0][2]:
            return None
        return self.files[0][0], self.files[0][1], len(self.data), 4

    def piece(self, kind, number, offset, data):
        assert offset == len(self.data)
        self.data += data


class Bench:
    """An Uploader that signs, its collector, its clock."""

    def __init__(self, count, make_hash=None, delay=0):
        key = Key(SECRET, make_hash) if make_hash else Key(SECRET)
        self.journal, self.clock = journal_of(count), HandClock()
        self.collector = Signing(key)
        self.drawn = 0
        self.unit = SignedUpload(self.journal, TERMINAL, key, self.clock, self.random_bytes)
        self.delay = delay
        self.uploader = Uploader(
            self.journal, TERMINAL, self.opened, self.clock, self.random_bytes, signed=self.unit
        )

    def random_bytes(self, count):
        self.drawn += 1
        return self.drawn.to_bytes(count, "big")

    def opened(self):
        return IdleLink(self.collector, self.delay)

    def run(self):
        """Until there is nothing to say; number of steps."""
        for steps in range(2000):
            self.uploader.step()
            self.clock.ms += 10
            if self.uploader.state == IDLE and not self.unit.due():
                return steps
        raise AssertionError("no end: " + self.uploader.error)


def test_a_session_is_opened_and_all_goes_up():
    bench = Bench(20, delay=2)
    bench.run()
    assert bench.collector.kinds == [messages.HELLO, messages.STATUS] + [batch.BATCH] * 3
    assert bench.journal.acknowledged == 20 and bench.uploader.acknowledged == 20
    assert bench.collector.stored == {n: b"record %d" % n for n in range(1, 21)}


def test_sm3_is_computed_a_slice_a_step():
    bench = Bench(3, Sm3)
    assert bench.run() > Bench(3).run() + 20  # turns in which a card could have come
    assert bench.journal.acknowledged == 3


def test_a_session_outlives_the_line_and_is_opened_again_when_it_is_over():
    bench = Bench(2)
    bench.run()
    bench.uploader.link.send = None  # a line that fails in any way
    bench.uploader.link.poll = None
    bench.uploader.link = None
    bench.journal.append(b"record 3")
    bench.run()
    assert bench.collector.kinds.count(messages.HELLO) == 1
    bench.collector.session = b""  # another unit, or another day
    bench.journal.append(b"record 4")
    bench.run()
    assert bench.collector.kinds.count(messages.HELLO) == 2
    assert bench.journal.acknowledged == 4 and bench.uploader.failures == 0


def test_what_is_offered_is_fetched_behind_the_records():
    bench = Bench(2)
    bench.collector.offered = [(2, 9, 10, bytes(32))]
    bench.unit.downloads = Fetching()
    bench.run()
    assert bench.unit.downloads.data == b"0123456789"
    assert bench.collector.kinds[-4:] == [batch.BATCH] + [messages.FETCH] * 3


def test_an_unsigned_acknowledgement_is_waited_past():
    bench = Bench(3)
    while batch.BATCH not in bench.collector.kinds:
        bench.uploader.step()
    crc = batch.crc_of(bench.uploader.request)
    bench.uploader.link.answers = [batch.pack_ack(TERMINAL, crc, 3)]
    for _ in range(4):
        bench.uploader.step()
    assert bench.journal.acknowledged == 0
    bench.clock.ms += 10001
    assert bench.uploader.step() == WAITING and bench.journal.acknowledged == 0
    bench.clock.ms += 5000
    bench.run()
    assert bench.journal.acknowledged == 3


def test_what_the_terminal_says_of_itself_is_said_again_in_time():
    bench = Bench(0)
    bench.run()
    bench.clock.ms += 600001
    bench.run()
    assert bench.collector.kinds == [messages.HELLO, messages.STATUS, messages.STATUS]


def set_back(bench, count):
    """The ledger is an older copy of itself."""
    for number in range(count + 1, len(bench.collector.stored) + 1):
        del bench.collector.stored[number]


def test_a_ledger_that_was_set_back_gets_again_what_the_flash_still_has():
    # CL-007: acknowledged is not forgotten while it is there
    bench = Bench(20)
    bench.run()
    set_back(bench, 3)
    bench.journal.append(b"record 21")
    bench.run()
    assert bench.collector.stored == {n: b"record %d" % n for n in range(1, 22)}
    assert bench.journal.acknowledged == 21 and bench.uploader.failures == 0


def test_a_ledger_that_was_set_back_is_seen_without_a_sale():
    bench = Bench(20)
    bench.run()
    set_back(bench, 15)
    bench.clock.ms += 600001
    bench.run()
    assert bench.collector.stored == {n: b"record %d" % n for n in range(1, 21)}


def test_another_ledger_gets_nothing_again():
    bench = Bench(20)
    bench.run()
    set_back(bench, 0)
    bench.clock.ms += 600001
    bench.journal.append(b"record 21")
    bench.run()
    assert list(bench.collector.stored) == [21]


def test_a_ledger_that_wants_what_it_was_sent_is_left_alone():
    bench = Bench(20)
    bench.run()
    set_back(bench, 3)
    bench.collector.stored[0] = b""  # it says one number too many, for ever
    bench.journal.append(b"record 21")
    for _ in range(20):
        bench.uploader.step()
    assert bench.uploader.state == WAITING and "gap" in bench.uploader.error
