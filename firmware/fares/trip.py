# SPDX-License-Identifier: Apache-2.0
"""Trip and Fare: what is asked of a fare table and what it answers."""

from collections import namedtuple

# product: word of the table; origin, destination: stop numbers, 0 unknown; direction: as in
# records; when: (year, month, day, hour, minute, second), local; trusted: False where the clock
# may be wrong; pan: digits, "": not known; riders: by this tap; last: Boarding before this one, or
# None; spent: fen of this card (today, this week, this month) without this tap, or None
Trip = namedtuple(
    "Trip",
    (
        "product", "origin", "destination", "direction", "when", "trusted", "pan", "riders",
        "last", "spent",
    ),
)  # fmt: skip

# The boarding of the same card before: product, direction, whole minutes ago, what it has paid for
# that trip so far
Boarding = namedtuple("Boarding", ("product", "direction", "minutes_ago", "paid_fen"))

# amount_fen: of all riders, 0 free; full_fen: of as many adults at the same moment, without class,
# transfer, cap and group; fare_class: word, `adult` for the full fare; rule: word of what made the
# price, for the record; version: of the table
Fare = namedtuple(
    "Fare", ("amount_fen", "full_fen", "fare_class", "rule", "riders", "version")
)  # fmt: skip


def new(
    product, when, trusted=True, origin=0, destination=0, direction=0, pan="", riders=1,
    last=None, spent=None,
):  # fmt: skip
    """Trip of what is known; the rest says nothing."""
    return Trip(product, origin, destination, direction, when, trusted, pan, riders, last, spent)
