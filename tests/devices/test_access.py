# SPDX-License-Identifier: Apache-2.0
"""A door: who is let in, when, and that no card is ever asked to pay."""

from firmware.devices.access import Access
from firmware.errors import FormatError, LinkLost
from firmware.fares import calendar
from firmware.formats import allow_list
from firmware.formats.allow_list import ALWAYS, AllowList, Window
from firmware.kernel import tags, tlv
from firmware.neighbours.relay import Relay
from tests.small_card import SmallCard
from tests.stand import Stand

PAN, NIGHT, STRANGER = "6228000100000010", "6228000100000028", "6228000100000036"
OFFICE = Window(1, 0b0111111, 8 * 60, 18 * 60, *ALWAYS)  # Monday to Saturday
LATE = (
    Window(2, 0b1000000, 22 * 60, 1440, *ALWAYS),
    Window(2, 0b0000001, 0, 6 * 60, *ALWAYS),
)  # over a midnight
HOURS = (OFFICE,) + LATE  # noqa: RUF005


class Bytes:
    """A blob in memory."""

    def __init__(self, data):
        self.data, self.size = data, len(data)

    def read(self, at, count):
        return self.data[at : at + count]


class Strike:
    """An output that notes its levels; `gone`: it cannot be set."""

    def __init__(self):
        self.levels, self.gone = [], False

    def set(self, level):
        if self.gone:
            raise LinkLost("no pin")
        self.levels.append(level)

    def close(self):
        self.levels.append("closed")


LIST = allow_list.pack(3, bytes(8), HOURS, {PAN: 1, NIGHT: 2})


def a_door(**more):
    """(Stand, Strike, newest trade in a list)"""
    strike, made = Strike(), []

    def make(settings, parameters, clock, report):
        settings.more.update(more)
        relay = Relay(lambda: strike, 3000, clock)
        made.append(Access(settings, parameters, AllowList(Bytes(LIST)), relay, clock))
        return made[-1]

    return Stand("", make), strike, made


def open_card(pan, tells=True):
    card = SmallCard(pan)
    if tells:
        card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card


def test_door_should_open_for_those_on_the_list_in_their_hours():
    """TD-022: number read, no GPO: counter and money as before; each event is in the journal."""
    for pan, now, message, levels in (
        (PAN, (2026, 11, 21, 10, 15, 0), "access_granted", [1]),
        (PAN, (2026, 11, 21, 7, 59, 59), "outside_hours", []),
        (PAN, (2026, 11, 21, 8, 0, 0), "access_granted", [1]),
        (PAN, (2026, 11, 21, 18, 0, 0), "outside_hours", []),
        (PAN, (2026, 11, 22, 10, 0, 0), "outside_hours", []),  # a Sunday
        (NIGHT, (2026, 11, 22, 23, 59, 59), "access_granted", [1]),
        (NIGHT, (2026, 11, 23, 5, 59, 59), "access_granted", [1]),
        (NIGHT, (2026, 11, 23, 6, 0, 0), "outside_hours", []),
        (STRANGER, (2026, 11, 21, 10, 15, 0), "not_listed", []),
    ):
        stand, strike, _ = a_door()
        stand.clock.now = now
        card = open_card(pan)
        before = card.atc, card.balance_fen
        assert stand.tap(card)["message"] == message, (pan, now)
        assert (card.atc, card.balance_fen) == before and card.debits == []
        assert card.asked(0xA8) == 0 and strike.levels == levels
        kind, values = stand.records()[0]
        assert kind == ("event" if levels else "refused") and values["reason"] == message
        assert (values["direction"], values["reference"], values["amount_fen"]) == (1, 3, 0)
        assert stand.shown() == ("green" if levels else "red")


def test_card_that_hides_its_number_should_stay_outside():
    """TD-022: no other way is tried to read it."""
    stand, strike, _ = a_door()
    card = open_card(PAN, tells=False)
    assert stand.tap(card)["message"] == "number_unread"
    assert card.asked(0xA8) == 0 and strike.levels == [] and stand.records() == []


