# SPDX-License-Identifier: Apache-2.0
"""Cars whose entry nothing has closed, by age, from the lanes' store and from cards (parking.py).

What records cannot tell: whether an entry that was noted was let in. The store may have been full,
or the car inside already: `again` counts taps at an entry behind the first.
"""

from collections.abc import Iterator
from typing import NamedTuple

from firmware.formats import record
from host_tools.ledger import days, stamp_sums, stamps
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.parking import (
    BACK_DAYS,
    GONE,
    NOTED,
    OF_PARKING,
    PARKING,
    has_left,
    taps,
)
from host_tools.ledger.schema import RECORDS

DOUBTFUL = (record.PENDING, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN)


class Inside(NamedTuple):
    """A car whose entry nothing has closed. state: inside, paid, doubtful (its exit, or its entry
    on the card, may not have happened); again: further taps at an entry since.
    """

    state: str
    card: str
    line: int
    lane: int
    terminal: int
    sequence: int
    came_utc_s: int
    again: int
    paid_fen: int
    age: str
    to_do: str


def inside(ledger: Ledger, back_days: int = BACK_DAYS) -> list[Inside]:
    """Cars that have not left, the oldest first: of the store those that came within `back_days`,
    of cards all.
    """
    now_utc_s = int(ledger.time_utc_s())
    found = [*_of_store(ledger, now_utc_s, back_days), *_of_cards(ledger, now_utc_s)]
    return sorted(found, key=lambda one: (one.came_utc_s, one.terminal, one.sequence))


def _of_store(ledger: Ledger, now_utc_s: int, back_days: int) -> Iterator[Inside]:
    """Entries of the store, car by car."""
    today = ledger.calendar.today(now_utc_s)
    since = RECORDS.c.business_day >= days.shifted(today, -back_days)
    kinds = RECORDS.c.kind.in_((*GONE, *DOUBTFUL))
    cars: dict[tuple, list] = {}
    for terminal, sequence, values in taps(ledger, since, kinds, *OF_PARKING):
        if values["pan"]:
            car = cars.setdefault((values["line"], bytes(values["pan"])), [])
            car.append((values["time_utc_s"], terminal, sequence, _step(values), values))
    for (line, pan), mine in cars.items():
        one = _walked(sorted(mine, key=lambda tap: tap[:3]))
        if one:
            (came_utc_s, terminal, sequence, _, values), state, again, fen = one
            age = stamp_sums.age_of(max(0, now_utc_s - came_utc_s))
            yield Inside(
                state, record.mask_pan(pan), line, values["stop"], terminal, sequence,
                came_utc_s, again, fen, age,
                stamp_sums.to_do("trip", PARKING, age),
            )  # fmt: skip


def _step(values: dict) -> str:
    """What a tap of the store did to a stay: in, out, paid, doubtful, or nothing."""
    if values.get("extension"):
        return ""  # on the card: stamps.py
    if values["direction"] == 1 and values["reason"] == NOTED:
        return "in"
    if values["kind"] in DOUBTFUL:
        return "doubtful"
    if has_left(values):
        return "out"
    return "paid" if values["kind"] == record.APPROVED else ""


def _walked(mine: list[tuple]) -> tuple[tuple, str, int, int] | None:
    """(first tap, state, further taps at an entry, fen paid) of who is inside, else None."""
    came, state, again, fen = None, "inside", 0, 0
    for tap in mine:
        step = tap[3]
        if step == "out":
            came = None
        elif step == "in" and came is None:
            came, state, again, fen = tap, "inside", 0, 0
        elif step == "in":
            again += 1
        elif came and step == "paid":
            state, fen = "paid", fen + tap[4]["amount_fen"]
        elif came and step == "doubtful":
            state = "doubtful"
    return (came, state, again, fen) if came else None


def _of_cards(ledger: Ledger, now_utc_s: int) -> Iterator[Inside]:
    for trip in stamps.trips(ledger.engine, None, True, device=PARKING):
        age = stamp_sums.age_of(max(0, now_utc_s - trip.began_utc_s))
        state = "doubtful" if trip.state == "doubtful" else "paid" if trip.amount_fen else "inside"
        yield Inside(
            state, trip.card, trip.line, trip.from_place, trip.terminal, trip.sequence,
            trip.began_utc_s, 0, trip.amount_fen, age,
                stamp_sums.to_do("trip", PARKING, age),
        )  # fmt: skip


def told(cars: list[Inside]) -> Iterator[str]:
    """Lines: how many there are of each age, and what to do."""
    for word, _ in reversed(stamp_sums.AGES):
        mine = [one for one in cars if one.age == word]
        if mine:
            what = stamp_sums.to_do("trip", PARKING, word)
            yield f"inside, {word}: {len(mine)}; {what}"
