# SPDX-License-Identifier: Apache-2.0
"""The line of the docks: orders said until they show, reports judged, rubbish counted."""

from firmware.errors import FormatError
from firmware.neighbours import dock, framing
from firmware.neighbours.line import MOST_BYTES
from sim.docks import DockStation


def test_reports_should_be_read_as_they_were_written():
    found = [dock.Dock(0, 0, 3), dock.Dock(1, 4000000000, 65535), dock.Dock(4, 0, 0)]
    assert dock.docks_of(dock.pack_docks(58, found)) == list(zip((58, 59, 60), found))
    assert dock.docks_of(dock.pack_docks(1, [dock.Dock(2, 5, 10**6)]))[0][1].since_s == 65535


def test_what_is_no_report_should_be_refused():
    bike, good = dock.Dock(1, 7, 0), dock.pack_docks(3, [dock.Dock(1, 7, 0)])
    for bad in (
        b"", good[:1], good[:2], good[:-1], good + b"\0", b"X" + good[1:],
        dock.pack_docks(0, [bike]), dock.pack_docks(61, [bike]), dock.pack_docks(60, [bike] * 2),
        good[:2] + b"\x05" + good[3:], dock.pack_docks(1, [bike] * 9),
        dock.pack_docks(3, [dock.Dock(0, 7, 0)]), dock.pack_docks(3, [dock.Dock(1, 0, 0)]),
    ):  # fmt: skip
        for read in (dock.docks_of, dock.pressed_of, dock.order_of):
            try:
                read(bad)
            except FormatError:
                continue
            raise AssertionError((read, bad))


def test_largest_station_should_be_told_within_one_turn():
    station = DockStation([9] * dock.MOST_DOCKS)
    station.feed(framing.pack(b"?"), 0)
    told = station.outgoing(0)
    line = dock.Docks()
    assert len(told) <= MOST_BYTES and line.feed(told, 0) == []
    assert sorted(line.found) == list(range(1, 61))


def test_order_should_be_said_until_the_dock_shows_it():
    line = dock.Docks()
    line.open(2, 77, 1)
    line.open(2, 77, 1)
    said = framing.pack(b"O\x02\x00\x00\x00\x4d\x01")
    assert line.outgoing(0) == said + framing.pack(b"?")
    assert line.outgoing(100) == b"" and line.outgoing(600) == said
    report = framing.pack(dock.pack_docks(2, [dock.Dock(dock.LOCKED, 9, 0)]))
    assert line.feed(report, 700) == [] and len(line.orders) == 1
    report = framing.pack(dock.pack_docks(2, [dock.Dock(dock.OPENING, 9, 0)]))
    assert line.feed(report, 800) == [] and line.orders == []
    line.open(2, 78, 1)
    line.feed(b"", 900)
    assert line.feed(b"", 5000) == [("deaf", 2, 78)] and line.silent


def test_rubbish_should_be_an_event_and_change_nothing():
    line = dock.Docks()
    line.feed(framing.pack(dock.pack_docks(2, [dock.Dock(1, 9, 0)])), 0)
    found = dict(line.found)
    for body in (b"D", b"D\x02\x01\x00", b"P\x00", b"\xff" * 9):
        ((word, _),) = line.feed(framing.pack(body), 10)
        assert word == "bad" and line.found == found
    assert line.feed(b"\xa5\x5a\x09no frame at all", 20) == []


def test_lock_should_open_once_for_an_order_that_is_repeated():
    station = DockStation([9])
    body = framing.pack(b"O\x01\x00\x00\x00\x05\x01")
    station.feed(body, 0)
    assert station.open_docks() == [1] and station.take(1, 10) == 9
    station.push(9, 20)
    station.feed(framing.pack(b"S\x01") + body, 30)
    assert station.opened == 1 and station.places[1].state == dock.LOCKED
