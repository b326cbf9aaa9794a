# SPDX-License-Identifier: Apache-2.0
"""A canteen: one price, meals with hours, limits for each card, staff for less."""

from firmware.devices.menus import meals_of, menu_of
from firmware.errors import FormatError
from tests.devices.shop_stand import OTHER, PAN, Till
from tests.small_card import SmallCard

MEALS = "0600-0930 1100-1330 1700-1900"


def at(till, hour, minute, day=21):
    till.stand.clock.now = (2026, 11, day, hour, minute, 0)


def test_one_price_should_be_sold_to_each_card_once():
    """TD-005: a second tap inside the guard is no second meal."""
    till = Till("class: staff 622800010000002 50", console=False, price_fen="1200")
    card, staff = SmallCard(PAN), SmallCard(OTHER)
    assert till.tap(card) == "ok" and till.tap(card) == "already_paid"
    assert till.tap(staff) == "fare_changed"  # its number is not told freely: a guess at first
    assert till.tap(staff) == "concession" and staff.balance_fen == 9400
    assert len(card.debits) == 1 and till.stand.kinds() == ["approved", "approved"]


def test_meal_should_be_sold_in_its_hours_and_as_often_as_allowed():
    till = Till("same_card_s: 0", console=False, price_fen="1000", meals=MEALS, meal_taps="1")
    card = SmallCard(PAN)
    for hour, minute, message in (
        (10, 59, None),
        (11, 0, "ok"),
        (13, 29, "meal_taken"),
        (13, 30, None),
        (17, 0, "ok"),
    ):
        at(till, hour, minute)
        assert till.tap(card) == message, (hour, minute)
    till.stand.restart()
    assert till.tap(card) == "meal_taken" and till.tap(SmallCard(OTHER)) == "ok"
    at(till, 11, 0, day=22)
    assert till.tap(card) == "ok" and len(card.debits) == 3


def test_day_limit_should_hold_over_a_restart():
    till = Till("same_card_s: 0", console=False, price_fen="400", day_fen="1000")
    card = SmallCard(PAN)
    assert [till.tap(card) for _ in range(3)] == ["ok", "ok", "day_limit"]
    till.stand.restart()
    assert till.tap(card) == "day_limit" and len(card.debits) == 2
    at(till, 0, 0, day=22)
    assert till.tap(card) == "ok"


def test_spending_should_hold_so_many_cards_and_the_newest():
    till = Till(console=False, price_fen="400", day_fen="1000")
    spending = till.trade.spending
    values = {"date": "261121", "time": "120000", "amount_fen": 600, "psn": 0}
    for number in range(520):
        values["pan"] = bytes.fromhex("62280001%08d" % number)
        spending.add(values)
    assert len(spending.rows) == 500 * 14
    assert spending.of("6228000100000519", 0, "261121", 0) == (1, 600)
    assert spending.of("6228000100000019", 0, "261121", 0) == (0, 0)
    assert spending.of("6228000100000519", 0, "261122", 0) == (0, 0)


def test_menu_and_meals_that_cannot_be_should_be_refused():
    assert menu_of("1=1200 2=850", 10000) == {1: 1200, 2: 850}
    assert meals_of(MEALS)[2] == ("1700", "1900")
    for bad in ("x=1", "1", "1=", "=5", "0=5", "1=0", "1=10001", "1=-5"):
        refuses(menu_of, bad, 10000)
    for bad in (
        "0600",
        "0600-",
        "0930-0600",
        "0660-0700",
        "0600-2401",
        "1100-1200 0600-0700",
        "a-b",
    ):
        refuses(meals_of, bad)


def refuses(read, *text):
    try:
        read(*text)
    except FormatError:
        return
    raise AssertionError(text)
