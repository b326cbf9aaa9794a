# SPDX-License-Identifier: Apache-2.0
"""Canteen: a till (shop.py) of meals, part of which an employer or a school pays for.

A tray of dishes is keyed, pressed on buttons, or has always the same price. Who is subsidised
pays less: `full_fare_fen` less `amount_fen` of a sale is what is billed for the class that
`fare_class` names, and nothing but what stands in records counts (subsidy.py). Limits hold over a
restart; a torn tap counts once, when it is settled, and one that stays pending not at all.

| setting | value |
|---|---|
| subsidy | staff=500,1,11000 2:teacher=30%,2: who, how much, how often (subsidy.py) |
| allow | path of the allow list that the zones are of; signed where `authority` is set |
| buttons | b1=1 b2=2 b0=clear: inputs of a window without a cashier, a dish of the menu each |
| console, price_fen, menu, categories, meals, meal_taps, day_fen | as of shop.py |
"""

from firmware.devices import subsidy, window
from firmware.devices.buttons import CLEAR
from firmware.devices.keypad import open_console
from firmware.devices.shop import COMMANDS, PAID, Shop
from firmware.devices.trade import Charge, Offer
from firmware.errors import FormatError

CHOSEN_S = 60  # what was pressed and not paid is forgotten


class Canteen(Shop):
    """One window."""

    name, code = "canteen", 0
    words = (
        Shop.words
        + """choose_dish|blue||请选择菜品|Choose a dish|
list_fault|red|no|名单故障 请用其他方式|List fault: use other means|210
concession|green|double|补贴后付{fare}元 余额{balance}元|Paid {fare} with subsidy|211
"""
    )

    def __init__(self, settings, parameters, clock, line, book, subsidies, buttons=None):
        """subsidies: Subsidies; buttons: Buttons, None without; the others as of Shop."""
        self.subsidies, self.buttons = subsidies, buttons
        self.moment = None  # of the card that is there
        Shop.__init__(self, settings, parameters, clock, line, book)
        self.chosen = window.opened(clock, 0)

    def _needs_keys(self):
        if not (self.line or self.price_fen or self.buttons):
            raise FormatError("`console`, `buttons` or `price_fen` is missing")

    def restore(self, recent):
        Shop.restore(self, recent)
        if self.subsidies.rules:
            self.subsidies.restore(recent, self.house.stamp.digits()[0])

    def turn(self):
        Shop.turn(self)
        if not self.buttons:
            return
        for meaning in self.buttons.turn():
            if not self.house.busy():
                self._press(meaning)
        is_left = self.rule == "menu" and window.left_ms(self.clock, self.chosen) <= 0
        if is_left and not self.line and not self.house.busy():
            self._cancel()

    def offer(self):
        offer = Shop.offer(self)
        waits = offer.message == "key_amount" and not self.line
        return Offer("choose_dish", None, False) if waits else offer

    def reads_first(self):
        return bool(self.subsidies.rules) or Shop.reads_first(self)

    def begin(self):
        Shop.begin(self)
        self.moment = self.clock.local_now()

    def charge(self, pan):
        full_fen, rule = self.frozen[:2]
        granted = self._grant(pan, full_fen) if pan and full_fen else None
        if not granted:
            return Shop.charge(self, pan)
        return Charge(full_fen - granted[1], full_fen, granted[0], rule, 1)

    def refuse(self, pan, psn):
        if self.moment and self._grant(pan, 1) == ():
            return "list_fault"  # nobody pays the full price because a list cannot be read
        return Shop.refuse(self, pan, psn)

    def after(self, sold):
        Shop.after(self, sold)
        if sold.outcome.outcome in PAID:
            self.subsidies.add(sold.values)

    def close(self):
        Shop.close(self)
        if self.buttons:
            self.buttons.close()

    def _grant(self, pan, full_fen):
        """(name, fen), None where nobody pays for this card, () where the list cannot be read."""
        try:
            return self.subsidies.grant(pan, self.moment, full_fen)
        except (OSError, FormatError):
            return ()

    def _press(self, meaning):
        self.chosen = window.opened(self.clock, CHOSEN_S)
        if meaning == CLEAR:
            self._cancel()
        else:
            self._item(meaning)


def make(settings, parameters, hal, clock, report):
    """Trade of a canteen's window. FormatError for settings or a list that cannot be used."""
    from firmware.devices.access import open_list  # where a list says who is subsidised
    from firmware.devices.buttons import open_buttons  # windows without a cashier
    from firmware.devices.day_book import DayBook  # of tills with a day report
    from firmware.devices.menus import menu_of  # the buttons' dishes

    more = settings.more
    rules = subsidy.rules_of(more.get("subsidy", ""), parameters.classes, parameters.ceiling_fen)
    allowed = open_list(settings, hal) if "allow" in more else None
    if allowed is None and [one for one in rules if one.zone]:
        raise FormatError("`subsidy` has zones: `allow` is missing")
    line = open_console(settings, hal, clock, COMMANDS) if "console" in more else None
    buttons = None
    if "buttons" in more:
        menu = menu_of(more.get("menu", ""), parameters.ceiling_fen)
        buttons = open_buttons(more["buttons"], menu, hal)
    book = DayBook() if line else None
    subsidies = subsidy.Subsidies(rules, parameters.classes, allowed)
    return Canteen(settings, parameters, clock, line, book, subsidies, buttons)
