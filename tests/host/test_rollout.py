# SPDX-License-Identifier: Apache-2.0
"""Files registered, offered in waves, halted; what terminals say of themselves (TD-020;
terminals.md 10, fleet view).
"""

import hashlib

import pytest

from firmware.errors import FormatError
from firmware.formats import fields, parameters, signed
from firmware.formats import status as words
from host_tools.cli import VERSION
from host_tools.ledger import Ledger, files, registry, rollout, rollout_members, rollout_offers
from host_tools.ledger import status as fleet
from host_tools.ledger.desk import FRESH_S, FleetDesk
from tests import deny_lists

KEY = bytes(range(32))
HOUR_S = 3600


class Clock:
    def __init__(self):
        self.now = 1_790_000_000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(tmp_path, clock):
    opened = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}", KEY, time_utc_s=clock)
    yield opened
    opened.close()


def deny_file(number, base=0, cards=("6228000100000010",)):
    payload = deny_lists.write([(pan, 255, 1, "260101") for pan in cards], base=base)
    return deny_lists.signed_file(payload, words.DENY_CHANGES if base else words.DENY_LIST, number)


def registered(ledger, number, base=0):
    return files.register(ledger, deny_file(number, base), deny_lists.AUTHORITY)


def said(**more):
    values = fields.blank(words.STATUS_V1)
    values |= {"firmware": "0.1.0", "files": [(words.DENY_LIST, 0, 0, 0, 0)]}
    return values | more


def hello(ledger, terminal, *rows, **more):
    """A status and the answer to it, as the collector does it."""
    with ledger.sitting() as sitting:
        sitting.enrol([terminal])
        if rows:
            more["files"] = list(rows)
        fleet.take(sitting, terminal, said(**more))
        return [(one.kind, one.version) for one in rollout_offers.offers(sitting, terminal)]


def deny(in_force=0, laid=0, refused=0, why=0):
    return (words.DENY_LIST, in_force, laid, refused, why)


def test_a_file_is_checked_as_a_terminal_checks_it(ledger):
    # TD-020
    one = registered(ledger, 41)
    assert (one.kind, one.version, one.base) == ("deny", 41, 0)
    data = deny_file(42)
    stranger = signed.Authority(b"\xc1" + bytes(254) + b"\x01", b"")
    for wrong, authority in (
        (data[:-1], deny_lists.AUTHORITY),
        (data[:200] + b"?" + data[201:], deny_lists.AUTHORITY),
        (data, stranger),
        (b"\xff\xfe", deny_lists.AUTHORITY),
        (parameters.NO_SALES.encode(), deny_lists.AUTHORITY),  # no seal
        (b"", deny_lists.AUTHORITY),
    ):
        with pytest.raises(FormatError):
            files.register(ledger, wrong, authority)
    assert [one.version for one in files.listed(ledger)] == [41]


def test_a_number_is_a_file_for_ever(ledger):
    registered(ledger, 41)
    registered(ledger, 41)
    other = deny_file(41, cards=("6228000100000028",))
    with pytest.raises(FormatError, match="under a new number"):
        files.register(ledger, other, deny_lists.AUTHORITY)


