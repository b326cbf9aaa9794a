# SPDX-License-Identifier: Apache-2.0
"""A toll lane whose trips lie in the card's own record (JR/T 0025.14 E.1.3): trip_card.py with the
rules and prices of toll_rules.py.

Station, lane, moment and vehicle class are stamped at the entry; an exit stamps the class that it
saw, so that the images before and after in its record say both (QX-044, QX-046).
"""

from firmware.capp import trip as rules_of_trips
from firmware.devices import toll_rules
from firmware.devices.card_trade import keys_from
from firmware.devices.card_words import ROWS
from firmware.devices.toll_booth import open_booth
from firmware.devices.trip_card import TripCard

WORDS = (
    toll_rules.WORDS
    + ROWS
    + """entry_missing|red|no|无入口记录 请询问|No entry: ask collector|172
exit_missing|red|no|无出口记录 请询问|No exit before: ask collector|171
record_foreign|red|no|非本路网 请询问|Foreign record: ask collector|178
"""
)


class TollCard(TripCard):
    """One lane."""

    name, code, area = "toll", 0x0C, "toll"
    uses_records = True
    words = WORDS

    def __init__(self, settings, parameters, tariff, booth, clock, keys):
        """booth: Booth; keys: card_trade.Keys. FormatError for settings that mean nothing."""
        self.toll = toll_rules.rules_from(settings.more)
        TripCard.__init__(self, settings, parameters, tariff, booth, clock, keys, self.toll.trips)
        self.once = rules_of_trips.Rules(*((-1,) + tuple(self.toll.trips)[1:]))  # no re-tap
        self.product = toll_rules.product_fits(settings.more.get("product", ""))
        self.console, self.vehicle_class = booth.console, 0

    def attach(self, house):
        TripCard.attach(self, house)
        self.relay.attach(house)

    def offer(self):
        return self.relay.offer(TripCard.offer(self))

    def begin(self):
        TripCard.begin(self)
        self.vehicle_class = self.relay.vehicle_class

    def trip_of(self, pages, pan):
        """Trip or word; a card whose vehicle has driven off opens for no second one (QX-042)."""
        self.rules = self.once if self.relay.has_gone(pan) else self.toll.trips
        return TripCard.trip_of(self, pages, pan)

    def fare(self, values, pan):
        return toll_rules.priced(self, values, pan)

    def extra(self):
        seen = self.vehicle_class
        return {"vehicle_class": seen} if seen or not self.leaves else {}

    def onto(self, values):
        TripCard.onto(self, values)
        values["reference"] = self.vehicle_class

    def after(self, sold):
        self.relay.serves(sold)
        TripCard.after(self, sold)


def make(settings, parameters, hal, clock, report):
    """Trade of a lane. FormatError for settings or tables that cannot be used."""
    from firmware.devices.tariff import open_tables  # when a unit is put together

    keys = keys_from(settings.more)
    tariff = open_tables(settings, parameters, hal, report)
    booth = open_booth(settings, hal, clock)
    return TollCard(settings, parameters, tariff, booth, clock, keys)
