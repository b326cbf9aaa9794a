# SPDX-License-Identifier: Apache-2.0
"""Attendance and library: in and out by turns, late and early by the hours, seats; no GPO."""

from firmware.devices import presence
from firmware.devices.attendance import COMMANDS, Attendance, NoDoor
from firmware.formats import allow_list
from firmware.formats.allow_list import ALWAYS, AllowList, Window
from firmware.kernel import tags, tlv
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.devices.shop_stand import Keys
from tests.devices.test_access import Bytes, Strike
from tests.small_card import SmallCard
from tests.stand import Stand

DAY, NIGHT, FREE = "6228000100000010", "6228000100000028", "6228000100000036"
HOURS = (
    Window(1, 31, 480, 1020, *ALWAYS),  # Monday to Friday, 08:00 to 17:00
    Window(2, 127, 1320, 1440, *ALWAYS),  # 22:00 to 06:00, each night
    Window(2, 127, 0, 360, *ALWAYS),
    Window(3, 127, 0, 1440, *ALWAYS),
)
LIST = allow_list.pack(9, bytes(8), HOURS, {DAY: 1, NIGHT: 2, FREE: 3})


class Reader:
    """`stand`; at(hour, minute): the clock is set; tap(pan): what the card is told."""

    def __init__(self, listed=True, relay=None, **more):
        self.keys, self.more, self.listed, self.relay = Keys(), more, listed, relay
        self.stand = Stand("", self.make)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock)
        allowed = AllowList(Bytes(LIST)) if self.listed else None
        relay = self.relay or NoDoor()
        self.trade = Attendance(settings, parameters, allowed, relay, clock, line)
        return self.trade

    def at(self, hour, minute, day=24):
        """A day of November 2026; the 24th is a Tuesday."""
        self.stand.clock.now = (2026, 11, day, hour, minute, 0)
        self.stand.clock.advance(61)  # behind the passback
        self.stand.clock.now = (2026, 11, day, hour, minute, 0)

    def tap(self, pan):
        card = SmallCard(pan)
        card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
        before = card.atc, card.balance_fen
        message = self.stand.tap(card)["message"]
        assert (card.atc, card.balance_fen) == before and card.asked(0xA8) == 0
        return message

    def report(self):
        self.keys.said = b""
        self.keys.typed += b"report\r"
        for _ in range(4):
            self.stand.terminal.turn()
        return self.keys.said.decode()

    def last(self):
        """(direction, rule, minutes) of the last record."""
        values = self.stand.records()[-1][1]
        return values["direction"], values["rule"], int.from_bytes(values["trade_data"][1:], "big")


def test_taps_should_be_in_and_out_by_turns_and_late_or_early_by_the_hours():
    """TD-022: read freely, an EVENT each; late is who comes the first time in these hours."""
    reader = Reader()
    for hour, minute, message, said in (
        (7, 55, "came_in", (1, "", 0)),
        (12, 0, "left_early", (2, "early", 300)),
        (13, 0, "came_in", (1, "", 0)),
        (16, 55, "went_out", (2, "", 0)),
        (16, 58, "came_in", (1, "", 0)),
        (17, 0, "went_out", (2, "", 0)),
    ):
        reader.at(hour, minute)
        assert reader.tap(DAY) == message and reader.last() == said, (hour, minute)
    reader = Reader()
    for day, hour, minute, message, late in (
        (25, 8, 5, "came_in", 0),
        (26, 8, 6, "came_late", 6),
        (28, 12, 0, "came_in", 0),  # a Saturday has no hours
    ):
        reader.at(hour, minute, day)
        assert reader.tap(DAY) == message and reader.last()[2] == late, day
        reader.at(17, 0, day)
        assert reader.tap(DAY) == "went_out"
    assert {kind for kind, _ in reader.stand.records()} == {"event"}


