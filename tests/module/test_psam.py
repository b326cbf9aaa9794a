# SPDX-License-Identifier: Apache-2.0
"""A PSAM as a list of answers: the bytes that go out, and what becomes of each answer."""

import hashlib

from firmware.errors import FormatError, LinkLost
from firmware.module import (
    ABSENT,
    FAULT,
    LOCKED,
    READY,
    WRONG_TRADE,
    WRONG_VERSION,
    profile,
    psam,
)
from firmware.module.module import Module
from tests.hand_clock import HandClock

CITY = """select: 00A40000021001
identity: 00B096000D
trade: 11:0001
version: 10:01
parts: 070301
"""
FACTOR = bytes(range(8))
OK = b"\x90\x00"
IDENTITY = b"FARETAP001\x01\x00\x01" + OK


class Script:
    """A slot that answers from a list; None: the card has gone."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def reset(self):
        return b"\x3b\x00"

    def present(self):
        if self.answers and self.answers[0] is None:
            raise LinkLost("gone")

    def exchange(self, command):
        self.sent.append(command)
        answer = self.answers.pop(0) if self.answers else None
        if answer is None:
            raise LinkLost("gone")
        return answer


def opened(*answers, text=CITY, wanted=(), most=10):
    """(Module, Script, HandClock) behind check()."""
    slot, clock = Script(*answers), HandClock()
    module = Module(psam.Psam(slot, profile.parse(text), wanted), clock, most)
    module.check()
    return module, slot, clock


def test_commands_should_be_those_of_the_profile():
    """QX-025: the initial value in front of what is MACed, padded; bytes seen in public."""
    module, slot, _ = opened(OK, IDENTITY, OK, b"\x11\x22\x33\x44" + OK)
    made = module.session(0x28, 2, FACTOR).mac(bytes(6) + b"\x01\x23", b"\x84\xde\x00\xa8\x0c")
    assert made == b"\x11\x22\x33\x44"
    assert [one.hex() for one in slot.sent] == [
        "00a40000021001",
        "00b096000d",
        "801a280208" + FACTOR.hex(),
        "80fa050010" + "0000000000000123" + "84de00a80c800000",
    ]


def test_state_should_say_who_is_there():
    """QX-071: present, right trade, right version; locked and rubbish are words of their own."""
    other_trade = IDENTITY[:11] + b"\x00\x02" + OK
    other_version = IDENTITY[:10] + b"\x02\x00\x01" + OK
    cases = (
        (READY, (OK, IDENTITY, OK)),
        (ABSENT, (None,)),
        (ABSENT, (OK, None)),
        (WRONG_TRADE, (b"\x6a\x82",)),
        (WRONG_TRADE, (OK, other_trade)),
        (WRONG_TRADE, (OK, OK)),
        (WRONG_VERSION, (OK, other_version)),
        (WRONG_VERSION, (OK, IDENTITY, b"\x94\x03")),
        (WRONG_VERSION, (OK, IDENTITY, b"\x6a\x88")),
        (LOCKED, (b"\x69\x83",)),
        (LOCKED, (OK, IDENTITY, b"\x93\x03")),
        (FAULT, (b"\x6d\x00",)),
        (FAULT, (b"",)),
        (FAULT, (b"\x90",)),
        (FAULT, (OK, bytes(300))),
    )
    for state, answers in cases:
        module, _, _ = opened(*answers, wanted=((0x28, 1),))
        assert module.state() == state, answers
        assert (module.session(0x28, 1, FACTOR) is None) or state == READY


def test_failed_call_should_end_its_session():
    """QX-073: pulled out, refused, rubbish: None, and the session stays dead."""
    for answer, state in ((None, ABSENT), (b"\x69\x85", READY), (b"", READY), (OK, READY)):
        module, slot, _ = opened(OK, IDENTITY, OK, answer, b"1234" + OK)
        session = module.session(0x28, 1, FACTOR)
        assert session.mac(bytes(8), b"x") is None
        sent = len(slot.sent)
        assert session.mac(bytes(8), b"x") is None
        assert (module.state(), len(slot.sent)) == (state, sent)


def test_lock_out_should_count_failures_in_a_row_and_no_silence():
    module, _, _ = opened(OK, IDENTITY, b"\x94\x03", OK, b"\x94\x03", b"\x6a\x80", most=2)
    assert module.session(0x28, 9, FACTOR) is None
    assert module.session(0x28, 1, FACTOR)
    assert module.session(0x28, 9, FACTOR) is None and module.state() == READY
    assert module.session(0x28, 9, FACTOR) is None and module.state() == LOCKED
    assert module.check() == LOCKED
    module, slot, clock = opened(OK, IDENTITY, None, most=1)
    assert module.session(0x28, 1, FACTOR) is None
    assert (module.state(), module.failures) == (ABSENT, 0)
    slot.answers = [OK, IDENTITY]
    module.idle()
    assert module.state() == ABSENT  # not yet
    clock.ms += 5000
    module.idle()
    assert module.state() == READY


def test_idle_time_should_miss_a_module_that_left():
    """QX-071: before a rider does."""
    module, slot, clock = opened(OK, IDENTITY)
    told = []
    module.on_state = told.append
    slot.answers = [None]
    for after_ms, expected in ((4999, []), (1, [ABSENT])):
        clock.ms += after_ms
        module.idle()
        assert told == expected


class Keyed:
    """A card at a slot that begins at once: one derived key, MACs that tell by which."""

    def __init__(self):
        self.key, self.answer, self.asked, self.later = b"", b"", 0, 0

    def reset(self):
        return b"\x3b\x00"

    def begin(self, command):
        self.asked += 1
        self.answer = OK
        if command[1] == 0x1A:
            self.key = command[2:4]
        else:
            self.answer = hashlib.sha1(self.key + command[5:]).digest()[:4] + OK

    def finish(self):
        self.later += 1
        return self.answer

    def exchange(self, command):
        self.begin(command)
        return self.answer


def test_what_is_begun_ahead_should_change_no_mac():
    """QX-025, QX-073: whatever was begun before, and for whom."""
    slot = Keyed()
    module = Module(psam.Psam(slot, profile.parse("")), HandClock())
    assert module.check() == READY
    module.ahead(0x28, 1, FACTOR)
    one, other = module.session(0x28, 1, FACTOR), module.session(0x28, 2, FACTOR)
    assert (slot.asked, slot.later) == (2, 1)
    for step in range(81):  # every order of four
        for _ in range(4):
            session, key = ((one, b"\x28\x01"), (other, b"\x28\x02"))[step & 1]
            data = bytes((step % 3,))
            if step % 3:
                session.ahead(bytes(8), data)
            if step % 5:
                due = hashlib.sha1(key + bytes(8) + data + b"\x80" + bytes(6)).digest()[:4]
                assert session.mac(bytes(8), data) == due, step
            step = step * 7 + 3
    slot.asked = slot.later = 0
    other.mac(bytes(8), b"")
    one.ahead(bytes(8), b"1")  # derives
    assert one.mac(bytes(8), b"1") and slot.later == 1
    one.ahead(bytes(8), b"2")  # the key is there
    assert one.mac(bytes(8), b"2") and slot.later == 2


def test_slot_that_closes_behind_what_was_begun_should_be_absent():
    """QX-073: what was begun is no answer."""
    slot = Keyed()
    module = Module(psam.Psam(slot, profile.parse("")), HandClock())
    module.check()
    session = module.session(0x28, 1, FACTOR)

    def gone(*_):
        raise LinkLost("gone")

    session.ahead(bytes(8), b"1")
    slot.finish = gone
    assert session.mac(bytes(8), b"1") is None and module.state() == ABSENT
    assert session.mac(bytes(8), b"1") is None
    slot.begin = gone
    module.ahead(0x28, 1, FACTOR)
    session.ahead(bytes(8), b"1")
    assert module.session(0x28, 1, FACTOR) is None


def test_key_of_another_session_should_be_derived_anew():
    """A module holds one derived key: two records, two sessions, by turns."""
    mac = b"1234" + OK
    for text, derived in ((CITY, 3), (CITY + "keeps_key: no\n", 5)):
        module, slot, _ = opened(OK, IDENTITY, OK, OK, mac, mac, mac, mac, mac, mac, text=text)
        slot.answers = [OK] * 2
        one, other = module.session(0x28, 1, FACTOR), module.session(0x28, 2, FACTOR)
        slot.exchange = lambda c, s=slot: s.sent.append(c) or (mac if c[1] == 0xFA else OK)
        for session in (other, other, one, one):
            assert session.mac(bytes(8), b"data") == b"1234"
        count = len([sent for sent in slot.sent if sent[1] == 0x1A])
        assert count == derived, (text, count)


def test_long_data_should_go_in_parts_or_not_at_all():
    """UPDATE of the longest record: 256 bytes and more in commands of 248 each."""
    data = bytes(500)
    module, slot, _ = opened(OK, IDENTITY, OK, OK, OK, b"1234" + OK)
    assert module.session(0x28, 1, FACTOR).mac(bytes(8), data) == b"1234"
    assert [(one[2], one[4]) for one in slot.sent[-3:]] == [(7, 248), (3, 248), (1, 16)]
    assert b"".join([one[5:] for one in slot.sent[-3:]]) == bytes(8) + data + b"\x80" + bytes(3)
    module, slot, _ = opened(OK, text="")
    assert module.session(0x28, 1, FACTOR).mac(bytes(8), data) is None
    assert module.reason == "too_long"


def test_card_of_t_0_should_be_asked_for_what_waits():
    module, slot, _ = opened(OK, b"\x6c\x0d", IDENTITY, OK, b"\x61\x04", b"1234" + OK)
    assert module.state() == READY
    assert module.session(0x28, 1, FACTOR).mac(bytes(8), b"") == b"1234"
    assert slot.sent[2] == bytes.fromhex("00B096000D") and slot.sent[-1] == b"\x00\xc0\x00\x00\x04"


def test_profile_should_say_what_is_wrong_with_it():
    for text in (
        "select: 00A4",
        "select: 00A400000310",
        "select: 00A4000000\n" * 5,
        "trade: 0:01",
        "identity: 00B0960000\ntrade: 01",
        "identity: 00B0960000\ntrade: 0:",
        "derive: 80",
        "only: 0505",
        "parts: 07",
        "most: 08",
        "answer: 03",
        "block: 12",
        "keeps_key: maybe",
        "pin: 1234",
        "x" * 5000,
    ):
        try:
            profile.parse(text)
        except FormatError:
            continue
        raise AssertionError(text)


def test_status_words_should_have_one_reason_each():
    cases = ((0x9000, ""), (0x63C2, "wrong_secret"), (0x6983, LOCKED), (0x1234, "sw 1234"))
    for sw, reason in cases:
        assert psam.reason_of(sw) == reason
    words = [row[0] for row in psam.REASONS]
    assert len(words) == len(set(words))
