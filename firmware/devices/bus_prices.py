# SPDX-License-Identifier: Apache-2.0
"""What a bus ride costs: by the flat fare of the parameters, or by a fare table.

Both answer `price(places, riders, when, trusted, pan)` with a Fare of firmware/fares/trip.py, None
where it is not sold, and `class_name(pan)`. Of several places the cheapest counts (bus_trip.py).
"""

from firmware.devices import fare
from firmware.fares import trip

RESTORED = 64  # records looked at after a start, as many as the same-card guard takes


class FlatPrices:
    """The fare of the parameters; the holder has his class, who rides along pays all."""

    version = 0

    def __init__(self, parameters):
        self.parameters = parameters

    def attach(self, house):
        """Nothing is remembered."""

    def restore(self, recent):
        """Likewise."""

    def boarded(self, pan, values):
        """Likewise."""

    def price(self, places, riders, when, trusted, pan):
        """Fare of one card."""
        full_fen = self.parameters.fare_fen
        known = fare.class_of(pan, self.parameters.classes) if pan else None
        amount_fen = fare.price(full_fen, known) + (riders - 1) * full_fen
        return trip.Fare(amount_fen, full_fen * riders, fare.name(known), "flat", riders, 0)

    def class_name(self, pan):
        """Word of the class of a card number."""
        return fare.name(fare.class_of(pan, self.parameters.classes))


class TablePrices:
    """A fare table, whose products are named as the lines, and what its cards have paid."""

    def __init__(self, tables, make_riders):
        """tables: Cutover; make_riders(clock, trusted): Riders (riders.py)."""
        self.tables = tables
        self.make_riders = make_riders
        self.version = tables.tables[-1].version
        self.riders = None

    def attach(self, house):
        """The terminal is there."""
        self.riders = self.make_riders(house.clock, house.stamp.trusted)

    def restore(self, recent):
        """At the start: who has boarded lately."""
        self.riders.restore(recent, _product, RESTORED)

    def boarded(self, pan, values):
        """A debit stands; values: of its record or entry."""
        self.riders.boarded(
            pan,
            _product(values),
            values["direction"],
            values["amount_fen"],
            values["riders"],
            values["rule"] == "transfer",
        )

    def price(self, places, riders, when, trusted, pan):
        """Fare of one card by the cheapest of the places, None where none is sold."""
        last = self.riders.last(pan) if pan else None
        spent = self.riders.spent(pan) if pan else None
        best = None
        for line, direction, origin, destination in places:
            asked = trip.new(
                str(line), when, trusted, origin, destination, direction, pan, riders, last, spent
            )
            found = self.tables.price(asked)
            if found and (best is None or found.amount_fen < best.amount_fen):
                best = found
        return best

    def class_name(self, pan):
        """Word of the class of a card number."""
        return self.tables.tables[-1].class_name(pan)


def _product(values):
    """Word of the fare table that a record was sold by."""
    return str(values["line"])
