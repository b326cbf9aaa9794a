# SPDX-License-Identifier: Apache-2.0
"""Subsidies of a canteen: how much, how often, and that they stand in the record and come back."""

from firmware.devices.buttons import Buttons
from firmware.devices.canteen import Canteen
from firmware.devices.day_book import DayBook
from firmware.devices.shop import COMMANDS
from firmware.devices.subsidy import Subsidies, rules_of
from firmware.errors import FormatError, LinkLost
from firmware.formats import allow_list
from firmware.formats.allow_list import ALWAYS, AllowList, Window
from firmware.formats.parameters import FareClass
from firmware.kernel import apdu, tags, tlv
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.devices.shop_stand import OTHER, PAN, Till
from tests.small_card import LAST, SmallCard

CLASSES = (FareClass("staff", "622800010000001", 100),)
TEACHER = "6228000100000036"
NOON = (2026, 11, 21, 12, 0, 0)  # a Saturday


class Blob:
    """Bytes in memory; `gone`: they cannot be read any more."""

    def __init__(self, data):
        self.data, self.size, self.gone = data, len(data), False

    def read(self, at, count):
        if self.gone:
            raise OSError("gone")
        return self.data[at : at + count]


def a_list():
    """Zone 2 has hours from eleven to two, zone 1 always."""
    hours = (Window(1, 127, 0, 1440, *ALWAYS), Window(2, 127, 660, 840, *ALWAYS))
    return Blob(allow_list.pack(7, bytes(8), hours, {TEACHER: 2, OTHER: 1}))


class ServingWindow(Till):
    """A canteen's window; rules: the setting `subsidy`; pins: buttons {input: meaning}."""

    def __init__(self, rules, console=True, pins=(), extra="", **more):
        self.rules, self.pins, self.blob = rules, pins, a_list()
        Till.__init__(
            self, "class: staff 622800010000001 100\nsame_card_s: 0\n" + extra, console, **more
        )

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock) if self.console else None
        rules = rules_of(self.rules, parameters.classes, parameters.ceiling_fen)
        subsidies = Subsidies(rules, parameters.classes, AllowList(self.blob))
        buttons = Buttons(self.pins) if self.pins else None
        book = DayBook() if line else None
        self.trade = Canteen(settings, parameters, clock, line, book, subsidies, buttons)
        return self.trade


def open_card(pan):
    card = SmallCard(pan)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card


def test_sum_should_be_given_as_often_as_said():
    """Once a day, 8.00 a month, at least 1 fen stays: each number of the rule."""
    rules = rules_of("staff=500,1,800", CLASSES, 100000)
    found = Subsidies(rules, CLASSES)
    sale = {"pan": bytes.fromhex(PAN), "psn": 0, "fare_class": "staff", "kind": 1}
    for now, full_fen, given_fen in (
        ((2026, 11, 29, 12, 0, 0), 1200, 500),
        ((2026, 11, 29, 13, 0, 0), 1200, 0),
        ((2026, 11, 30, 12, 0, 0), 200, 199),
        ((2026, 11, 30, 12, 0, 0), 1200, 0),
        ((2026, 12, 1, 12, 0, 0), 1200, 500),
        ((2026, 12, 2, 12, 0, 0), 1200, 300),
    ):
        assert found.grant(PAN, now, full_fen) == ("staff", given_fen), now
        date = "26%02d%02d" % now[1:3]
        values = dict(sale, date=date, full_fare_fen=full_fen, amount_fen=full_fen - given_fen)
        found.add(values)
    assert found.grant(OTHER, NOON, 1200) is None
    assert found.of(PAN, "261202") == (1, 800) and found.of(PAN, "261203") == (0, 800)
    found.add(dict(sale, date="261130", full_fare_fen=1200, amount_fen=700))  # of last month
    assert found.of(PAN, "261202") == (1, 800)


def test_percent_should_be_rounded_in_the_guests_favour_and_zones_have_hours():
    rules = rules_of("2:teacher=30%,2", CLASSES, 100000)
    found = Subsidies(rules, CLASSES, AllowList(a_list()))
    assert found.grant(TEACHER, NOON, 1005) == ("teacher", 1005 - 703)
    assert found.grant(TEACHER, (2026, 11, 21, 10, 59, 0), 1005) is None
    assert found.grant(TEACHER, (2026, 11, 21, 14, 0, 0), 1005) is None
    assert found.grant(OTHER, NOON, 1005) is None and found.grant(PAN, NOON, 1005) is None


def test_second_meal_should_count_and_hours_should_end_at_their_minute():
    """Two meals a day are two and no third; a list's hours begin and end within an hour."""
    found = Subsidies(rules_of("staff=500,2", CLASSES, 100000), CLASSES)
    sale = {"pan": bytes.fromhex(PAN), "psn": 0, "fare_class": "staff", "kind": 1}
    values = dict(sale, date="261121", full_fare_fen=1200, amount_fen=700)
    for given_fen in (500, 500, 0, 0):
        assert found.grant(PAN, NOON, 1200) == ("staff", given_fen)
        if given_fen:
            found.add(values)
    hours = (Window(2, 127, 690, 810, *ALWAYS),)  # 11:30 to 13:30
    listed = AllowList(Blob(allow_list.pack(7, bytes(8), hours, {TEACHER: 2})))
    found = Subsidies(rules_of("2:teacher=30%", CLASSES, 100000), CLASSES, listed)
    for hour, minute, second, open_then in ((11, 29, 59, False), (11, 30, 0, True),
                                            (13, 29, 0, True), (13, 30, 59, False)):  # fmt: skip
        granted = found.grant(TEACHER, (2026, 11, 21, hour, minute, second), 1000)
        assert (granted is not None) == open_then, (hour, minute)


