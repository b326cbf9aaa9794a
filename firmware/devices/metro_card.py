# SPDX-License-Identifier: Apache-2.0
"""A metro gate whose trips lie in the card's own record (JR/T 0025.14 E.1.1): trip_card.py with
the metro's rules and prices.

The layout is the own profile's, T-Union's metro record names no stations. Settings: `trips: card`,
those of trip_card.py, and those of metro.py but store, store_blocks, twin and allow.
"""

from firmware.devices import metro_rules
from firmware.devices.card_trade import keys_from
from firmware.devices.trip_card import WORDS, TripCard


class MetroCard(TripCard):
    """One gate."""

    name, code, area = "metro", 1, "metro"
    uses_records = True
    words = metro_rules.WORDS + WORDS

    def __init__(self, settings, parameters, tariff, relay, clock, keys):
        """keys: card_trade.Keys. FormatError for settings that mean nothing."""
        rules = metro_rules.rules_from(settings.more)
        TripCard.__init__(self, settings, parameters, tariff, relay, clock, keys, rules)
        self.product = settings.more.get("product", "")
        self.adjust_s = metro_rules.adjust_s_from(settings.more)
        self.charges = settings.more.get("degraded") != "exit_free"

    def fare(self, values, pan):
        return metro_rules.priced(self, values, pan)


def make(settings, parameters, hal, clock, report):
    """Trade of a gate. FormatError for settings or tables that cannot be used."""
    from firmware.devices.access import open_relay  # when a unit is put together
    from firmware.devices.tariff import open_tables  # likewise

    keys = keys_from(settings.more)
    tariff = open_tables(settings, parameters, hal, report)
    return MetroCard(settings, parameters, tariff, open_relay(settings, hal, clock), clock, keys)
