# SPDX-License-Identifier: Apache-2.0
"""Fares: the price of a trip or a stay by one fare table. Pure, integers in fen.

    fares = Fares(blob)                       blob: `size`, `read(at, count)` (hal.open_blob)
    fares.price(trip.new("12", when))         Fare, or None: not sold, `fares.fault` says why
    fares.stay("parking-a", began, ended)     the same of what is paid by time

Order (terminals.md 7): base, class, band, transfer, cap, ceiling, round down. The holder of the
card has class, transfer and cap; who rides along pays what an adult pays.

Two ceilings: the table's own stops a rider's price, it is the maximum fare. The other one is no
number of the table: a tap that would cost more is not sold at all, whatever the table says, as a
price that nobody meant is no price (TD-006).

Words of `fault`: no_product, no_fare, riders, above_ceiling, clock, table (its bytes are damaged).
"""

from firmware.errors import FormatError
from firmware.fares import base, calendar, discounts, layout, stay
from firmware.fares.table import Table
from firmware.fares.trip import Fare, new

CEILING_FEN = 10000  # of one tap, when the caller names no other
ADULT = "adult"
PARTS = discounts.PARTS


class Fares:
    """One fare table. FormatError when the blob is none."""

    def __init__(self, blob, ceiling_fen=CEILING_FEN):
        self.table = Table(blob)
        self.ceiling_fen = ceiling_fen
        self.version = self.table.version
        self.effective = self.table.effective
        self.fault = ""

    def price(self, trip):
        """Fare of a Trip (trip.py), None where it is not sold. Never raises."""
        return self._asked(self._trip, trip)

    def stay(self, product, began, ended, pan="", trusted=True, spent=None):
        """Fare of a stay from `began` to `ended` (local moments), as price().

        began None: nobody knows, the price of a lost entry. Ended before it began, as clocks are
        set: nothing is due. Not trusted: None, as the length is not known.
        """
        return self._asked(self._stay, product, began, ended, pan, trusted, spent)

    def least_balance_fen(self, product):
        """What a card must hold to be let in, 0 for an unknown product."""
        row = self._asked(self.table.product, product)
        return row["least_balance_fen"] if row else 0

    def leave_minutes(self, product):
        """Minutes to leave after a stay was paid, 0 for what is not paid by time."""
        row = self._asked(lambda: stay.of_product(self.table, self.table.product(product)))
        return row["leave_min"] if row else 0

    def class_name(self, pan):
        """Word of the class of a card number, `adult` for all others."""
        return self._asked(lambda: self._name(discounts.class_of(self.table, pan))) or ADULT

    def _asked(self, question, *about):
        """The answer; None where the bytes of the table do not hold together."""
        self.fault = ""
        try:
            return question(*about)
        except (FormatError, OSError):
            self.fault = "table"
            return None

    def _no(self, fault):
        self.fault = fault
        return None

    def _trip(self, trip):
        product = self.table.product(trip.product)
        if product is None:
            return self._no("no_product")
        if not 1 <= trip.riders <= product["most_riders"]:
            return self._no("riders")
        fen = base.price_fen(self.table, product, trip.origin, trip.destination)
        if fen is None:
            return self._no("no_fare")
        bands = discounts.bands_at(self.table, product["group"], trip.when, trip.trusted)
        return self._cheapest(product, fen, trip, bands)

    def _stay(self, word, began, ended, pan, trusted, spent):
        product = self.table.product(word)
        row = stay.of_product(self.table, product)
        if row is None:
            return self._no("no_product")
        fen = row["lost_fen"] if began is None else self._stay_fen(row, began, ended, trusted)
        if fen is None:
            return None
        return self._cheapest(product, fen, new(word, ended, pan=pan, spent=spent), (None,))

    def _stay_fen(self, row, began, ended, trusted):
        began, ended = calendar.moment(began), calendar.moment(ended)
        if not trusted or began is None or ended is None:
            return self._no("clock")
        length_s = calendar.seconds_between(began, ended) - self.table.drift_s
        return stay.price_fen(row, stay.windows_of(self.table, row), began[1], max(0, length_s))

    def _cheapest(self, product, fen, trip, bands):
        """Fare by the band that is best for the rider."""
        number = discounts.class_of(self.table, trip.pan)
        amount_fen, full_fen, rule = min(
            [self._by_band(product, fen, trip, number, band) for band in bands]
        )
        if amount_fen > self.ceiling_fen:
            return self._no("above_ceiling")  # TD-006: a price that nobody meant
        return Fare(amount_fen, full_fen, self._name(number), rule, trip.riders, self.version)

    def _by_band(self, product, fen, trip, number, band):
        """(amount in fen, full fare in fen, rule) of all riders."""
        table, group = self.table, product["group"]
        full = discounts.for_band(fen * PARTS, band)
        own = discounts.for_class(table, fen * PARTS, number, group, band)
        own = discounts.for_band(own, band)
        rule = layout.KINDS[product["kind"]] if full == fen * PARTS else "band"
        most = min(product["most_fen"], table.ceiling_fen) * PARTS
        moved = discounts.for_transfer(table, own, trip, group)
        capped = discounts.for_caps(table, moved, number, trip.spent)
        held, full = min(capped, most), min(full, most)
        for word, before, after in (
            ("transfer", own, moved),
            ("cap", moved, capped),
            ("ceiling", capped, held),
        ):
            rule = word if after < before else rule
        together = held + full * (trip.riders - 1)
        amount = discounts.for_party(table, together, trip.riders)
        rule = "party" if amount < together else rule
        return self._fen(amount), self._fen(full * trip.riders), rule

    def _fen(self, parts):
        """PARTS as fen, rounded down: in the rider's favour."""
        fen = parts // PARTS
        return fen - fen % self.table.round_fen

    def _name(self, number):
        if number == discounts.NO_CLASS:
            return ADULT
        return layout.unpadded(self.table.row("classes", number)["name"])
