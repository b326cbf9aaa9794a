# SPDX-License-Identifier: Apache-2.0
"""A metro gate whose entries lie in the lanes' shared store (metro.py)."""

from firmware.capp import trip as rules_of_trips
from firmware.devices.lane_store import key_of
from firmware.devices.metro_rules import (
    WORDS,
    adjust_s_from,
    dearest,
    in_store,
    priced,
    rules_from,
)
from firmware.devices.parking_rules import rest_of
from firmware.devices.parking_store import Parking, assembled
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
    if "store" not in settings.more:
        raise FormatError("settings: `store` is missing: where the entries are kept")
    return assembled(Metro, settings, parameters, hal, clock, report)
