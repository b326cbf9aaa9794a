# SPDX-License-Identifier: Apache-2.0
"""Signed uploads end to end: the terminal's steps against the collector, by frames (CL-006..008,
CL-018; terminals.md 10).
"""

import itertools

import pytest

from firmware.drive import drive
from firmware.errors import FormatError, LinkLost
from firmware.formats import batch, messages, session_key
from firmware.formats.session_key import NO_SESSION, Key
from firmware.journal import Journal
from firmware.kernel.sm3 import Sm3
from firmware.signed_upload import SignedUpload
from host_tools import sessions
from host_tools.collector import Collector
from host_tools.ledger import keys, registry
from sim.flash import Flash
from tests.hand_clock import HandClock

TERMINAL = 7
SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))
draws = itertools.count(1)


def random_bytes(count):
    return next(draws).to_bytes(count, "big")


def journal_of(count):
    journal = Journal(Flash(14, 1024), 480, 480)
    for number in range(1, count + 1):
        journal.append(b"record %d" % number)
    return journal


@pytest.fixture
def told():
    return []


@pytest.fixture
def collector(ledger, told):
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    return Collector(ledger, enrolment=False, alarm=lambda *what: told.append(what))


def terminal(journal, secret=SECRET, make_hash=None, **more):
    key = Key(secret, make_hash) if make_hash else Key(secret)
    return SignedUpload(journal, TERMINAL, key, HandClock(), random_bytes, **more)


def run(unit, collector):
    return drive(unit.steps(), lambda frame, spare: collector.answer(frame))


def refused(unit, collector):
    try:
        run(unit, collector)
    except LinkLost as reason:
        return str(reason)
    return ""


def counts(collector):
    collector.flush()
    return {(one.terminal, one.reason): one.times for one in registry.refusals(collector.ledger)}


class Session:
    """A session spoken by hand: request(kind, values) -> (kind, values) of the answer."""

    def __init__(self, collector, secret=SECRET, number=TERMINAL):
        self.collector, self.key, self.number = collector, Key(secret), number
        hello = messages.seal(
            messages.HELLO,
            {"terminal_id": number, "nonce": random_bytes(16)},
            session_key.hello_key(self.key, number),
        )
        self.hello = hello
        self.welcome = collector.answer(hello)
        if self.welcome[2] != messages.VERSION:
            return
        values = messages.fields_of(self.welcome)
        self.session = values["session"]
        self.up, self.down = session_key.session_keys(
            self.key, number, self.session, values["nonce"]
        )
        self.turn = 0

    def frame(self, kind, values):
        self.turn += 1
        head = {"terminal_id": self.number, "session": self.session, "turn": self.turn}
        return messages.seal(kind, {**head, **values}, self.up)

    def request(self, kind, values):
        return self.opened(self.collector.answer(self.frame(kind, values)))

    def opened(self, answer):
        return messages.unseal(answer, self.down)

    def status(self, boot, last_number=0):
        values = {"boot": boot, "last_number": last_number, "time_utc_s": 0, "status": b""}
        return self.request(messages.STATUS, values)


def unsigned(answer):
    kind, values = batch.unseal(answer)
    assert kind == batch.REJECT and values["terminal_id"] == 0 and values["expected"] == 0
    assert values["text"] == "not authentic"
    return values["code"] == batch.NOT_AUTHENTIC


@pytest.mark.parametrize("mac", [keys.SHA256, keys.SM3])
def test_all_goes_up_signed_and_is_acknowledged(ledger, mac):
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET, mac)
    collector = Collector(ledger, enrolment=False)
    journal = journal_of(21)
    unit = terminal(journal, make_hash=Sm3 if mac == keys.SM3 else None)
    assert run(unit, collector) == 21 and journal.acknowledged == 21
    assert ledger.raw(TERMINAL) == [(n, b"record %d" % n) for n in range(1, 22)]
    journal.append(b"record 22")
    assert run(unit, collector) == 1  # in the same session
    assert counts(collector) == {}


def test_any_worker_on_any_machine_goes_on_with_a_session(ledger):
    """The collector's end remembers nothing: each frame meets another Collector."""
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    journal = journal_of(21)
    unit = terminal(journal)
    drive(unit.steps(), lambda frame, spare: Collector(ledger, enrolment=False).answer(frame))
    assert journal.acknowledged == 21


def test_an_acknowledgement_that_is_not_signed_moves_nothing(collector):
    journal = journal_of(3)
    unit = terminal(journal)

    def forged(frame, spare):
        if frame and frame[3] == batch.BATCH:
            return batch.pack_ack(TERMINAL, batch.crc_of(frame), 3)
        return collector.answer(frame)

    with pytest.raises(LinkLost, match="no answer"):
        drive(unit.steps(), forged)
    assert journal.acknowledged == 0


