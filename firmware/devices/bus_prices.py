# SPDX-License-Identifier: Apache-2.0
"""What a bus ride costs: by the flat fare of the parameters, or by a fare table.

Both answer `price(places, riders, when, trusted, pan)` with a Fare of firmware/fares/trip.py, None
where it is not sold, and `class_name(pan)`. Of several places the cheapest counts (bus_trip.py).
"""

from firmware.devices import fare
from firmware.fares import trip


class FlatPrices:
    """The fare of the parameters; the holder has his class, who rides along pays all."""

    version = 0

    def __init__(self, parameters):
        self.parameters = parameters

    def attach(self, house):
        """Nothing is remembered."""

    def restore(self, recent):
        """Likewise."""

    def turn(self):
        """Likewise."""

    def boarded(self, sold):
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
        self.riders = self.house = None

    def attach(self, house):
        """The terminal is there."""
        self.house = house
        self.riders = self.make_riders(house.clock, house.stamp.trusted)
        if self.riders.host:
            self.riders.host.written = lambda: house.journal.next - 1

    def restore(self, recent):
        """At the start: who has boarded lately."""
        self.riders.restore(recent, _product)

    def turn(self):
        """Between customers: what cards have paid is written down, what the host says taken up."""
        if not self.house.busy():
            still_open = [one.sequence for one in self.house.torn_taps.open]
            self.riders.turn(min(still_open) if still_open else None)
            if self.riders.host:
                self.riders.host.turn()

    def boarded(self, sold):
        """A debit stands; sold: of sale.py."""
        values = sold.values
        self.riders.boarded(
            sold.pan,
            values["psn"],
            sold.sequence,
            _product(values),
            values["direction"],
            values["amount_fen"],
            values["riders"],
            values["rule"] == "transfer",
        )

    def price(self, places, riders, when, trusted, pan):
        """Fare of one card by the cheapest of the places, None where none is sold.

        The amount is asked for before a card tells its sequence number: of several cards of one
        number the one that is best for the rider counts (riders.py).
        """
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
