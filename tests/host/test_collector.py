# SPDX-License-Identifier: Apache-2.0
"""The collector by frames, and against the real journal and upload over a bad line (CL-006..008,
CL-018).
"""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.drive import drive
from firmware.errors import LinkLost
from firmware.formats import batch, record
from firmware.journal import Journal
from firmware.upload import upload
from host_tools.collector import Collector
from host_tools.ledger import Ledger
from sim.flash import Flash


@pytest.fixture
def collector(ledger):
    return Collector(ledger)


def ask(collector, items, terminal=7):
    """(kind, values) of the answer to a batch."""
    return batch.unseal(collector.answer(batch.pack_batch(terminal, items)))


def numbered(*numbers):
    return [(number, b"record %d" % number) for number in numbers]


def test_a_batch_is_on_disk_when_it_is_acknowledged(collector, ledger):
    frame = batch.pack_batch(7, numbered(1, 2, 3))
    kind, values = batch.unseal(collector.answer(frame))
    assert kind == batch.ACK
    assert values == {"terminal_id": 7, "batch_crc": batch.crc_of(frame), "upto": 3}
    assert ledger.raw(7) == numbered(1, 2, 3)


def test_a_batch_sent_again_is_acknowledged_again_and_stored_once(collector, ledger):
    for numbers in ((1, 2, 3), (1, 2, 3), (2, 3, 4), (3,), (4, 5)):
        kind, values = ask(collector, numbered(*numbers))
        assert (kind, values["upto"]) == (batch.ACK, numbers[-1])
    assert ledger.raw(7) == numbered(1, 2, 3, 4, 5)


def test_a_gap_is_refused_with_the_number_expected(collector, ledger):
    ask(collector, numbered(1, 2))
    kind, values = ask(collector, numbered(4, 5))
    assert (kind, values["code"], values["expected"]) == (batch.REJECT, batch.GAP, 3)
    assert ledger.last_sequence(7) == 2


def test_a_terminal_never_seen_may_begin_anywhere(collector, ledger):
    assert ask(collector, numbered(40, 41))[1]["upto"] == 41
    assert ask(collector, numbered(43))[1]["code"] == batch.GAP
    assert ask(collector, numbered(39, 40))[1]["upto"] == 40
    assert ledger.raw(7) == numbered(39, 40, 41)


def test_other_bytes_under_a_stored_number_are_a_conflict(collector, ledger):
    # A terminal that was reset, or two with one identity (CL-015).
    ask(collector, numbered(1, 2))
    kind, values = ask(collector, [(2, b"something else"), (3, b"new")])
    assert (kind, values["code"], values["expected"]) == (batch.REJECT, batch.CONFLICT, 3)
    assert ledger.raw(7) == numbered(1, 2)


def test_a_lost_record_is_a_stated_gap(collector, ledger):
    assert ask(collector, [(1, b"one"), (2, b""), (3, b"three")])[1]["upto"] == 3
    assert ledger.gaps(7) == [2]
    assert ask(collector, [(1, b""), (2, b"")])[1]["upto"] == 2  # does not unmake what is there
    assert ledger.raw(7) == [(1, b"one"), (3, b"three")]
    assert ask(collector, [(2, b"two")])[1]["upto"] == 2
    assert ledger.gaps(7) == [] and ledger.raw(7)[1] == (2, b"two")


@pytest.mark.parametrize("numbers", [(1, 3), (2, 1), (1, 1), (0, 1)])
def test_numbers_that_do_not_rise_by_one_are_refused(collector, ledger, numbers):
    kind, values = ask(collector, numbered(*numbers))
    assert (kind, values["code"]) == (batch.REJECT, batch.UNEXPECTED)
    assert ledger.raw(7) == []


def test_the_top_number_is_refused_and_never_stored(collector, ledger):
    # Behind it no number could be expected, and a REJECT could not name it.
    for numbers in ((0xFFFFFFFF,), (0xFFFFFFFE, 0xFFFFFFFF), (0, 1)):
        kind, values = ask(collector, numbered(*numbers))
        assert (kind, values["code"], values["expected"]) == (batch.REJECT, batch.UNEXPECTED, 1)
    assert ledger.raw(7) == []
    assert ask(collector, numbered(0xFFFFFFFE))[0] == batch.ACK


def test_a_ledger_that_holds_the_top_number_already_is_answered_for(collector, ledger):
    ledger.commit(7, numbered(0xFFFFFFFF))
    for items, code in (
        (numbered(0), batch.UNEXPECTED),
        ([(0xFFFFFFFF, b"x")], batch.UNEXPECTED),
        (numbered(5, 7), batch.UNEXPECTED),
    ):
        kind, values = ask(collector, items)
        assert (kind, values["code"], values["expected"]) == (batch.REJECT, code, 0)


def test_an_empty_batch_asks_how_far_we_are(collector):
    assert ask(collector, [])[1]["upto"] == 0
    ask(collector, numbered(1, 2))
    assert ask(collector, [])[1]["upto"] == 2