def test_the_answer_to_another_request_moves_nothing(collector):
    """CL-018: also when it is signed, in this very session."""
    journal = journal_of(12)
    unit = terminal(journal)
    kept = []

    def late(frame, spare):
        answer = collector.answer(frame) if frame else b""
        if frame and frame[3] == batch.BATCH:
            kept.append(answer)
            return kept[0]  # the first one for ever
        return answer

    with pytest.raises(LinkLost):
        drive(unit.steps(), late)
    assert journal.acknowledged == 8


def test_a_part_of_a_batch_may_be_acknowledged(collector):
    journal = journal_of(6)
    unit = terminal(journal)
    parts = []

    def half(frame, spare):
        answer = collector.answer(frame)
        if frame[3] == batch.BATCH:
            values = messages.fields_of(answer)
            values["upto"] = values["first"]
            parts.append(values["first"])
            return messages.seal(batch.ACK, values, unit.down)
        return answer

    assert drive(unit.steps(), half) == 6 and parts == [1, 2, 3, 4, 5, 6]


def test_what_is_not_authentic_is_refused_in_one_way_and_counted_by_name(collector, ledger):
    keys.enter(ledger, TERMINAL, "two", OTHER)
    keys.retire(ledger, [TERMINAL], "two")
    registry.enrol(ledger, [8, 9])
    keys.enter(ledger, 9, "one", SECRET)
    registry.stop(ledger, 9)
    for secret, number in ((bytes(32), TERMINAL), (OTHER, TERMINAL), (SECRET, 8), (SECRET, 5),
                           (SECRET, 9)):  # fmt: skip
        assert unsigned(Session(collector, secret, number).welcome)
    assert counts(collector) == {
        (TERMINAL, sessions.FORGED): 1,
        (TERMINAL, sessions.STALE): 1,
        (8, sessions.NO_KEY): 1,
        (0, sessions.STRANGER): 1,
        (9, sessions.STOPPED): 1,
    }


def test_a_terminal_with_a_key_is_not_heard_without(collector, ledger):
    _, values = batch.unseal(collector.answer(batch.pack_batch(TERMINAL, [(1, b"x")])))
    assert values["code"] == batch.NOT_AUTHENTIC and ledger.raw(TERMINAL) == []
    assert counts(collector) == {(TERMINAL, "unsigned"): 1}


def test_unsigned_batches_are_taken_where_the_operator_says_so(ledger):
    registry.enrol(ledger, [8])
    answer = Collector(ledger, unsigned=False).answer(batch.pack_batch(8, [(1, b"x")]))
    assert batch.unseal(answer)[1]["code"] == batch.NOT_AUTHENTIC
    assert Collector(ledger).answer(batch.pack_batch(8, [(1, b"x")]))[3] == batch.ACK


def test_a_key_is_changed_with_two_valid_for_a_time(collector, ledger):
    unit, journal = terminal(journal_of(2)), journal_of(4)
    assert run(unit, collector) == 2
    keys.enter(ledger, TERMINAL, "two", OTHER)
    assert run(terminal(journal_of(3)), collector) == 3
    assert run(terminal(journal, OTHER), collector) == 4
    with pytest.raises(FormatError, match="retire"):
        keys.enter(ledger, TERMINAL, "three", bytes(32))
    keys.retire(ledger, [TERMINAL], "one")
    assert "not authentic" in refused(unit := terminal(journal_of(5)), collector)
    assert unit.journal.acknowledged == 0
    assert [(one.key_id, one.state, one.used_utc_s > 0) for one in keys.listed(ledger)] == [
        ("one", "retired", True), ("two", "valid", True),
    ]  # fmt: skip
    keys.enter(ledger, TERMINAL, "three", bytes(32))


def test_the_newer_session_ends_the_older_and_its_frames_are_replays(collector, ledger):
    first, second = Session(collector), Session(collector)
    frame = first.frame(batch.BATCH, {"items": [(1, b"one")]})
    assert first.opened(collector.answer(frame))[0] == batch.ACK
    assert first.opened(collector.answer(frame))[0] == batch.ACK  # doubled: harmless
    assert second.request(batch.BATCH, {"items": [(2, b"two")]})[0] == batch.ACK
    kind, values = first.opened(collector.answer(frame))
    assert (kind, values["code"]) == (batch.REJECT, batch.SESSION_OVER)
    assert counts(collector) == {(TERMINAL, "replayed"): 1}


def test_a_recorded_hello_opens_nothing(collector, ledger):
    """It is answered, and neither ends a session nor can anybody speak in its own."""
    session = Session(collector)
    session.request(batch.BATCH, {"items": [(1, b"one")]})
    for _ in range(3):
        assert collector.answer(session.hello)[3] == messages.WELCOME
    assert session.request(batch.BATCH, {"items": [(2, b"two")]})[0] == batch.ACK
    assert counts(collector) == {}


def test_a_session_is_over_after_a_day_and_the_terminal_opens_another(ledger):
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    now = [1795305600.0]
    collector = Collector(ledger, time_utc_s=lambda: now[0], enrolment=False)
    journal = journal_of(2)
    unit = terminal(journal)
    assert run(unit, collector) == 2
    session = unit.session
    now[0] += 24 * 3600 + 1
    journal.append(b"record 3")
    assert run(unit, collector) == 1 and unit.session != session
    assert counts(collector) == {(TERMINAL, "session over"): 1}


