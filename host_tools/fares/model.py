# SPDX-License-Identifier: Apache-2.0
"""A fare table as its author thinks of it: names instead of numbers, times as they are said.

Amounts are fen, times of the day minutes, lengths metres or stages. None stands for "no such
rule"; an empty tuple of groups for "all".
"""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Change:
    """What a rule does to a price: `how` is a word of layout.CHANGES."""

    how: str
    value: int = 0


@dataclass(frozen=True)
class Step:
    """Price of lengths beyond `over`, and `more_fen` for each `every` begun beyond it."""

    over: int
    fen: int
    every: int = 0
    more_fen: int = 0


@dataclass(frozen=True)
class Window:
    """Blocks that begin between two minutes of the day; from == to: all day."""

    from_min: int
    to_min: int
    step_min: int
    step_fen: int
    first_min: int = 0
    first_fen: int = 0
    cap_fen: int | None = None


@dataclass(frozen=True)
class Stay:
    """Tariff by time."""

    windows: tuple[Window, ...]
    free_min: int = 0
    free_deducted: bool = False
    leave_min: int = 0
    lost_fen: int = 0
    cap_fen: int | None = None


@dataclass(frozen=True)
class Product:
    """A line, a ticket, a car park. Of the base prices only those of its kind are there."""

    word: str
    kind: str
    group: str
    fen: int | None = None  # flat: the price; else for a stop that is not known
    most_fen: int | None = None
    least_balance_fen: int = 0
    most_riders: int = 1
    places: tuple[tuple[int, int], ...] = ()  # stop, row of the matrix or length
    matrix: tuple[tuple[int | None, ...], ...] = ()
    steps: tuple[Step, ...] = ()
    stay: Stay | None = None
    zones: tuple[str, ...] = ()


@dataclass(frozen=True)
class CardClass:
    """Cards whose first digits lie in one of the ranges (12 digits, both ends included)."""

    name: str
    ranges: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Band:
    """Hours of some kinds of day, [from, to) in minutes."""

    name: str
    days: tuple[str, ...]
    times: tuple[tuple[int, int], ...]
    change: Change
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class Discount:
    """What a class pays; band: a name, `outside` or None for always."""

    card_class: str
    change: Change
    groups: tuple[str, ...] = ()
    band: str | None = None


@dataclass(frozen=True)
class Transfer:
    """What a second boarding pays."""

    change: Change
    within_min: int
    from_groups: tuple[str, ...] = ()
    to_groups: tuple[str, ...] = ()
    same: bool = False


@dataclass(frozen=True)
class Cap:
    """Most fen a card pays in a period, of layout.PERIODS."""

    period: str
    fen: int
    card_class: str | None = None


@dataclass(frozen=True)
class Party:
    """Per cent of the sum for so many riders by one tap."""

    least: int
    percent: int


@dataclass(frozen=True)
class FareTable:
    """All of it."""

    version: int
    effective: datetime
    ceiling_fen: int
    products: tuple[Product, ...]
    round_fen: int = 1
    drift_s: int = 5
    classes: tuple[CardClass, ...] = ()
    bands: tuple[Band, ...] = ()
    discounts: tuple[Discount, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    caps: tuple[Cap, ...] = ()
    parties: tuple[Party, ...] = ()
    days: tuple[tuple[date, str], ...] = ()

    def product(self, word: str) -> Product:
        """KeyError for a word that is none."""
        for one in self.products:
            if one.word == word:
                return one
        raise KeyError(word)
