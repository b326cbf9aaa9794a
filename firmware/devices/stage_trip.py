# SPDX-License-Identifier: Apache-2.0
"""A bus whose riders tap at both ends of a ride (JR/T 0025.14 E.1.1): the fare by the stage table.

Boarding stamps the card's bus record and takes nothing, or the dearest fare of a ride that was
never ended; leaving prices the ride by that stamp, with pass and transfer (stage_bus.py). Stamp,
pass and ring become final together with the debit. One reader at each door, `lane: entry` and
`lane: exit`, or one that does both by what the record says.
"""

from firmware.capp import layouts
from firmware.capp import trip as rules_of_trips
from firmware.capp.layouts import CLOSED, INSIDE
from firmware.devices import options, stage_rides, stage_rules
from firmware.devices.card_trade import changed
from firmware.devices.stage_bus import StageBus
from firmware.devices.trade import OWN, Charge, Offer, Trade, Trip
from firmware.errors import FormatError
from firmware.fares.trip import Fare
from firmware.kernel.capp import CYCLIC_FILE, DEDUCTION

BOARDED = Charge(0, 0, "", "entry", 1)
LET_OUT = Charge(0, 0, "", "free", 1)


class StageTrip(StageBus):
    """A reader of such a bus."""

    records_only = True  # a plain debit has nothing that prices it

    def __init__(self, settings, parameters, prices, place, clock, keys):
        """As StageBus's."""
        StageBus.__init__(self, settings, parameters, prices, place, clock, keys)
        self.lane = options.word(settings.more, "lane", "", stage_rules.LANES[1:])
        self.sfi, self.area_id, _, self.layout = self.profile["bus"]
        self.writes = (self.sfi, CYCLIC_FILE)
        self.rules, self.pays_missing = stage_rules.rules_from(settings.more)
        self.least_fen = options.number(settings.more, "least_fen", 0, 0, 100000)

    def offer(self):
        return Offer("lane_" + self.lane, None, True)

    def charge(self, pan):
        return Trade.charge(self, pan)  # nobody's: trip_of() alone prices a ride

    def refuse(self, pan, psn):
        return ""

    def pays_again(self, pan, psn):
        return True  # the record says who has paid for which ride

    def wants(self, selected):
        return ((self.sfi, self.area_id),) + StageBus.wants(self, selected)

    def trip_of(self, pages, pan):
        """Trip, or the word of what stops this card (QX-012, QX-043..046)."""
        try:
            values = layouts.read(self.layout, pages[0].data)
            fault = rules_of_trips.head_fault(values)
            if fault:
                return fault
            rides = stage_rides.all_of(pages, self.ring)
            if self._has_left(values, rides):
                return "re_entry"
            if self._leaves(values):
                return self._leave(values, pages, rides, pan)
            return self._board(values, pages[0], pan)
        except FormatError:
            return "stamp_bad"

    def _has_left(self, values, rides):
        """Whoever left by this reader, at this stop, a moment ago (QX-042)."""
        within_s = self.rules.grace_s
        just = stage_rides.just_rode(rides, self.here(), self.moment(), within_s)
        return just and self.lane != "entry" and values["state"] == CLOSED

    def _leaves(self, values):
        """Whether this tap ends a ride: at a reader for both, one that was begun here."""
        if self.lane != "both":
            return self.lane == "exit"
        here = self.here()
        own = (values["entry_gate"], values["entry_line"]) == (here.gate, here.line)
        if values["state"] != INSIDE or not own:
            return False
        passed_s = rules_of_trips.seconds_since(values["entry_time"], self.moment())
        if passed_s is None or passed_s > self.rules.longest_s:
            return False
        moved = values["entry_place"] not in (0, here.place)  # 0: no announcer was heard yet
        return moved or passed_s > self.rules.grace_s

    def _has_boarded(self, values):
        """Whoever boarded this line a moment ago, at whatever door: the other one may have stamped
        a card that was torn away before it heard of it, and no exit is missing yet (QX-042).
        """
        passed_s = rules_of_trips.seconds_since(values["entry_time"], self.moment())
        here = values["state"] == INSIDE and values["entry_line"] == self.here().line
        rules = self.rules
        return here and passed_s is not None and -rules.ahead_s <= passed_s <= rules.grace_s

    def _board(self, values, page, pan):
        """Boarding (QX-043, QX-044)."""
        if self._has_boarded(values):
            return "re_entry"
        here = self.here()
        word = rules_of_trips.entry(values, here, self.moment(), self.rules)
        if word:
            return word
        charge = BOARDED
        fault = rules_of_trips.stamp_fault(values["entry_time"], self.moment(), self.rules)
        if values["state"] == INSIDE and self.pays_missing and not fault:
            found = self._dearest(values["entry_line"], pan)
            if found is None:
                return "no_fare"
            charge = Charge(found.amount_fen, found.full_fen, found.fare_class, "exit_missing", 1)
        fields = rules_of_trips.entered(here, self.moment())
        fields["direction"] = self.place.direction
        fields = layouts.known(self.layout, fields)
        change = changed(page, self.layout, fields)
        return Trip(charge, DEDUCTION, (change,), self.least_fen or None, OWN)

    def _dearest(self, line, pan):
        """Fare of a ride on a line that nobody knows the ends of, None where none is sold."""
        return self._priced(line, 0, 0, self.now, pan) or self.fare(0, pan)

    def _leave(self, values, pages, rides, pan):
        """Leaving (QX-045, QX-046)."""
        here, now = self.here(), self.moment()
        values = dict(values)
        if values["entry_line"] != here.line and values["state"] == INSIDE:
            values["state"] = CLOSED  # that ride was another bus's
        for name in ("exit_time", "exit_gate"):
            values[name] = values.get(name)  # T-Union's record has none
        word, how = rules_of_trips.leaving(values, here, now, self.rules)
        if word:
            return "re_entry" if word == "re_exit" else word

        def stamp(amount_fen):
            fields = rules_of_trips.left(here, now, amount_fen)
            return changed(pages[0], self.layout, layouts.known(self.layout, fields))

        if how == rules_of_trips.FREE:  # no ride, for a pass neither
            return Trip(LET_OUT, DEDUCTION, (stamp(0), self.ride(pages, LET_OUT, 0)), None, OWN)
        by_trip = how == rules_of_trips.BY_TRIP
        fare = self.fare(values["entry_place"] if by_trip else 0, pan)
        if fare is None:
            return "no_fare"
        when = values["entry_time"] if by_trip else None
        if not by_trip:
            rule = "overtime" if values["state"] == INSIDE else "entry_missing"
            fare = Fare(fare.amount_fen, fare.full_fen, fare.fare_class, rule, 1, fare.version)
        return self.sold(pages, rides, fare, when, (stamp,))

    def thanks(self, charge, balance_fen=None):
        if charge.rule == "entry":
            return "boarded"
        if charge.rule == "exit_missing":
            return "boarded_late"
        if charge.rule == "free":
            return "free_exit"
        return StageBus.thanks(self, charge, balance_fen)