def test_every_wrong_frame_gets_an_answer_that_names_it(collector):
    good = batch.pack_batch(7, numbered(1))
    other = bytearray(good)
    other[2] = 3
    other[-4:] = batch._crc(bytes(other[:-4])).to_bytes(4, "big")
    odd = batch.MAGIC + b"\x01\x01\x00\x02xx"
    odd += batch._crc(odd).to_bytes(4, "big")
    for frame, code in (
        (good[:-1], batch.DAMAGED),
        (good + b"x", batch.DAMAGED),
        (b"", batch.DAMAGED),
        (odd, batch.DAMAGED),
        (bytes(other), batch.WRONG_VERSION),
        (batch.pack_ack(7, 1, 1), batch.UNEXPECTED),
    ):
        kind, values = batch.unseal(collector.answer(frame))
        assert (kind, values["code"]) == (batch.REJECT, code)


def test_only_known_terminals_are_served(ledger):
    collector = Collector(ledger, terminals={7})
    assert ask(collector, numbered(1), terminal=8)[1]["code"] == batch.UNKNOWN_TERMINAL
    assert ask(collector, numbered(1), terminal=7)[0] == batch.ACK
    assert ledger.last_sequence(8) == 0


def test_a_ledger_that_cannot_commit_acknowledges_nothing(collector, ledger):
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE records")
    kind, values = ask(collector, numbered(1))
    assert (kind, values["code"]) == (batch.REJECT, batch.LATER)
    assert "records" in collector.error


def test_a_record_of_an_unknown_version_is_kept_and_acknowledged(collector, ledger):
    assert ask(collector, [(1, b"\x09new")])[1]["upto"] == 1
    assert ledger.raw(7) == [(1, b"\x09new")]


HOSTILE = st.binary(max_size=80)


@given(
    st.one_of(
        HOSTILE,
        HOSTILE.map(lambda body: batch.MAGIC + body),
        st.tuples(st.integers(0, 255), st.integers(0, 255), HOSTILE).map(
            lambda parts: _with_crc(parts[0], parts[1], parts[2])
        ),
        st.tuples(st.integers(0, 3), HOSTILE).map(lambda p: _with_crc(1, p[0], p[1])),
    )
)
def test_no_bytes_make_the_collector_fail(shared_collector, frame):
    kind, _ = batch.unseal(shared_collector.answer(frame))
    assert kind in (batch.ACK, batch.REJECT)


def _with_crc(version, kind, body):
    frame = batch.MAGIC + bytes([version, kind]) + len(body).to_bytes(2, "big") + body
    return frame + batch._crc(frame).to_bytes(4, "big")


@pytest.fixture(scope="module")
def shared_collector(tmp_path_factory):
    return Collector(Ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"))


class BadLine:
    """exchange() that drops, doubles, cuts, changes and delays frames both ways, by a seed."""

    def __init__(self, collector, seed):
        self.collector = collector
        self.dice = random.Random(seed)
        self.held = []

    def damage(self, frame):
        fate = self.dice.random()
        if fate < 0.1:
            return frame[: self.dice.randrange(len(frame))]
        if fate < 0.2:
            at = self.dice.randrange(len(frame))
            return frame[:at] + bytes([frame[at] ^ self.dice.randrange(1, 256)]) + frame[at + 1 :]
        return frame

    def exchange(self, frame, spare=None):
        if self.dice.random() < 0.15:
            self.held.append(frame)  # comes later, perhaps
            raise LinkLost("request lost")
        if self.held and self.dice.random() < 0.3:
            late = self.held.pop(self.dice.randrange(len(self.held)))
            answer = self.collector.answer(late)
            if self.dice.random() < 0.5:
                return answer
        answer = self.collector.answer(self.damage(frame))
        if self.dice.random() < 0.1:
            answer = self.collector.answer(frame)
        if self.dice.random() < 0.15:
            raise LinkLost("answer lost")
        return self.damage(answer)


@pytest.mark.parametrize("seed", range(25))
def test_both_ends_agree_over_any_line_and_through_restarts(ledger, seed):
    flash = Flash(12, 1024)
    journal = Journal(flash, 480, 480)
    line = BadLine(Collector(ledger), seed)
    sent = []
    for round_ in range(60):
        if round_ < 40 and journal.room():
            values = record.blank(record.APPROVED)
            values["pan"], values["atc"], values["tc"] = b"\x62\x28", round_, b"%08d" % round_
            values["amount_fen"] = 200 + round_
            sent.append((journal.append(record.pack(values)), record.pack(values)))
        if round_ % 3 == 0:
            try:
                drive(upload(journal, 7, 400, 3), line.exchange)
            except LinkLost:
                pass
        if line.dice.random() < 0.1:
            journal = Journal(flash, 480, 480)  # the terminal is restarted
        assert journal.acknowledged <= ledger.last_sequence(7)
    drive(upload(journal, 7), lambda frame, spare: line.collector.answer(frame))  # mended
    assert ledger.raw(7) == sent and len(sent) > 25
    fen = sum(record.unpack(data)["amount_fen"] for _, data in sent)
    assert ledger.totals() == {"approved": (len(sent), fen)}
    assert {row.mark for row in ledger.rows()} == {""}
