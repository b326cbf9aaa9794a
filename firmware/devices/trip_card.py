# SPDX-License-Identifier: Apache-2.0
"""TripCard: a lane whose trips lie in the card's own record (JR/T 0025.14 E.1).

All that can refuse a card is decided from its record before the GPO (QX-016); the stamp and what
is paid become final together (card_records.py). An entry costs nothing and may ask for a least
balance, an exit is priced by the record's entry. A card that was stamped here a moment ago and
did not pass is let through and not stamped again (QX-042). Settings beside those of
card_trade.py:

| setting | value |
|---|---|
| lane | entry or exit |
| least_fen | balance that an entry asks for |
"""

from firmware.capp import layouts
from firmware.capp import trip as rules_of_trips
from firmware.capp.layouts import CLOSED
from firmware.devices import options
from firmware.devices.card_trade import CardTrade, changed
from firmware.devices.card_words import ROWS
from firmware.devices.trade import OWN, Charge, Offer, Trade, Trip
from firmware.errors import FormatError
from firmware.formats import record
from firmware.kernel.capp import DEDUCTION

ENTERED = Charge(0, 0, "", "entry", 1)
LOOK_BACK = 256  # records among which a tap is looked for that was never settled
LET = ("re_entry", "free_exit", "pass_valid")  # of a card that is not debited
# rows of the panel beside card_words.ROWS and those of the trade
WORDS = (
    ROWS
    + """entry_missing|red|no|无进站记录 请到服务台|No entry: service desk|152
exit_missing|red|no|未出站 请到服务台|No exit before: service desk|152
record_foreign|red|no|非本系统 请到服务台|Foreign record: service desk|152
"""
)


class TripCard(CardTrade):
    """One lane; a subclass names its `area` of layouts.OWN and prices who leaves."""

    area = ""
    lanes = ("entry", "exit")

    def __init__(self, settings, parameters, tariff, relay, clock, keys, rules):
        """rules: firmware.capp.trip.Rules. FormatError for settings that mean nothing."""
        CardTrade.__init__(self, settings, parameters, clock, keys)
        self.leaves = options.word(settings.more, "lane", "", self.lanes) != "entry"
        self.sfi, self.area_id, _, self.layout = layouts.OWN[self.area]
        self.writes = (self.sfi,)
        self.least_fen = options.number(settings.more, "least_fen", 0, 0, 100000)
        self.rules, self.tariff, self.relay = rules, tariff, relay

    def fare(self, values, pan):
        """(word, firmware.fares.trip.Fare) of who leaves with these fields of a trip; the Fare is
        None where a word keeps the card in, or where nobody has a price.
        """
        return "no_tariff", None

    def extra(self):
        """Fields that this lane writes beside those of every trip."""
        return {}

    def written(self, values, fare):
        """Fields of who leaves with these fields of a trip and pays that Fare."""
        return rules_of_trips.left(self.here(), self.moment(), fare.amount_fen)

    def turn(self):
        self.relay.turn()

    def offer(self):
        fault = "door_fault" if self.relay.fault else ""
        return Offer(fault or self.idle_message(), None, not fault)

    def idle_message(self):
        """What stands on the panel while nobody is there."""
        return "lane_exit" if self.leaves else "lane_entry"

    def wants(self, selected):
        return ((self.sfi, self.area_id),)

    def trip_of(self, pages, pan):
        """Trip, or the word of what stops this card (QX-012, QX-043..046)."""
        try:
            values = layouts.read(self.layout, pages[0].data)
            fault = rules_of_trips.head_fault(values)
            if fault:
                return fault
            if self.leaves:
                return self._leave(values, pages[0], pan)
            return self._enter(values, pages[0])
        except FormatError:
            return "stamp_bad"

    def _enter(self, values, page):
        if rules_of_trips.is_foreign(values, self.here()):
            return "record_foreign"  # not written over: what is due there nobody here knows
        word = rules_of_trips.entry(values, self.here(), self.moment(), self.rules)
        if word:
            return word
        fields = rules_of_trips.entered(self.here(), self.moment())
        return self._trip(ENTERED, page, fields, self.least_fen or None)

    def _leave(self, values, page, pan):
        if values["state"] == CLOSED and self._may_have_paid(values, pan):
            return "re_entry"
        word, fare = self.fare(values, pan)
        if fare is None:
            return "re_entry" if word == "re_exit" else word or "no_tariff"
        charge = Charge(fare.amount_fen, fare.full_fen, fare.fare_class, fare.rule, 1)
        return self._trip(charge, page, self.written(values, fare), None)

    def _may_have_paid(self, values, pan):
        """True of who was stamped out here by a tap that was torn and never settled, however long
        ago: it stands as pending, and he has not been let through since (QX-042).
        """
        journal, number = self.house.journal, values["exit_number"]
        if values["exit_gate"] != self.settings.terminal:
            return False
        for sequence, one in record.readable(journal.backwards()):
            if one["reason"] == "re_entry" and record.pan_digits(one["pan"]) == pan:
                return False
            if sequence == number:
                return one["kind"] == record.PENDING and record.pan_digits(one["pan"]) == pan
            if sequence <= journal.next - LOOK_BACK:
                break
        return False

    def _trip(self, charge, page, fields, least_fen):
        fields.update(self.extra())
        change = changed(page, self.layout, fields)
        return Trip(charge, DEDUCTION, (change,), least_fen, OWN)

    def onto(self, values):
        Trade.onto(self, values)
        values["direction"] = 2 if self.leaves else 1

    def thanks(self, charge, balance_fen=None):
        if charge.amount_fen:
            return Trade.thanks(self, charge, balance_fen)
        return "free_exit" if self.leaves else "entered"

    def after(self, sold):
        passed = sold.outcome.outcome in ("approved", "recovered") or sold.message in LET
        if passed and sold.sequence and not self.relay.pulse():
            self.house.show("door_fault")

    def close(self):
        self.relay.close()
