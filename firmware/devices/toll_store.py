# SPDX-License-Identifier: Apache-2.0
"""A toll lane whose entries lie in the lanes' shared store (toll.py)."""

from firmware.capp.layouts import INSIDE, OUTSIDE
from firmware.capp.trip import Here
from firmware.devices import toll_rules
from firmware.devices.lane_store import key_of
from firmware.devices.parking_store import Parking, open_store
from firmware.devices.toll_booth import open_booth
from firmware.errors import FormatError


class Toll(Parking):
    """One lane; entries in the shared store."""

    name, code = "toll", 0x0C
    words = toll_rules.WORDS

    def __init__(self, settings, parameters, store, tariff, passes, booth, clock):
        """booth: Booth; others as Parking's."""
        Parking.__init__(self, settings, parameters, store, tariff, passes, booth, clock)
        self.toll = toll_rules.rules_from(settings.more)
        self.rules = self.toll.trips
        self.stopped = ""  # why the card at work may not leave
        self.product = toll_rules.product_fits(self.product)
        self.console = booth.console

    def attach(self, house):
        Parking.attach(self, house)
        self.relay.attach(house)

    def turn(self):
        Parking.turn(self)
        pan, self.relay.fresh = self.relay.fresh, ""
        if pan and self.pays:  # its card lets no second vehicle out
            self.leaving = [one for one in self.leaving if one[0] != key_of(pan)]

    def offer(self):
        return self.relay.offer(Parking.offer(self))

    def begin(self):
        Parking.begin(self)
        self.stopped, self.vehicle_class = "", self.relay.vehicle_class

    def refuse(self, pan, psn):
        if not self.pays and self.relay.has_gone(pan) and self.rules.exit_missing == "refuse":
            return "inside_already"  # the store takes it for the same driver's second tap
        said = Parking.refuse(self, pan, psn)
        if said == "no_entry" and not self.toll.charges:
            return "free_exit"
        return self.stopped if said == "no_tariff" and self.stopped else said

    def here(self):
        """Here of the tap at work: this terminal, and the number that its record will have."""
        return Here(0, 0, 0, self.lane, self.settings.terminal, self.house.journal.next)

    def _fare(self, pan):
        entry = self.store.find(key_of(pan))
        values = {"state": OUTSIDE, "exit_gate": 0, "exit_time": None}
        if entry:
            values = {
                "state": INSIDE, "entry_time": entry.moment, "entry_place": entry.lane,
                "entry_gate": 0, "vehicle_class": entry.vehicle_class,
            }  # fmt: skip
        self.stopped, fare = toll_rules.priced(self, values, pan)
        return fare

    def onto(self, values):
        Parking.onto(self, values)
        values["reference"] = self.vehicle_class

    def after(self, sold):
        self.relay.serves(sold)
        Parking.after(self, sold)


def make(settings, parameters, hal, clock, report):
    """Trade of a lane. FormatError for settings, tables or lists that cannot be used."""
    if "store" not in settings.more:
        raise FormatError("settings: `store` is missing: where the entries are kept")
    from firmware.devices.access import open_list  # when a unit is put together
    from firmware.devices.tariff import open_tables  # likewise

    store = open_store(settings, hal, clock)
    tariff = open_tables(settings, parameters, hal, report)
    passes = open_list(settings, hal) if "allow" in settings.more else None
    booth = open_booth(settings, hal, clock)
    return Toll(settings, parameters, store, tariff, passes, booth, clock)
