# SPDX-License-Identifier: Apache-2.0
"""A lane of a car park whose stays lie in the card's own record (JR/T 0025.14 E.1.2, QX-047):
trip_card.py with the prices of a car park.

The entry stamps lane and moment; the exit prices by time. A pay station (`lane: pay`, also an
attendant's handheld reader) prices as an exit does and leaves the car inside, as PAID: the exit
then stamps it out for nothing within the time to leave, for the rest of the price behind it. The
record's amount is all that the stay has cost. Settings: `trips: card`, those of trip_card.py, and

| setting | value |
|---|---|
| lane | entry, exit or pay |
| product, fares, allow, door, pulse_ms, vehicle_class | as of parking.py |
| missing_entry | maximum: the tariff's price of a lost entry (default); refuse |
| missing_exit | refuse: a card that is inside does not enter (default); replace |
| passes | none (default); card: passes are records of the card, too (parking_pass.py) |
"""

from firmware.capp import trip as rules_of_trips
from firmware.capp.layouts import CLOSED, INSIDE, PAID
from firmware.devices import options, parking_rules
from firmware.devices.card_trade import keys_from
from firmware.devices.trip_card import TripCard
from firmware.fares.trip import Fare


class ParkingCard(TripCard):
    """One lane, or a pay station."""

    name, code, area = "parking", 7, "parking"
    uses_records = True
    lanes = parking_rules.LANES
    words = parking_rules.WORDS + parking_rules.CARD_ROWS

    def __init__(self, settings, parameters, tariff, passes, relay, clock, keys):
        """passes: AllowList or None; keys: card_trade.Keys. FormatError for settings that mean
        nothing.
        """
        more = settings.more
        TripCard.__init__(self, settings, parameters, tariff, relay, clock, keys, rules_from(more))
        self.product, self.passes = more.get("product", ""), passes
        self.is_pay = more["lane"] == "pay"
        self.vehicle_class = options.number(more, "vehicle_class", 0, 0, 255)

    def idle_message(self):
        return "lane_pay" if self.is_pay else TripCard.idle_message(self)

    def fare(self, values, pan):
        """(word, Fare) as of TripCard: by the moments on the card (QX-047)."""
        now, state = self.moment(), values["state"]
        if self._is_elsewhere(values):
            return "record_foreign", None
        if state == PAID:
            return self._fare_of_paid(values, pan)
        if state == CLOSED and self._is_own(values):
            return LET_AGAIN
        if self.is_pay and state != INSIDE:
            return "no_entry", None
        word, how = rules_of_trips.leaving(values, self.here(), now, self.rules)
        if word:
            return word, None
        if parking_rules.has_pass(self.passes, pan, self.now):
            return ("pass_valid", None) if self.is_pay else ("", _nothing("month"))
        began = values["entry_time"] if how == rules_of_trips.BY_TRIP else None
        return self._due(parking_rules.stay(self, began, pan))

    def _is_elsewhere(self, values):
        """True for a car that stands in another car park, by its card: its hours are none of ours,
        and what it has paid there opens nothing here.
        """
        here, is_open = self.here(), values["state"] in (INSIDE, PAID)
        there = values["operator"], values["entry_line"]
        own = there == (here.operator, here.line)
        return is_open and (not own or rules_of_trips.is_foreign(values, here))

    def _fare_of_paid(self, values, pan):
        """Of who has paid and is inside: nothing within the time to leave, then the rest."""
        for side in ("entry_time", "exit_time"):
            fault = rules_of_trips.stamp_fault(values[side], self.moment(), self.rules)
            if fault:
                return fault, None
        passed_s = rules_of_trips.seconds_since(values["exit_time"], self.moment())
        if passed_s <= parking_rules.leave_s(self):
            return LET_AGAIN if self.is_pay else ("", _nothing("prepaid"))
        fare = parking_rules.stay(self, values["entry_time"], pan)
        return self._due(parking_rules.rest_of(fare, values["amount_fen"]))

    def _due(self, fare):
        """(word, Fare): a pay station stamps nobody out of whom it takes nothing."""
        if fare and not fare.amount_fen and self.is_pay:
            return "free_exit", None
        return "", fare

    def _is_own(self, values):
        """True for who was let out here and is still in front of the barrier (QX-042)."""
        passed_s = rules_of_trips.seconds_since(values["exit_time"], self.moment())
        here = values["exit_gate"] == self.here().gate
        within = passed_s is not None and passed_s <= parking_rules.leave_s(self)
        return here and within and passed_s >= -self.rules.ahead_s

    def written(self, values, fare):
        """Fields of who leaves or pays: what the stay has cost until now is added up."""
        before_fen = values["amount_fen"] if values["state"] == PAID else 0
        fields = TripCard.written(self, values, fare)
        fields["amount_fen"] = before_fen + fare.amount_fen
        if self.is_pay:
            fields["state"] = PAID
        return fields

    def extra(self):
        return {} if self.leaves else {"vehicle_class": self.vehicle_class}

    def onto(self, values):
        TripCard.onto(self, values)
        if self.is_pay:
            values["direction"] = 0  # nobody drives there

    def thanks(self, charge, balance_fen=None):
        if charge.amount_fen == 0 and charge.rule in RULES:
            return RULES[charge.rule]
        return TripCard.thanks(self, charge, balance_fen)


LET_AGAIN = ("re_exit", None)  # of fare(): let through, not charged
RULES = {"month": "pass_valid", "prepaid": "prepaid"}


def _nothing(rule):
    return Fare(0, 0, "", rule, 1, 0)


def rules_from(more):
    """Rules (firmware/capp/trip.py) of the settings: a stay has no end but the tariff's, and one
    lane may be entry and exit. FormatError.
    """
    plain = rules_of_trips.DEFAULT
    entry_missing = options.word(more, "missing_entry", "maximum", ("maximum", "refuse"))
    exit_missing = options.word(more, "missing_exit", "refuse", ("refuse", "replace"))
    return rules_of_trips.Rules(
        plain.grace_s,
        plain.ahead_s,
        plain.longest_s,
        0,
        "refuse" if exit_missing == "refuse" else "forget",
        "refuse" if entry_missing == "refuse" else "most",
        "fare",
        "fare",
    )


def make(settings, parameters, hal, clock, report, kind=ParkingCard):
    """Trade of a lane of class `kind`. FormatError for settings or tables that cannot be used."""
    from firmware.devices.access import open_list  # when a unit is put together
    from firmware.devices.parking_rules import open_barrier  # likewise
    from firmware.devices.tariff import open_tables  # likewise

    keys = keys_from(settings.more)
    tariff = open_tables(settings, parameters, hal, report)
    passes = open_list(settings, hal) if "allow" in settings.more else None
    relay = open_barrier(settings, hal, clock)
    return kind(settings, parameters, tariff, passes, relay, clock, keys)
