# SPDX-License-Identifier: Apache-2.0
"""Safe mode: its console, its upload, its end."""

from firmware.boot import record, safe
from firmware.boot.record import A, B, BootRecord, InBlocks
from firmware.errors import FormatError, LinkLost
from firmware.journal import Journal
from sim.flash import Flash
from tests.hand_clock import HandClock

DIGEST = b"\x22" * 32


class Typed:
    """A console: what somebody types, and what was shown."""

    def __init__(self):
        self.typed = b""
        self.shown = b""
        self.gone = False

    def read(self, count, timeout_ms):
        if self.gone:
            raise LinkLost("nobody is at the console")
        data, self.typed = self.typed[:count], self.typed[count:]
        return data

    def write(self, data):
        self.shown += data


class Sender:
    """An uploader that has sent everything after so many steps."""

    def __init__(self, journal):
        self.journal = journal
        self.acknowledged = self.failures = 0
        self.error = ""

    def step(self):
        if self.journal.waiting():
            self.journal.acknowledge(self.journal.next - 1)
            self.acknowledged += 1


class Bench:
    """A safe mode whose parts are in RAM."""

    def __init__(self, **parts):
        self.record = BootRecord(InBlocks(Flash(2)))
        self.clock = HandClock()
        self.stream = Typed()
        self.events = []
        parts["stream"] = self.stream
        parts["tests"] = lambda: iter([(0, "SHA-1"), (10, "reader: no such port")])
        self.safe = safe.Safe(parts, self.record, self.is_whole, (10, "no such port"), self.clock,
                              self.events.append)  # fmt: skip

    def is_whole(self, slot, size, digest):
        return digest == DIGEST

    def ask(self, line):
        self.stream.shown = b""
        self.stream.typed += line.encode() + b"\r"
        while self.stream.typed:
            self.safe.turn()
        return self.stream.shown.decode()


def kept(count):
    journal = Journal(Flash(16))
    for number in range(count):
        journal.append(b"record %d" % number)
    return journal


def test_every_command_should_answer_and_none_should_crash():
    bench = Bench(journal=kept(3))
    for name, _ in safe.COMMANDS:
        assert "safe 10>" in bench.ask(name), name
    assert bench.safe.ended  # by restart
    for line in ("no such", "slot", "slot c", "records x", "records 99999999999", "records -1",
                 "\x00\xff", "a" * 500, "records 1 2 3", "__init__", "turn"):  # fmt: skip
        bench.ask(line)
    assert len(bench.safe.line) <= safe.LINE_MOST


def test_status_should_say_what_the_record_holds():
    bench = Bench()
    values = dict(record.BLANK)
    values.update({"starts": 7, "number_a": 9, "returned": 8, "why": 1, "text": "96 crashed"})
    assert bench.record.save(values)
    said = bench.ask("status")
    assert "code 10: no such port" in said and "without service: 7" in said
    assert "slot a holds release 9" in said and "release 8 was left: never good" in said
    assert "tries again in 60 s" in said and "96 crashed" in bench.ask("errors")


def test_records_should_be_exported_as_they_would_go_up():
    bench = Bench(journal=kept(20))
    said = bench.ask("records").split("\r\n")
    assert said[0] == "1 " + b"record 0".hex() and len(said) == safe.RECORDS_MOST + 3
    assert "go on with `records 17`" in said[-3]
    assert bench.ask("records 17").startswith("17 " + b"record 16".hex())
    assert bench.safe.parts["journal"].waiting()  # nothing counts as sent by that
    assert "last number 20, acknowledged 0" in bench.ask("journal")
    assert "journal: no journal" in Bench().ask("journal")


def test_what_is_unsent_should_go_up():
    journal = kept(3)
    bench = Bench(journal=journal, uploader=Sender(journal))
    bench.safe.turn()
    assert bench.events == [{"event": "upload", "acknowledged": 3}] and not journal.waiting()


def test_a_start_should_be_tried_again_unless_somebody_is_at_work():
    bench = Bench()
    bench.clock.advance(59)
    bench.ask("status")
    bench.clock.advance(59)
    bench.safe.turn()
    assert not bench.safe.ended
    bench.clock.advance(2)
    bench.safe.turn()
    assert bench.safe.ended


def test_an_upload_at_work_should_not_be_cut_off():
    journal = kept(3)
    sender = Sender(journal)
    sender.step = lambda: None
    bench = Bench(journal=journal, uploader=sender)
    bench.clock.advance(61)
    bench.safe.turn()
    assert not bench.safe.ended
    sender.failures = 1  # nobody is there
    bench.safe.turn()
    assert bench.safe.ended


def test_a_slot_should_be_chosen_only_if_it_may_start():
    bench = Bench()
    values = dict(record.BLANK)
    values.update({"number_a": 9, "size_a": 5, "digest_a": DIGEST, "number_b": 7, "size_b": 5,
                   "digest_b": DIGEST, "floor": 8, "starts": 7})  # fmt: skip
    bench.record.save(values)
    assert "older" in bench.ask("slot b") and bench.record.values["active"] != B
    assert "is next" in bench.ask("slot a")
    assert (bench.record.values["active"], bench.record.values["starts"]) == (A, 0)
    values["digest_a"] = bytes(32)
    bench.record.save(values)
    assert "damaged" in bench.ask("slot a")
    assert "is next" in bench.ask("slot factory")


def test_a_console_that_goes_away_should_not_matter():
    bench = Bench()
    bench.stream.gone = True
    bench.safe.turn()
    bench.safe.turn()
    assert bench.safe.parts["stream"] is None and not bench.safe.ended


def test_a_journal_that_fails_should_be_an_answer():
    class Broken:
        next, acknowledged = 1, 0

        def pending(self):
            raise FormatError("damaged")

    assert "journal: damaged" in Bench(journal=Broken()).ask("journal")
