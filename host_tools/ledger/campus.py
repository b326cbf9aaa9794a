# SPDX-License-Identifier: Apache-2.0
"""What an employer or a school asks the ledger: subsidies to be billed, and who was there.

A subsidy is what a sale cost less than its full price, by the class that its record names; rows
are settled with their day as all money is (settlement.py). A presence is made of the EVENT records
of readers without a debit: in and out by their direction, whichever terminal wrote them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from firmware.formats import record
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import COUNTS, RECORDS

CANTEEN = "canteen"
IN, OUT = 1, 2  # directions of a record
CAME = ("came_in", "went_out", "access_granted")  # reasons of the events that say who was there


class Subsidy(NamedTuple):
    """What one class is to be billed for; in fen, full less paid is the subsidy."""

    fare_class: str
    cards: int
    meals: int
    full_fen: int
    paid_fen: int
    subsidy_fen: int


def subsidies(ledger: Ledger, first: int, last: int, device: str = CANTEEN) -> list[Subsidy]:
    """Rows of the classes that paid less, of sales settled from `first` to `last`, both within."""
    cards: dict[str, set] = {}
    sums: dict[str, list[int]] = {}
    for values in _sales(ledger, first, last, device):
        if values["amount_fen"] >= values["full_fare_fen"]:
            continue
        name = values["fare_class"]
        cards.setdefault(name, set()).add(values["pan"])
        row = sums.setdefault(name, [0, 0, 0])
        row[0] += 1
        row[1] += values["full_fare_fen"]
        row[2] += values["amount_fen"]
    return [
        Subsidy(name, len(cards[name]), meals, full_fen, paid_fen, full_fen - paid_fen)
        for name, (meals, full_fen, paid_fen) in sorted(sums.items())
    ]


def _sales(ledger: Ledger, first: int, last: int, device: str) -> Iterator[dict]:
    conditions = (
        RECORDS.c.settled_on.between(first, last),
        RECORDS.c.kind == record.APPROVED,
        RECORDS.c.mark == COUNTS,
        RECORDS.c.device == device,
    )
    for _, _, raw in ledger.unsealed(*conditions):
        yield record.unpack(raw)
