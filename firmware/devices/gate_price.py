# SPDX-License-Identifier: Apache-2.0
"""What a ticket costs at a gate: the fare table, or the flat fare where the settings name none.

The lane's own kind is sold as the product that `product` of the settings names, another, chosen
by key, as PRODUCT-KIND (TD-071). Class discounts by card number are the table's; `kind` says what
the attendant has looked at, a height or a student card.
"""

from firmware.devices import fare
from firmware.devices.trade import Charge
from firmware.fares import trip


class FlatPrice:
    """fare_fen and classes of the parameters, for each person."""

    version = 0

    def __init__(self, parameters):
        self.parameters = parameters

    def by_number(self):
        """True when the card number decides about the price."""
        return bool(self.parameters.classes)

    def charge(self, kind, pan, persons, when):
        """Charge; never None: what has no table has no kinds."""
        known = fare.class_of(pan, self.parameters.classes) if pan else None
        full_fen = self.parameters.fare_fen
        amount_fen = fare.price(full_fen, known) * persons
        return Charge(amount_fen, full_fen * persons, fare.name(known), "flat", persons)


class TablePrice:
    """tables: of fares/cutover.py; product: word of the settings; own: the lane's own kind."""

    def __init__(self, tables, product, own, trusted):
        self.tables = tables
        self.product = product
        self.own = own
        self.trusted = trusted  # exact() of stamp.py: in doubt the rider has the benefit (TD-008)
        self.version = 0  # of the table that priced last

    def by_number(self):
        """A table may know classes: the number is read first."""
        return True

    def charge(self, kind, pan, persons, when):
        """Charge, None where this kind is not sold now: `tables.fault` says why (TD-071)."""
        word = self.product if kind == self.own else "%s-%s" % (self.product, kind)
        asked = trip.new(word, when, self.trusted(), pan=pan, riders=persons)
        found = self.tables.price(asked)
        if not found:
            return None
        self.version = found.version
        return Charge(found.amount_fen, found.full_fen, found.fare_class, found.rule, found.riders)
