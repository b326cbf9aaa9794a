# SPDX-License-Identifier: Apache-2.0
"""Metro: one gate, entry or exit, priced from station to station (JR/T 0025.14 E.1.1).

Who came in where stands in the lanes' shared store (lane_store.py), as a car park's does, its
`lane` being the station: what a system without industry keys can do. The rules are those of cards
that remember themselves (firmware/capp/trip.py), the fare is the table's, from where to where.

| setting | value |
|---|---|
| trips | store (default); card: in the card's own record (metro_card.py) |
| lane | entry or exit |
| stop | number of the station, 1..255 |
| store, store_blocks, twin, pay_lines, allow | as a car park's (parking.py) |
| fares, product, door, pulse_ms | likewise |
| missing_entry | maximum: the table's price of an unknown station (default); refuse |
| missing_exit | refuse, or replace: a card that is inside enters anew |
| longest_min | minutes of a trip, 240; what lasts longer is overtime |
| overtime | maximum (default), refuse, fare |
| same_station | free: who leaves where he came in within turn_min (15) is not charged; fare |
| degraded | none (default); entry_free: who has no entry leaves free, as entries were open; |
| | exit_free: nobody pays for leaving, entries are done with all the same |
"""

from firmware.capp import trip as rules_of_trips
from firmware.devices import options
from firmware.devices.lane_store import key_of
from firmware.devices.metro_rules import (
    WORDS,
    adjust_s_from,
    dearest,
    in_store,
    priced,
    rules_from,
)
from firmware.devices.parking import Parking, assembled
from firmware.devices.parking_rules import rest_of
from firmware.errors import FormatError


class Metro(Parking):
    """One gate of a station; entries in the shared store."""

    name, code = "metro", 1
    words = WORDS

    def __init__(self, settings, parameters, store, tariff, passes, relay, clock):
        """As Parking's."""
        Parking.__init__(self, settings, parameters, store, tariff, passes, relay, clock)
        self.rules = rules_from(settings.more)
        self.adjust_s = adjust_s_from(settings.more)
        self.charges = settings.more.get("degraded") != "exit_free"
        self.stopped = ""  # why the card at work may not leave

    def begin(self):
        Parking.begin(self)
        self.stopped = ""

    def refuse(self, pan, psn):
        said = Parking.refuse(self, pan, psn)
        if said == "no_entry" and not self.charges:
            return "free_exit"
        return self.stopped if said in ("", "free_exit", "no_tariff") and self.stopped else said

    def here(self):
        """Here of the tap at work: this terminal, and the number that its record will have."""
        number = self.house.journal.next
        return rules_of_trips.Here(0, 0, 0, self.lane, self.settings.terminal, number)

    def _fare(self, pan):
        """What is due beyond what was paid at the adjustment kiosk (adjust_store.py)."""
        key = key_of(pan)
        entry, payment = self.store.find(key), self.store.payment(key)
        fare, paid_fen = self.priced(in_store(entry), pan), payment.paid_fen if payment else 0
        if paid_fen and self.stopped == "overtime":
            self.stopped, fare = "", dearest(self, pan)
        return rest_of(fare, paid_fen)

    def priced(self, values, pan):
        """Fare of a card with these fields of a trip; None where it may not leave (`stopped`)."""
        self.stopped, fare = priced(self, values, pan)
        return fare


def make(settings, parameters, hal, clock, report):
    """Trade of a gate. FormatError for settings, tables or lists that cannot be used."""
    if options.word(settings.more, "trips", "store", ("store", "card")) == "card":
        from firmware.devices import metro_card  # where settings ask for it

        return metro_card.make(settings, parameters, hal, clock, report)
    if "store" not in settings.more:
        raise FormatError("settings: `store` is missing: where the entries are kept")
    return assembled(Metro, settings, parameters, hal, clock, report)
