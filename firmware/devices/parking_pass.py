# SPDX-License-Identifier: Apache-2.0
"""A lane of a car park whose passes are records of the card, too (`trips: card`, `passes: card`):
parking_card.py with the rules of firmware/capp/passes.py (QX-066, QX-067).

A pass is asked for where something would have to be paid, and pays before the card does: of days
the price at its first use in each period and nothing then, of rides its share for each stay. It
holds for a stay that begins and ends within one run of its hours, at its car park, on its days.
Its use becomes final with the stamp of the exit, or neither does (QX-029). The entry asks for no
least balance where the pass will owe nothing, and tells who has one that does not hold, so that
nobody is surprised at the exit, which then asks for the tariff's price. A pass that is locked, of
another kind or no record at all refuses the card, as at a bus.

| setting | value |
|---|---|
| passes | card; none (default): parking_card.py alone |
| line | number of the car park, as passes name it |
"""

from firmware.capp import layouts
from firmware.capp.trip import head_fault
from firmware.devices import card_pass, parking_card
from firmware.devices.parking_card import ParkingCard
from firmware.devices.trade import OWN, Charge, Trip
from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.fares.trip import Fare
from firmware.kernel.capp import DEDUCTION, NOT_IN_USE

SFI, AREA_ID, _, LAYOUT = layouts.OWN["parking_pass"]
PAY_ALL = "no_tariff"  # of a lane without a price: a pass needs none


class ParkingPass(ParkingCard):
    """One lane, or a pay station."""

    def wants(self, selected):
        return ParkingCard.wants(self, selected) + ((SFI, AREA_ID, NOT_IN_USE),)

    def trip_of(self, pages, pan):
        """Trip, or the word of what stops this card: as without a pass, unless that costs."""
        trip = ParkingCard.trip_of(self, pages, pan)
        is_word = isinstance(trip, str)
        if len(pages) < 2 or (is_word and trip != PAY_ALL):
            return trip
        if self.leaves and not is_word and not trip.charge.amount_fen:
            return trip  # free minutes, paid at the pay station, on the list
        try:
            return self._with_pass(trip, pages)
        except FormatError:
            return "stamp_bad"

    def _with_pass(self, trip, pages):
        """What becomes of a Trip, or of PAY_ALL, by the pass of this card."""
        stay = layouts.read(self.layout, pages[0].data)
        held = card_pass.fields_of(pages[1], LAYOUT, self.city)
        if held is None or not self._is_here(held):
            return trip
        if head_fault(held):
            return head_fault(held)
        came = stay["entry_time"] if self.leaves else self.moment()
        known = not self.leaves or stay["state"] in (layouts.INSIDE, layouts.PAID)
        word = hours_fault(held, came, self.moment()) if known else "pass_unused"
        use = None
        if not word:
            word, use = card_pass.use_of(pages[1], LAYOUT, held, self.moment())
        if not self.leaves:
            return _entered(trip, word, use)
        if word:
            return trip
        return "pass_valid" if self.is_pay else self._left(trip, pages, stay, use)

    def _is_here(self, held):
        """True for a pass of this car park, or of all that its operator has."""
        return held["operator"] == self.operator and held["place"] in (0, self.settings.line)

    def _left(self, trip, pages, stay, use):
        """Trip of who leaves on his pass: the stamp of the exit, and the use of the pass."""
        full_fen = 0 if isinstance(trip, str) else trip.charge.full_fare_fen
        charge = use.charge(full_fen)
        fare = Fare(charge.amount_fen, full_fen, charge.fare_class, charge.rule, 1, 0)
        left = self._trip(charge, pages[0], self.written(stay, fare), None)
        return Trip(charge, DEDUCTION, left.changes + (use.change,), None, OWN)  # noqa: RUF005

    def thanks(self, charge, balance_fen=None):
        if not self.leaves and charge.rule != "entry":
            return "entered_pays"
        if charge.fare_class == "pass":
            return "pass_ride" if charge.amount_fen else "pass_valid"
        return ParkingCard.thanks(self, charge, balance_fen)


def _entered(trip, word, use):
    """Trip of an entry: without a least balance for a pass that will owe nothing; the rule of the
    record says why one does not hold.
    """
    least_fen = trip.least_fen if word or use.amount_fen else None
    charge = Charge(0, 0, "", word, 1) if word else trip.charge
    return Trip(charge, DEDUCTION, trip.changes, least_fen, OWN)


def hours_fault(held, came, now):
    """Why a pass does not hold for a whole stay, "" where it does: from its first day on, within
    one run of its hours.
    """
    began, ended = calendar.moment(came), calendar.moment(now)
    if began is None or ended is None:
        return "stamp_bad"
    if came[0] * 10000 + came[1] * 100 + came[2] < held["from_day"]:
        return "pass_early"
    opens, closes = held["from_hhmm"], held["until_hhmm"]
    if opens == closes:
        return ""
    if max(opens % 100, closes % 100) > 59 or max(opens, closes) > 2400:
        return "pass_unknown"
    opens, closes = [one // 100 * 60 + one % 100 for one in (opens, closes)]
    minute, day = began[1] // 60, began[0]
    if opens > closes and minute >= opens:
        day += 1  # over midnight: this run ends tomorrow
    elif minute >= closes or (opens < closes and minute < opens):
        return "pass_hours"
    over_s = calendar.seconds_between((day, 60 * closes), ended)
    return "" if over_s <= 0 else "pass_hours"


def make(settings, parameters, hal, clock, report):
    """Trade of a lane. FormatError for settings, tables or lists that cannot be used."""
    return parking_card.make(settings, parameters, hal, clock, report, ParkingPass)
