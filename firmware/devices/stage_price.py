# SPDX-License-Identifier: Apache-2.0
"""What a ride costs a card before transfer and pass, and where the bus is.

Prices: the fare of the parameters with its classes, or a fare table whose product is named by
`product`, else by the line. Place: of the settings, or what an announcer says.
"""

from firmware.devices import fare
from firmware.errors import FormatError
from firmware.fares import trip
from firmware.fares.trip import Fare


class Prices:
    """`tables`: Cutover, None for the fare of the parameters."""

    def __init__(self, settings, parameters, tables):
        self.product = settings.more.get("product", "")
        self.parameters, self.tables = parameters, tables

    def of(self, line, origin, destination, direction, when, trusted, pan):
        """Fare, None where it is not sold; origin 0: nobody knows."""
        if self.tables is None:
            return self._flat(pan)
        word = self.product or str(line)
        asked = trip.new(word, when, trusted, origin, destination, direction, pan)
        return self.tables.price(asked)

    def _flat(self, pan):
        known = fare.class_of(pan, self.parameters.classes) if pan else None
        full_fen = self.parameters.fare_fen
        return Fare(fare.price(full_fen, known), full_fen, fare.name(known), "flat", 1, 0)


class Place:
    """line, direction (1 out, 2 back) and stop of the bus; announcer: Neighbour or None.

    A stop is 0 where nobody knows it: the fare table has a price for that (`unknown`).
    """

    def __init__(self, settings, announcer):
        self.line, self.direction, self.stop = settings.line, 1, settings.stop
        self.announcer, self.fault = announcer, ""
        if announcer:
            self.stop = 0

    def turn(self):
        """Hear the announcer; what is wrong with its line as an event, None for nothing new."""
        if not self.announcer:
            return None
        for said in self.announcer.turn():
            self.stop = said.stop if said else 0
            if said:
                self.line, self.direction = said.line, said.direction
        if self.announcer.fault == self.fault:
            return None
        self.fault = self.announcer.fault
        return {"event": "neighbour", "name": "announcer", "text": self.fault}

    def close(self):
        """Give the line back."""
        if self.announcer:
            self.announcer.close()


def place_from(settings, hal, clock):
    """Place of the settings. FormatError for `announcer` that is not serial:PATH."""
    where = settings.more.get("announcer", "")
    if not where:
        return Place(settings, None)
    from firmware.neighbours import announcer  # for buses that have one
    from firmware.neighbours.line import Neighbour  # likewise

    kind, _, path = where.partition(":")
    if kind != "serial" or not path:
        raise FormatError("`announcer: %s` is not serial:PATH" % where)
    protocol = announcer.Announcer()
    return Place(
        settings, Neighbour(lambda: hal.open_serial(path, announcer.BAUD), protocol, clock)
    )
