# SPDX-License-Identifier: Apache-2.0
"""A bus whose riders' transfers and passes lie on the card: one tap a ride (JR/T 0025.14 §7, E.2).

The rides in the card's ring are read before the GPO; what follows from them, or from a pass, is
the amount; this ride is written back in the same transaction. A pass goes before a transfer, a
transfer before the full fare. Who tapped here a moment ago (same_card_s of the parameters) is
known by his own ride and not charged again. stage_trip.py: a tap at each end of a ride.
"""

from firmware.capp import layouts
from firmware.capp.trip import head_fault
from firmware.devices import card_pass, options, stage_rides, stage_rules, stage_words
from firmware.devices.card_trade import CardTrade
from firmware.devices.trade import OWN, Charge, Offer, Trade, Trip
from firmware.errors import FormatError
from firmware.kernel.capp import CYCLIC_FILE, DEDUCTION, NOT_IN_USE, NOT_READ


class StageBus(CardTrade):
    """One tap a ride. prices, place: of stage_price.py; keys: card_trade.Keys."""

    name, code = "bus", 2
    uses_records = True
    writes = (CYCLIC_FILE,)
    records_only = False  # who has no records pays the fare without transfers
    words = stage_words.WORDS

    def __init__(self, settings, parameters, prices, place, clock, keys):
        """FormatError for settings that mean nothing."""
        CardTrade.__init__(self, settings, parameters, clock, keys)
        more = settings.more
        profile = options.word(more, "layout", "own", sorted(layouts.PROFILES))
        self.profile = layouts.PROFILES[profile]
        _, _, self.ring_bytes, self.ring = self.profile["rides"]
        self.takes_passes = options.word(more, "passes", "none", ("none", "card")) == "card"
        if self.takes_passes and "pass" not in self.profile:
            raise FormatError("`passes: card`: the layout %s has no pass" % profile)
        self.over_pays = options.word(more, "pass_over", "refuse", ("refuse", "fare")) == "fare"
        self.transfer = stage_rules.transfer_of(more)
        self.sources = stage_rules.sources_of(more)
        told = "transfers" in dict(self.ring)
        if self.transfer.most and not told and self.transfer.look_back <= self.transfer.most:
            raise FormatError("`transfer`: %s wants more than MOST rides read" % profile)
        self.prices, self.place, self.version = prices, place, 0
        self.offered = None  # (what it was made of, Offer)

    def here(self):
        whole = CardTrade.here(self)
        return type(whole)(*(whole[:2] + (self.place.line, self.place.stop) + whole[4:]))

    def turn(self):
        event = self.place.turn()
        if event:
            self.house.report(event)

    def offer(self):
        """Offer of this moment, made anew when place or minute have changed."""
        at, now = self.place, self.clock.local_now()
        made_of = (at.line, at.direction, at.stop, now[:5])
        if self.offered is None or self.offered[0] != made_of:
            found = self._priced(at.line, 0, at.stop, now, "")
            fen, word = (found.amount_fen, "ready") if found else (None, "no_fare")
            self.offered = made_of, Offer(word, fen, found is not None)
        return self.offered[1]

    def fare(self, origin, pan):
        """Fare of a card number from a stop to this one, None where none is sold."""
        found = self._priced(self.place.line, origin, self.place.stop, self.now, pan)
        if found:
            self.version = found.version
        return found

    def _priced(self, line, origin, destination, when, pan):
        trusted = self.house.stamp.exact()  # TD-008
        way = self.place.direction
        return self.prices.of(line, origin, destination, way, when, trusted, pan)

    def charge(self, pan):
        """Of a card without records, by parameter: nobody's discount (QX-001, QX-062)."""
        found = self.fare(0, pan)
        return charge_of(found) if found else Trade.charge(self, pan)

    def refuse(self, pan, psn):
        return "" if self.fare(0, pan) else "no_fare"

    def wants(self, selected):
        asked = ((CYCLIC_FILE, self.transfer.look_back),)
        if stage_rides.METRO in self.sources:
            asked = (self.profile["metro"][:2] + (NOT_READ,),) + asked
        if self.takes_passes:
            asked = (self.profile["pass"][:2] + (NOT_IN_USE,),) + asked
        return asked

    def trip_of(self, pages, pan):
        """Trip, or the word of what stops this card."""
        rides = stage_rides.all_of(pages, self.ring)
        within_s = self.parameters.same_card_s
        if stage_rides.just_rode(rides, self.here(), self.moment(), within_s):
            return "already_paid"
        found = self.fare(0, pan)
        if found is None:
            return "no_fare"
        try:
            return self.sold(pages, rides, found, self.moment(), ())
        except FormatError:
            return "stamp_bad"

    def sold(self, pages, rides, fare, when, changes):
        """Trip of a ride that began at `when` and costs this Fare without pass and transfer, or
        the word of what stops it; when None: nobody knows, so that no transfer is given. changes:
        of the device's own record, written with amount_fen.
        """
        charge, number = charge_of(fare), 0
        word, on_pass = self.on_pass(pages, fare)
        if word:
            return word
        if on_pass:
            charge = on_pass[0]
        elif when:
            charge, number = self.transferred(pages, rides, charge, when)
        written = tuple([one(charge.amount_fen) for one in changes])
        written += on_pass[1:] if on_pass else ()
        written += (self.ride(pages, charge, number),)  # QX-029, QX-063
        return Trip(charge, DEDUCTION, written, None, OWN)

    def on_pass(self, pages, fare):
        """(word that stops this card, ()), or ("", (Charge, Change)) of a ride on its pass; ("",
        ()) for a card without one, or one of another city (QX-066, QX-067).
        """
        page = self.takes_passes and stage_rides.page_at(pages, self.profile["pass"][0])
        if not page:
            return "", ()
        values = card_pass.fields_of(page, layouts.PASS, self.city)
        if values is None or head_fault(values):
            return head_fault(values) if values else "", ()
        word, use = card_pass.use_of(page, layouts.PASS, values, self.moment())
        if word:
            return ("", ()) if self.over_pays else (word, ())
        return "", (use.charge(fare.full_fen), use.change)

    def transferred(self, pages, rides, charge, when):
        """(Charge, how many transfers behind the full fare) by the rides before (QX-062)."""
        here = self.here()
        metro = None
        page = stage_rides.page_at(pages, self.profile["metro"][0])
        if page and stage_rides.METRO in self.sources:
            metro = layouts.read(self.profile["metro"][3], page.data)
        rides = stage_rides.counted(rides, here, self.sources, metro)
        number = stage_rides.transfer_from(rides, here.line, when, self.transfer)[1]
        if not number:
            return charge, 0
        less_fen = stage_rules.discounted(charge.amount_fen, self.transfer)
        return Charge(less_fen, charge.full_fare_fen, charge.fare_class, "transfer", 1), number

    def ride(self, pages, charge, number):
        """Change of the ring: this ride."""
        here = self.here()
        fields = {
            "trade": self.code, "direction": self.place.direction, "city": here.city,
            "operator": here.operator, "line": here.line, "place": here.place,
            "gate": here.gate, "number": here.number, "time": self.moment(),
            "amount_fen": charge.amount_fen, "full_fen": charge.full_fare_fen,
            "transfers": number,
        }  # fmt: skip
        return stage_rides.change_of(pages, self.ring, self.ring_bytes, fields)

    def onto(self, values):
        Trade.onto(self, values)
        at = self.place
        values["line"], values["stop"], values["direction"] = at.line, at.stop, at.direction
        values["fares_version"] = self.version

    def thanks(self, charge, balance_fen=None):
        if charge.fare_class == "pass":
            return "pass_ride"
        return "transfer" if charge.rule == "transfer" else Trade.thanks(self, charge)

    def close(self):
        self.place.close()


def charge_of(fare):
    """Charge of a Fare."""
    return Charge(fare.amount_fen, fare.full_fen, fare.fare_class, fare.rule, 1)