def test_hours_over_midnight_should_be_one_and_hours_without_an_end_none():
    reader = Reader()
    reader.at(0, 30)
    assert reader.tap(NIGHT) == "came_late" and reader.last() == (1, "late", 150)
    reader.at(5, 30)
    assert reader.tap(NIGHT) == "left_early" and reader.last() == (2, "early", 30)
    reader.at(12, 0)
    assert reader.tap(FREE) == "came_in" and reader.last() == (1, "", 0)
    day = 9824
    assert presence.spans(HOURS, 2, day)[0] == ((day - 1) * 1440, (day - 1) * 1440 + 360)
    assert presence.spans(HOURS, 3, day) == []


def test_same_card_at_once_should_change_nothing_also_over_a_restart():
    reader = Reader()
    reader.at(8, 0)
    assert reader.tap(DAY) == "came_in" and reader.tap(DAY) == "noted_already"
    reader.stand.restart()
    assert reader.tap(DAY) == "noted_already"
    reader.at(8, 10)
    assert reader.tap(DAY) == "left_early" and reader.tap("6228000100000044") == "not_listed"


def test_restart_should_remember_who_is_inside_and_since_when():
    reader = Reader()
    taps = ((7, 50, DAY), (8, 0, FREE), (9, 0, DAY), (9, 30, DAY), (9, 40, FREE))
    for hour, minute, pan in taps:
        reader.at(hour, minute)
        reader.tap(pan)
    reader.stand.restart()
    reader.at(9, 50)
    said = reader.report()
    assert "Present: 1" in said and "****0010  07:50  09:30" in said
    reader.at(23, 59)  # longest_min is 960: 16 hours
    assert "Present: 1" in reader.report()
    reader.at(1, 31, 25)
    assert "Present: 0" in reader.report() and reader.tap(DAY) == "came_in"


def test_one_way_reader_should_say_its_way():
    reader = Reader(lane="out")
    reader.at(17, 0)
    assert reader.tap(DAY) == "went_out" and reader.last() == (2, "", 0)
    reader.at(17, 5)
    assert reader.tap(DAY) == "went_out"
    reader = Reader(lane="in")
    reader.at(7, 0)
    assert reader.tap(DAY) == "came_in"
    reader.at(7, 30)
    assert reader.tap(DAY) == "came_in"


def test_library_should_seat_so_many_and_keep_nobody_inside():
    reader = Reader(listed=False, purpose="library", seats="2")
    pans = ["62280001%08d" % number for number in range(3)]
    reader.at(9, 0)
    assert [reader.tap(pan) for pan in pans] == ["came_in", "came_in", "seats_full"]
    assert "Present: 2 of 2" in reader.report()
    reader.stand.restart()
    reader.at(9, 10)
    assert reader.tap(pans[2]) == "seats_full" and reader.tap(pans[0]) == "went_out"
    assert reader.tap(pans[2]) == "came_in"
    reader = Reader(purpose="library", lane="out")
    reader.at(20, 0)
    assert reader.tap(DAY) == "went_out"  # also outside the hours
    reader = Reader(purpose="library")
    reader.at(20, 0)
    assert reader.tap(DAY) == "outside_hours"


def test_turnstile_should_open_for_who_is_noted():
    from firmware.neighbours.relay import Relay  # of this test alone

    strike = Strike()
    reader = Reader()
    reader.relay = Relay(lambda: strike, 3000, reader.stand.clock)
    reader.stand.restart()
    reader.at(8, 0)
    assert reader.tap(DAY) == "came_in" and strike.levels == [1]
    assert reader.tap(DAY) == "noted_already" and strike.levels.count(1) == 1


def test_table_should_hold_so_many_and_forget_who_tapped_longest_ago():
    found = presence.Presence(3, 60)
    for number in range(5):
        found.tapped("62280001%08d" % number, presence.IN, 100 + number)
    assert found.count(110) == 3 and not found.is_inside("6228000100000001", 110)
    assert list(found.present(110))[0] == ("0002", 102, 102)
    assert found.count(164) == 1 and found.count(165) == 0
    assert presence.minute_of_record({"date": "000000", "time": "000000"}) is not None
    assert presence.minute_of_record({"date": "xx", "time": "000000"}) is None