def test_table_of_cards_should_hold_so_many_and_the_newest():
    found = Subsidies(rules_of("staff=500", CLASSES, 100000), CLASSES)
    values = {"date": "261121", "fare_class": "staff", "full_fare_fen": 900, "amount_fen": 400}
    for number in range(510):
        found.add(dict(values, pan=bytes.fromhex("62280001%08d" % number)))
    assert len(found.rows) == 500 * 14
    assert found.of("6228000100000509", "261121") == (1, 500)
    assert found.of("6228000100000009", "261121") == (0, 0)


def test_rules_that_cannot_be_should_be_refused():
    assert rules_of("", CLASSES, 1000) == ()
    for bad in (
        "staff", "staff=", "staff=0", "staff=0%", "staff=100%", "staff=1001", "nobody=5",
        "staff=5,256", "staff=5,1,1,1", "0:teacher=5", "256:teacher=5", "1:=5", "staff=5 staff=6",
        "1:%s=5" % ("x" * 17), "staff=-5", "staff=5,,5",
    ):  # fmt: skip
        try:
            rules_of(bad, CLASSES, 1000)
        except FormatError:
            continue
        raise AssertionError(bad)


def test_subsidy_should_stand_in_the_record_and_hold_over_a_restart():
    till = ServingWindow("staff=500,1", price_fen="1200")
    till.stand.clock.now = NOON
    card = open_card(PAN)
    assert till.tap(card) == "concession" and card.balance_fen == 10000 - 700
    values = till.stand.records()[-1][1]
    assert (values["full_fare_fen"], values["amount_fen"], values["fare_class"]) == (
        1200, 700, "staff",
    )  # fmt: skip
    assert till.trade.book.classes == {"staff": [1, 700, 500]}
    till.stand.restart()
    till.stand.clock.advance(61)
    assert till.tap(card) == "ok" and card.balance_fen == 10000 - 1900
    assert till.stand.records()[-1][1]["fare_class"] == "staff"  # who, though nothing was given
    till.stand.clock.now = (2026, 11, 22, 12, 0, 0)
    till.stand.terminal.turn()  # the day cut
    assert till.type("on 8").startswith("ok")
    assert till.tap(card) == "concession"


def test_torn_meal_should_be_subsidised_once():
    till = ServingWindow("staff=500,1", price_fen="1200")
    till.stand.clock.now = NOON
    card = open_card(PAN)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert till.tap(card) == "last_record_lost"
    assert till.trade.subsidies.of(PAN, "261121") == (0, 0)
    assert till.tap(card) == "torn_recovered" and card.balance_fen == 10000 - 700
    assert till.trade.subsidies.of(PAN, "261121") == (1, 500)
    till.stand.restart()
    assert till.trade.subsidies.of(PAN, "261121") == (1, 500)
    till.stand.clock.advance(61)
    assert till.tap(card) == "ok" and len(card.debits) == 2


def test_card_that_hides_its_number_should_be_asked_twice_and_get_its_subsidy():
    till = ServingWindow("staff=500,1", price_fen="1200")
    till.stand.clock.now = NOON
    card = SmallCard(PAN)
    assert till.tap(card) == "fare_changed" and card.debits == []
    assert till.tap(card) == "concession" and card.balance_fen == 10000 - 700


def test_list_that_cannot_be_read_should_serve_nobody_at_the_full_price():
    till = ServingWindow("2:teacher=30%", price_fen="1000")
    till.stand.clock.now = NOON
    till.blob.gone = True
    card = open_card(TEACHER)
    assert till.tap(card) == "list_fault" and card.debits == []
    till.blob.gone = False
    assert till.tap(card) == "concession" and card.balance_fen == 10000 - 700


class Contact:
    """An input that is set by hand; `gone`: it cannot be read."""

    def __init__(self):
        self.level, self.gone = 0, False

    def get(self):
        if self.gone:
            raise LinkLost("no pin")
        return self.level

    def close(self):
        self.level = None


def test_buttons_should_make_a_tray_that_is_forgotten_when_nobody_pays():
    pins = [(Contact(), 1), (Contact(), 2), (Contact(), "clear")]
    till = ServingWindow("", console=False, pins=pins, menu="1=1200 2=850")
    assert till.tap(SmallCard(PAN)) is None and till.trade.offer().message == "choose_dish"

    def press(at, turns=2):
        pins[at][0].level = 1
        for _ in range(turns):
            till.stand.terminal.turn()
        pins[at][0].level = 0
        for _ in range(2):
            till.stand.terminal.turn()

    press(0, 1)  # a bounce
    assert till.trade.asked_fen == 0
    press(0, 5)
    press(1)
    assert till.trade.asked_fen == 2050
    press(2)
    assert till.trade.asked_fen == 0
    press(1)
    till.stand.clock.advance(59)
    till.stand.terminal.turn()
    assert till.trade.asked_fen == 850
    till.stand.clock.advance(2)
    till.stand.terminal.turn()
    assert till.trade.asked_fen == 0
    press(1)
    card = SmallCard(PAN)
    assert till.tap(card) == "ok" and card.balance_fen == 10000 - 850
    pins[0][0].gone = True
    press(0)
    assert till.trade.asked_fen == 0
    till.stand.terminal.stop()
    till.stand.terminal.turn()
    assert pins[1][0].level is None


def test_window_at_which_nothing_could_be_asked_should_not_start():
    try:
        ServingWindow("", console=False, menu="1=1200")
    except FormatError:
        return
    raise AssertionError("it started")
