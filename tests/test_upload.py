# SPDX-License-Identifier: Apache-2.0
"""Upload against a collector of thirty lines, over lines that drop, double, cut, delay and lie
(CL-006, CL-007, CL-018).
"""

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import batch
from firmware.journal import Journal
from firmware.upload import upload
from sim.flash import Dice, Flash

TERMINAL = 4711


def journal_of(count):
    journal = Journal(Flash(14, 1024), 480, 480)
    for number in range(1, count + 1):
        journal.append(b"record %d" % number)
    return journal


class Collector:
    """What any collector must do: store once, by number, then acknowledge."""

    def __init__(self):
        self.stored = {}
        self.requests = 0

    def answer(self, frame):
        self.requests += 1
        _, values = batch.unseal(frame)
        for sequence, data in values["items"]:
            assert self.stored.setdefault(sequence, data) == data, "stored twice, differently"
            assert sequence == 1 or sequence - 1 in self.stored, "a gap"
        return batch.pack_ack(values["terminal_id"], batch.crc_of(frame), values["items"][-1][0])


class BadLine:
    """exchange() to a collector; the dice decide what the line does to request and answer."""

    def __init__(self, collector, seed):
        self.collector = collector
        self.dice = Dice(seed)
        self.late = []

    def exchange(self, frame, spare=None):
        fate = self.dice.below(8)
        if fate == 0:
            raise LinkLost("request lost")
        answer = self.collector.answer(frame)
        if fate == 1:
            raise LinkLost("answer lost")
        if fate == 2:
            self.late.append(answer)
            raise LinkLost("answer late")
        if fate == 3:
            self.collector.answer(frame)  # doubled on the way
        if fate == 4 and self.late:
            return self.late.pop(0)
        if fate == 5:
            return answer[: self.dice.below(len(answer))]
        if fate == 6:
            at = self.dice.below(len(answer))
            return (
                answer[:at] + bytes([answer[at] ^ (1 + self.dice.below(255))]) + answer[at + 1 :]
            )
        return answer


def lost(call):
    try:
        call()
    except LinkLost as reason:
        return str(reason) or "lost"
    return ""


def test_all_goes_up_in_order_and_is_acknowledged():
    journal, collector = journal_of(21), Collector()
    assert drive(upload(journal, TERMINAL), lambda frame, spare: collector.answer(frame)) == 21
    assert journal.acknowledged == 21 and journal.waiting() == 0
    assert collector.stored == {n: b"record %d" % n for n in range(1, 22)}
    assert collector.requests == 3
    assert drive(upload(journal, TERMINAL), lambda frame, spare: collector.answer(frame)) == 0


def test_a_batch_never_exceeds_a_frame():
    journal = Journal(Flash(12), 2560, 1000)
    for number in range(1, 12):
        journal.append(b"%d" % number + b"x" * 600)
    collector = Collector()
    assert drive(upload(journal, TERMINAL), lambda frame, spare: collector.answer(frame)) == 11
    assert len(collector.stored) == 11 and collector.requests == 6  # two of 600 bytes each


def test_a_lost_link_leaves_the_journal_as_it_is():
    journal = journal_of(3)

    def exchange(frame, spare):
        raise LinkLost("gone")

    assert lost(lambda: drive(upload(journal, TERMINAL), exchange)) == "gone"
    assert journal.acknowledged == 0 and journal.waiting() == 3


def test_no_answer_but_the_right_one_moves_the_journal():
    request = next(upload(journal_of(3), TERMINAL))
    crc = batch.crc_of(request)
    right = batch.pack_ack(TERMINAL, crc, 3)
    for wrong in (
        batch.pack_ack(TERMINAL + 1, crc, 3),
        batch.pack_ack(TERMINAL, crc ^ 1, 3),
        batch.pack_ack(TERMINAL, crc, 0),
        batch.pack_ack(TERMINAL, crc, 4),
        batch.pack_ack(TERMINAL, crc, 0xFFFFFFFF),
        batch.pack_reject(TERMINAL, batch.DAMAGED, 0, "once more"),
        batch.pack_reject(TERMINAL + 1, batch.GAP, 9, "for another"),
        request,
        right[:-1],
        right[:-1] + bytes([right[-1] ^ 1]),
        b"",
    ):
        journal = journal_of(3)
        assert lost(lambda: drive(upload(journal, TERMINAL), lambda f, s: wrong))  # noqa: B023
        assert journal.acknowledged == 0, wrong
    journal = journal_of(3)
    answers = [b"", right]
    assert drive(upload(journal, TERMINAL), lambda f, s: answers.pop(0)) == 3


def test_a_part_of_a_batch_may_be_acknowledged():
    journal, collector = journal_of(6), Collector()
    steps = upload(journal, TERMINAL)
    request = next(steps)
    request = steps.send(batch.pack_ack(TERMINAL, batch.crc_of(request), 2))
    assert journal.acknowledged == 2
    assert batch.unseal(request)[1]["items"][0] == (3, b"record 3")
    for number in (1, 2):
        collector.stored[number] = b"record %d" % number
    try:
        steps.send(collector.answer(request))
        raise AssertionError("more to send")
    except StopIteration as end:
        assert end.value == 6


def test_a_refusal_ends_it_and_says_why():
    for code, name in batch.REJECT_NAMES:
        journal = journal_of(3)
        answer = batch.pack_reject(TERMINAL, code, 17, "expected 17")
        reason = lost(lambda: drive(upload(journal, TERMINAL), lambda f, s: answer))  # noqa: B023
        assert reason and journal.acknowledged == 0
        assert code == batch.DAMAGED or name in reason and "expected 17" in reason


def test_lost_records_go_up_as_gaps_that_are_stated():
    # CL-008
    flash = Flash(14, 1024)
    journal = Journal(flash, 480, 480)
    for number in range(1, 4):
        journal.append(b"record %d" % number)
    for cells in flash.blocks:
        at = bytes(cells).find(b"record 2")
        if at >= 0:
            cells[at] = 0
    collector = Collector()
    journal = Journal(flash, 480, 480)
    assert drive(upload(journal, TERMINAL), lambda frame, spare: collector.answer(frame)) == 3
    assert collector.stored == {1: b"record 1", 2: b"", 3: b"record 3"}


def test_what_is_pending_is_never_sent():
    # CL-010
    journal, collector = journal_of(2), Collector()
    pending = journal.open(b"torn")
    journal.append(b"record 4")
    assert drive(upload(journal, TERMINAL), lambda frame, spare: collector.answer(frame)) == 2
    journal.settle(pending, b"record 3")
    assert drive(upload(journal, TERMINAL), lambda frame, spare: collector.answer(frame)) == 2
    assert sorted(collector.stored) == [1, 2, 3, 4]


def test_no_line_is_bad_enough_to_lose_or_double_a_record():
    for seed in range(60):
        journal, collector = journal_of(12), Collector()
        line = BadLine(collector, seed)
        tries = 0
        while journal.waiting():
            lost(lambda: drive(upload(journal, TERMINAL, 200, 3), line.exchange))  # noqa: B023
            for number in range(1, journal.acknowledged + 1):
                assert number in collector.stored  # acknowledged is committed
            tries += 1
            assert tries < 200
        assert collector.stored == {n: b"record %d" % n for n in range(1, 13)}