def test_strike_should_be_released_in_time_and_a_held_card_should_open_once():
    stand, strike, _ = a_door()
    assert len(stand.hold(open_card(PAN))) == 1 and strike.levels == [1]
    stand.clock.advance(2)
    stand.terminal.turn()
    assert strike.levels == [1]
    stand.clock.advance(1)
    stand.terminal.turn()
    assert strike.levels == [1, 0]
    stand.terminal.stop()
    stand.terminal.turn()
    assert strike.levels == [1, 0, 0, "closed"]


def test_same_card_should_not_be_let_in_twice_also_not_after_a_restart():
    """TD-067; the way out is another reader, with its own records."""
    stand, strike, _ = a_door(passback_s="600")
    card = open_card(PAN)
    assert stand.tap(card)["message"] == "access_granted"
    stand.clock.advance(300)
    assert stand.tap(card)["message"] == "passed_already"
    stand.restart()
    assert stand.tap(card)["message"] == "passed_already"
    stand.clock.advance(301)
    assert stand.tap(card)["message"] == "access_granted" and strike.levels.count(1) == 2
    stand, strike, _ = a_door(lane="out")
    assert stand.tap(card)["message"] == "access_granted"
    assert stand.records()[0][1]["direction"] == 2


def test_strike_that_is_gone_should_be_said_and_come_back():
    """TD-019: no card is served while the door cannot be opened."""
    stand, strike, _ = a_door()
    strike.gone = True
    assert stand.tap(open_card(PAN))["message"] == "access_granted"
    assert ("show", "Door out of order", 0) in stand.log
    assert stand.tap(open_card(PAN)) is None
    strike.gone = False
    stand.clock.advance(1)
    stand.terminal.turn()
    assert stand.tap(open_card(PAN))["message"] == "access_granted" and 1 in strike.levels


def test_list_with_a_flipped_bit_or_cut_short_should_be_refused():
    """TD-020: each byte counts."""
    assert AllowList(Bytes(LIST)).zone_of(NIGHT) == 2
    bad = [LIST[:at] for at in range(len(LIST))] + [LIST + b"\x00", b""]
    for at in range(len(LIST)):
        bad.append(LIST[:at] + bytes((LIST[at] ^ 0x10,)) + LIST[at + 1 :])
    for data in bad:
        try:
            AllowList(Bytes(data))
        except FormatError:
            continue
        raise AssertionError("taken: " + data.hex())


def test_every_card_of_a_long_list_should_be_found_and_no_other():
    zones = {"62280001%08d" % (7 * number): 1 + number % 2 for number in range(300)}
    listed = AllowList(Bytes(allow_list.pack(1, b"saltsalt", HOURS, zones)))
    for pan in zones:
        assert listed.zone_of(pan) == zones[pan]
    assert not [one for one in range(300) if listed.zone_of("62280001%08d" % (7 * one + 1))]


def test_list_that_cannot_be_should_not_be_packed():
    for windows, zones in (
        ((OFFICE,), {PAN: 2}),
        ((Window(1, 0, 0, 60, *ALWAYS),), {PAN: 1}),
        ((Window(1, 128, 0, 60, *ALWAYS),), {PAN: 1}),
        ((Window(1, 1, 60, 60, *ALWAYS),), {PAN: 1}),
        ((Window(1, 1, 60, 1441, *ALWAYS),), {PAN: 1}),
    ):
        try:
            allow_list.pack(1, bytes(8), windows, zones)
        except FormatError:
            continue
        raise AssertionError(windows)


def test_dated_hours_should_begin_and_end_with_their_days():
    """A pass of December 2026: from its first minute to its last."""
    first = calendar.day_number(2026, 12, 1)
    month = Window(1, 127, 0, 1440, first, first + 30)
    listed = AllowList(Bytes(allow_list.pack(1, bytes(8), (month,), {PAN: 1})))
    for day, minute, is_open in (
        (first - 1, 1439, False),
        (first, 0, True),
        (first + 30, 1439, True),
        (first + 31, 0, False),
    ):
        assert listed.is_open(1, day, minute) is is_open, (day, minute)
