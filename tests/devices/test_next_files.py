# SPDX-License-Identifier: Apache-2.0
"""Fare tables and allow lists that came while the unit ran: taken at the next start (TD-020)."""

from collections import namedtuple

from firmware.devices import next_files, tariff
from firmware.fares import layout
from firmware.formats import allow_list, signed, status
from tests import deny_lists
from tests.fares.tables import packed, product
from tests.hand_clock import HandClock
from tests.part_files import Files, PowerCut

Unit = namedtuple("Unit", ("authority", "authority_sm2", "more"))
Fleet = namedtuple("Fleet", ("ceiling_fen",))
Running = namedtuple("Running", ("refused", "parts"))
Parts = namedtuple("Parts", ("report",))
UNIT = Unit(deny_lists.AUTHORITY.rsa, b"", {"fares": "city", "allow": "door"})


class Hal(Files, HandClock):
    """Files and a clock that stands still: 2026-11-21 10:15."""

    def __init__(self, there=None, cut_at=None, way=(0, False)):
        Files.__init__(self, there, cut_at, way)
        HandClock.__init__(self)


def table(number, effective="20260101000000"):
    data = packed(
        {"products": [product("12", layout.FLAT, fen=200)]}, version=number, effective=effective
    )
    return deny_lists.signed_file(data, signed.FARES, number, effective)


def listed(number, effective=""):
    data = allow_list.pack(number, bytes(8), HOURS, {"6228000100000010": 1})
    return deny_lists.signed_file(data, signed.ALLOW_LIST, number, effective)


HOURS = (allow_list.Window(1, 127, 0, 1440, *allow_list.ALWAYS),)
OLD, NOW, NEXT = table(7), table(8), table(9, "20270101000000")
FARES_KINDS = (signed.FARES,)


def versions(hal, said=None):
    found = tariff.open_tables(UNIT, Fleet(10000), hal, (said or []).append)
    return [one.version for one in found.tables]


def test_a_new_table_lies_beside_the_one_in_force():
    hal = Hal({"city": OLD, "city.new": NEXT})
    assert versions(hal) == [7, 9]
    assert hal.there == {"city": OLD, "city.next": NEXT}
    assert versions(hal) == [7, 9]  # and at the next start


def test_of_three_tables_the_two_newest_stay_that_are_needed():
    hal = Hal({"city": OLD, "city.next": NOW, "city.new": NEXT})
    assert versions(hal) == [8, 9] and hal.there["city"] == NOW
    hal = Hal({"city": OLD, "city.next": NEXT, "city.new": table(10, "20270201000000")})
    assert versions(hal) == [7, 10]  # one that never was in force is replaced


def test_power_may_fail_at_either_rename():
    # TD-007, TD-012
    for cut in (1, 2):
        for way in ((0, False), (4, False)):
            hal = Hal({"city": OLD, "city.next": NOW, "city.new": NEXT}, cut, way)
            try:
                versions(hal)
                raise AssertionError("no cut")
            except PowerCut:
                pass
            hal.cut_at = None
            assert versions(hal) == [8, 9]


def test_what_is_older_or_not_signed_is_left():
    bent = NEXT[:-1] + bytes((NEXT[-1] ^ 1,))
    inside = deny_lists.signed_file(packed({}, version=3), signed.FARES, 99)
    for bad in (bent, OLD, b"", listed(99), inside):
        hal = Hal({"city": OLD, "city.new": bad})
        assert versions(hal) == [7] and hal.there["city"] == OLD


def test_an_allow_list_is_taken_at_the_start_once_its_moment_has_come():
    for coming, taken in (
        (listed(5), True),
        (listed(5, "20270101000000"), False),
        (listed(4), False),
        (listed(5)[:-1], False),
    ):
        hal = Hal({"door": listed(4), "door.next": coming})
        next_files.take_list(UNIT, hal, "door")
        assert (hal.there["door"] == coming) == taken or coming == listed(4)
        assert ("door.next" in hal.there) != taken


PLACES = (
    (status.FARES, "city", "city.new"),
    (status.ALLOW_LIST, "door", "door.next"),
    (status.DENY_LIST, "deny", "deny.next"),  # has a reader of its own
)


def watched(there):
    hal, said = Hal(there), []
    running = Running({}, Parts(said.append))
    return hal, next_files.NextFiles(UNIT, running, hal, PLACES), running, said


def asks(hal, watch, looks=4):
    """Whether a new start is asked for within some looks."""
    for _ in range(looks):
        hal.advance(6)
        for _ in range(200):
            if watch.due():
                return True
            if not watch.steps:
                break
    return False


def test_a_unit_starts_anew_for_what_it_would_take():
    there = {"city": OLD, "door": listed(4)}
    for more, due in (
        ({}, False),
        ({"city.new": NEXT}, True),
        ({"door.next": listed(5)}, True),
        ({"door.next": listed(5, "20270101000000")}, False),
        ({"city.new": OLD}, False),
        ({"deny.next": b"?"}, False),
    ):
        files = dict(there)
        files.update(more)
        hal, watch, _, _ = watched(files)
        assert asks(hal, watch) == due, more


def test_a_list_whose_moment_comes_is_taken_then():
    hal, watch, _, _ = watched({"door": listed(4), "door.next": listed(5, "20261121120000")})
    assert not asks(hal, watch)
    hal.now = (2026, 11, 21, 12, 0, 0)
    assert asks(hal, watch)


def test_what_is_refused_is_told_once():
    bad = listed(6)[:-1] + b"?"
    hal, watch, running, said = watched({"door": listed(4), "door.next": bad})
    assert not asks(hal, watch, 8)
    assert [one["event"] for one in said] == ["file_refused"]
    assert running.refused == {status.ALLOW_LIST: 6}
