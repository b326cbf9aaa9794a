# SPDX-License-Identifier: Apache-2.0
"""What a till's settings say of dishes, categories and meals. FormatError for what cannot be."""

from firmware.devices import options, tray
from firmware.errors import FormatError


def menu_of(text, ceiling_fen):
    """Dict dish number -> fen of `1=1200,Noodles 2=850`."""
    menu = {}
    for word in text.split():
        dish, _, rest = word.partition("=")
        number = options.number({"menu": dish}, "menu", 0, 1, 99)
        fen = rest.partition(",")[0]
        menu[number] = options.number({"menu": fen}, "menu", 0, 1, ceiling_fen)
    return menu


def names_of(menu, categories):
    """{(kind of tray.py, number): name} of the settings `menu` and `categories`."""
    names = {}
    for word in menu.split():
        dish, _, name = word.partition(",")
        if name:
            number = options.number({"menu": dish.partition("=")[0]}, "menu", 0, 1, 99)
            names[(tray.DISHES, number)] = name
    for word in categories.split():
        number, _, name = word.partition("=")
        number = options.number({"categories": number}, "categories", 0, 1, 99)
        names[(tray.KEYED, number)] = name
    return names


def meals_of(text):
    """[(HHMM, HHMM)] of `0600-0930 1100-1330`."""
    meals = []
    for word in text.split():
        begins, _, ends = word.partition("-")
        for one in (begins, ends):
            if len(one) != 4 or options.number({"meals": one}, "meals", 0, 0, 2400) % 100 > 59:
                raise FormatError("`meals: %s`: a meal is HHMM-HHMM" % word)
        if begins >= ends or (meals and begins < meals[-1][1]):
            raise FormatError("`meals: %s`: from early to late, none over midnight" % word)
        meals.append((begins, ends))
    return meals