def test_a_collector_whose_clock_is_behind_still_opens_a_later_session(ledger):
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)
    for now_s in (1795305600.0, 1795305600.0 - 86400 * 3000, 5.0):
        collector = Collector(ledger, time_utc_s=lambda: now_s, enrolment=False)  # noqa: B023
        assert Session(collector).request(batch.BATCH, {"items": [(1, b"one")]})[0] == batch.ACK


def test_two_terminals_with_one_identity_are_found_by_their_starts(collector, told):
    first, second = b"boot 001", b"boot 002"
    for boot, alarms in ((first, 0), (first, 0), (second, 0), (first, 1), (second, 2)):
        assert Session(collector).status(boot)[0] == messages.STANDING
        assert told == [(TERMINAL, "two terminals with one identity")] * alarms
    assert counts(collector) == {(TERMINAL, "two terminals with one identity"): 2}


def test_a_journal_that_fell_behind_is_told(collector, told):
    session = Session(collector)
    session.request(batch.BATCH, {"items": [(1, b"one"), (2, b"two")]})
    session.status(b"boot 001", 1)
    assert told == [(TERMINAL, "a journal behind the ledger")]


def test_standing_says_what_is_stored_and_what_is_lost(collector):
    session = Session(collector)
    session.request(batch.BATCH, {"items": [(1, b"one"), (2, b""), (3, b"three")]})
    kind, values = session.status(b"boot 001", 3)
    assert (kind, values["upto"], values["gaps"], values["files"]) == (
        messages.STANDING, 3, [(2, 2)], [],
    )  # fmt: skip


def test_refusals_in_a_session_are_signed(collector):
    session = Session(collector)
    session.request(batch.BATCH, {"items": [(1, b"one")]})
    for items, code, expected in (
        ([(3, b"three")], batch.GAP, 2),
        ([(1, b"other")], batch.CONFLICT, 2),
    ):
        kind, values = session.request(batch.BATCH, {"items": items})
        assert (kind, values["code"], values["expected"]) == (batch.REJECT, code, expected)
    fetch = {"kind": 1, "version": 1, "offset": 0, "count": 100}
    assert session.request(messages.FETCH, fetch)[1]["code"] == batch.NOT_OFFERED
    assert session.request(batch.ASK_TIME, {})[0] == batch.TIME


def test_batches_travel_as_files_under_the_terminals_file_key(collector, ledger):
    up, down = session_key.file_keys(Key(SECRET), TERMINAL)
    head = {"terminal_id": TERMINAL, "session": NO_SESSION, "turn": 0}
    frame = messages.seal(batch.BATCH, {**head, "items": [(1, b"one"), (2, b"two")]}, up)
    for _ in range(2):  # and the next day once more
        kind, values = messages.unseal(collector.answer(frame), down)
        assert (kind, values["first"], values["last"], values["upto"]) == (batch.ACK, 1, 2, 2)
        assert values["request"] == messages.tag_of(frame)
    time = messages.seal(batch.ASK_TIME, head, up)
    assert messages.unseal(collector.answer(time), down)[1]["code"] == batch.UNEXPECTED
    assert len(ledger.raw(TERMINAL)) == 2


def test_a_collector_of_version_1_gets_records_where_the_settings_allow_it(ledger):
    class Old:
        """What knows no version 2."""

        def __init__(self):
            self.collector = Collector(ledger)

        def answer(self, frame):
            if frame[2] != batch.VERSION:
                return batch.pack_reject(0, batch.WRONG_VERSION, 0, "version 2")
            return self.collector.answer(frame)

    journal = journal_of(9)
    assert "wrong version" in refused(terminal(journal), Old())
    assert journal.acknowledged == 0
    assert run(terminal(journal, unsigned=True), Old()) == 9 and journal.acknowledged == 9


def test_the_collectors_time_is_believed_when_it_is_signed(ledger):
    registry.enrol(ledger, [TERMINAL])
    keys.enter(ledger, TERMINAL, "one", SECRET)

    class Keeper:
        pause_ms = 0

        def __init__(self):
            self.heard_s = []

        def due(self):
            return not self.heard_s[1:]

        def heard(self, host_s, round_ms):
            self.heard_s.append(host_s)

    keeper = Keeper()
    collector = Collector(ledger, time_utc_s=lambda: 1795305600.5, enrolment=False)
    run(terminal(journal_of(0), keeper=keeper), collector)
    assert keeper.heard_s == [1795305600] * 2

    def lying(frame, spare):
        answer = collector.answer(frame) if frame else b""
        return answer[:-25] + bytes([answer[-25] ^ 1]) + answer[-24:] if answer else b""

    keeper = Keeper()
    with pytest.raises(LinkLost):
        drive(terminal(journal_of(0), keeper=keeper).steps(), lying)
    assert keeper.heard_s == []