def test_a_file_comes_out_in_pieces_of_any_size(ledger):
    cards = tuple(f"6228{number:012d}" for number in range(0, 10**12, 10**8 // 2 + 7))
    data = deny_file(7, cards=cards)
    assert len(data) > 2 * 32768
    files.register(ledger, data, deny_lists.AUTHORITY)
    for count in (1000, 4096, 60000):
        got = [
            files.piece(ledger, words.DENY_LIST, 7, at, count) for at in range(0, len(data), count)
        ]
        assert b"".join(got) == data
    assert files.piece(ledger, words.DENY_LIST, 7, 1 << 31, 100) == b""
    with pytest.raises(LookupError):
        files.piece(ledger, words.DENY_LIST, 8, 0, 100)


def test_a_wave_is_a_share_of_the_terminals_and_only_grows(ledger):
    registered(ledger, 42)
    terminals = range(1, 401)
    registry.enrol(ledger, list(terminals))
    number = rollout.start(ledger, "deny", 42, percent=10)
    first = {one for one in terminals if hello(ledger, one, deny())}
    assert 20 <= len(first) <= 60
    assert {one.terminal for one in rollout_members.members(ledger, number)} == first
    rollout.widen(ledger, number, percent=50)
    second = {one for one in terminals if hello(ledger, one, deny())}
    assert first < second and 160 <= len(second) <= 240
    with pytest.raises(FormatError, match="halt it"):
        rollout.widen(ledger, number, percent=10)
    rollout.widen(ledger, number, percent=100)
    assert all(hello(ledger, one, deny()) for one in terminals)


def test_each_file_begins_with_other_terminals():
    first = {one for one in range(2000) if rollout_offers.bucket(2, 41, one) < 500}
    second = {one for one in range(2000) if rollout_offers.bucket(2, 42, one) < 500}
    assert len(first & second) < len(first) // 3


def test_terminals_may_be_named_and_belong_to_an_operator(ledger):
    registered(ledger, 42)
    registry.enrol(ledger, [1, 2], "north")
    registry.enrol(ledger, [3], "south")
    with pytest.raises(FormatError, match="not in the registry: 9"):
        rollout.start(ledger, "deny", 42, terminals=[1, 9])
    with pytest.raises(FormatError, match="nobody"):
        rollout.start(ledger, "deny", 42)
    number = rollout.start(ledger, "deny", 42, terminals=[2], operator="north")
    assert [bool(hello(ledger, one, deny())) for one in (1, 2, 3)] == [False, True, False]
    rollout.widen(ledger, number, percent=100)
    assert [bool(hello(ledger, one, deny())) for one in (1, 2, 3)] == [True, True, False]


def test_only_what_is_newer_and_fits_is_offered(ledger):
    """TD-039."""
    hello(ledger, 1)
    registered(ledger, 41)
    registered(ledger, 42, base=41)
    both = (deny(), (words.DENY_CHANGES, 0, 0, 0, 0))
    rollout.start(ledger, "deny", 41, percent=100)
    rollout.start(ledger, "deny-changes", 42, percent=100)
    assert hello(ledger, 1, *both) == [(words.DENY_LIST, 41)]  # changes need their base
    assert hello(ledger, 1, deny(laid=41), both[1]) == []
    assert hello(ledger, 1, deny(41), both[1]) == [(words.DENY_CHANGES, 42)]
    assert hello(ledger, 1, deny(41), (words.DENY_CHANGES, 42, 0, 0, 0)) == []
    assert hello(ledger, 2, (words.FARES, 0, 0, 0, 0)) == []  # takes no such files
    with pytest.raises(FormatError, match="none older"):
        rollout.start(ledger, "deny", 41, percent=1)


def test_a_halt_reaches_a_terminal_in_the_middle_of_a_file(ledger):
    registered(ledger, 42)
    hello(ledger, 1)
    number = rollout.start(ledger, "deny", 42, terminals=[1])
    assert hello(ledger, 1, deny()) and rollout_offers.may_fetch(ledger, 1, words.DENY_LIST, 42)
    rollout.halt(ledger, number, "wrong list")
    assert not hello(ledger, 1, deny())
    assert not rollout_offers.may_fetch(ledger, 1, words.DENY_LIST, 42)
    assert rollout.one(ledger, number).why == "wrong list"
    rollout.resume(ledger, number)
    assert hello(ledger, 1, deny())
    rollout.roll_back(ledger, number)
    assert not hello(ledger, 1, deny())
    for change in (rollout.halt, rollout.resume, rollout.roll_back):
        with pytest.raises(FormatError):
            change(ledger, number)
    with pytest.raises(FormatError, match="new number"):
        rollout.start(ledger, "deny", 42, percent=1)


def test_who_was_away_gets_it_when_it_is_back(ledger, clock):
    registered(ledger, 42)
    registry.enrol(ledger, [1, 2])
    number = rollout.start(ledger, "deny", 42, percent=100)
    hello(ledger, 1, deny())
    clock.now += 40 * 24 * HOUR_S
    hello(ledger, 1, deny(42))
    assert rollout.watch(ledger) == []  # one that was never offered it has not failed
    states = {m.terminal: m.standing for m in rollout_members.members(ledger, number)}
    assert states == {1: rollout_members.IN_FORCE, 2: rollout_members.WAITING}
    assert hello(ledger, 2, deny()) == [(words.DENY_LIST, 42)]


def test_too_many_refusals_halt_it_at_once(ledger):
    registered(ledger, 42)
    registry.enrol(ledger, list(range(1, 11)))
    number = rollout.start(ledger, "deny", 42, percent=100, most_failures=2)
    for terminal in range(1, 6):
        hello(ledger, terminal, deny())
    for terminal in (1, 2):
        assert hello(ledger, terminal, deny(refused=42, why=4)) == []
    assert rollout.one(ledger, number).state == "running"
    hello(ledger, 3, deny(refused=42, why=4))
    found = rollout.one(ledger, number)
    assert (found.state, found.why) == ("halted", "3 refused")
    assert hello(ledger, 9, deny()) == []
    assert rollout_members.progress(ledger, number).refused == 3
    with pytest.raises(FormatError, match="allow more"):
        rollout.resume(ledger, number)
    rollout.resume(ledger, number, most_failures=5)
    assert hello(ledger, 9, deny()) == [(words.DENY_LIST, 42)]


def test_terminals_that_fall_silent_behind_the_offer_halt_it(ledger, clock):
    registered(ledger, 42)
    registry.enrol(ledger, list(range(1, 11)))
    number = rollout.start(ledger, "deny", 42, percent=100, most_failures=1, silent_s=2 * HOUR_S)
    for terminal in range(1, 6):
        hello(ledger, terminal, deny())
    clock.now += HOUR_S
    for terminal in range(1, 4):
        hello(ledger, terminal, deny(42))
    assert rollout.watch(ledger) == []
    clock.now += 2 * HOUR_S
    assert rollout.watch(ledger) == [number]
    assert rollout.one(ledger, number).why == "0 refused, 2 fell silent, of 10"
    assert rollout.watch(ledger) == []


def test_a_disk_that_was_full_is_offered_the_file_again(ledger):
    registered(ledger, 42)
    hello(ledger, 1)
    rollout.start(ledger, "deny", 42, terminals=[1])
    assert hello(ledger, 1, deny()) and hello(ledger, 1, deny(refused=42, why=1))
    assert not hello(ledger, 1, deny(refused=42, why=4))


def test_the_fleet_is_seen_and_who_is_lost(ledger, clock):
    hello(ledger, 1, deny(41), backlog=5, oldest_s=60, taps=200, torn=3, p95_ms=280, clock=1)
    registry.enrol(ledger, [2])
    clock.now += 30 * HOUR_S
    hello(ledger, 3, deny(), oldest_s=words.UNKNOWN_AGE)
    one, two, three = fleet.fleet(ledger)
    assert (one.said, one.backlog, one.torn_permille, one.p95_ms) == (True, 5, 15, 280)
    assert one.backlog_age_s == 60 + 30 * HOUR_S and one.clock == "in doubt"
    assert one.versions == {"deny": 41}
    assert not two.said and two.lost and three.backlog_age_s == -1 and not three.lost
    assert [seen.terminal for seen in fleet.lost(ledger)] == [1, 2]
    assert fleet.lost(ledger, 31 * HOUR_S) == []


def test_the_history_is_an_hour_a_row_and_goes_round(ledger, clock):
    for hour in range(60):
        hello(ledger, 1, deny(), backlog=hour)
        hello(ledger, 1, deny(), backlog=1000 + hour)
        clock.now += HOUR_S
    kept = fleet.history(ledger, 1)
    assert [one.backlog for one in kept] == list(range(1013, 1060))


def test_nonsense_is_counted_and_changes_nothing(ledger):
    hello(ledger, 1, deny(41))
    before = fleet.fleet(ledger)
    for more in (
        {"firmware": "[red]<b>"},
        {"firmware": "=1+1"},
        {"taps": 1, "torn": 2},
        {"files": [deny(), deny(41)]},
        {"files": [(200, 1, 0, 0, 0)]},
    ):
        hello(ledger, 1, **more)
    assert fleet.fleet(ledger) == before
    assert [(one.reason, one.times) for one in registry.refusals(ledger)] == [("status", 5)]


def test_the_desk_answers_status_and_fetch_from_end_to_end(ledger):
    cards = tuple(f"6228{number:012d}" for number in range(0, 10**12, 10**8 // 2 + 7))
    data = deny_file(42, cards=cards)
    files.register(ledger, data, deny_lists.AUTHORITY)
    registry.enrol(ledger, [1, 2])
    number = rollout.start(ledger, "deny", 42, terminals=[1])
    now = [0.0]
    desk = FleetDesk(ledger, lambda: now[0])
    packed = fields.pack(words.STATUS_V1, said(files=[deny()]))
    with ledger.sitting() as sitting:
        ((kind, version, size, digest),) = desk.standing(sitting, 1, packed)
        assert desk.standing(sitting, 2, packed) == []
        assert desk.standing(sitting, 1, b"") == []
        assert desk.standing(sitting, 1, packed[:-1]) == []
    got = b""
    while len(got) < size:
        got += desk.piece(1, kind, version, len(got), 3000)
    assert hashlib.sha256(got).digest() == digest and got == data
    assert desk.piece(1, kind, version, size, 10) == b""
    assert desk.piece(1, kind, version, 0xFFFFFFFF, 10) == b""
    for stranger in ((2, kind, version), (1, kind, 43), (1, 77, version)):
        assert desk.piece(*stranger, 0, 10) is None
    rollout.halt(ledger, number)
    now[0] += FRESH_S
    assert desk.piece(1, kind, version, 0, 10) is None
    assert [(one.reason, one.times) for one in registry.refusals(ledger)] == [("status", 1)]


def test_the_program_has_one_version():
    assert words.FIRMWARE == VERSION and set(VERSION) <= fleet.PLAIN
