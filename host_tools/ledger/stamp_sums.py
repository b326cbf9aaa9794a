# SPDX-License-Identifier: Apache-2.0
"""What a settled day says of cards with memory, and what is still open of all days, by age.

| what            | of                         | fen is                                           |
|-----------------|----------------------------|--------------------------------------------------|
| entry, exit ..  | device                     | what these taps took: part of the sales          |
| pass rides      | device                     | what rides on passes took: part of the sales     |
| offset drawn    | device                     | of the sales, what lies below nothing on cards   |
| frozen          | device                     | sums frozen: no money                            |
| never cleared   | device                     | of these, what no completion has drawn yet       |
| completion      | terminal that froze (QX-054)| what was drawn: part of the sales               |

Only taps that happened make lines; doubtful ones stand among the pending debits. A late tap is
settled with the day that its record is settled with (settlement.py).
"""

from typing import NamedTuple

import sqlalchemy as sa

from host_tools.ledger import settlement, stamps
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.stamps import COMPLETION, FREEZE, STAMPS, Trip

DAY_S = 86400
# (word, an opening of at least so many seconds is of it), the oldest first
AGES = (("older", 7 * DAY_S), ("1-7 d", DAY_S), ("0-1 d", 0))
# (what is open, of one device where it stands there, word of its age) -> what to do about it
TO_DO = {
    ("trip", "0-1 d"): "wait: the rider may still be inside",
    ("trip", "1-7 d"): "the next entry or the service desk ends it",
    ("trip", "older"): "ask why the exit is missing: its station's gaps, the card's disputes",
    ("frozen", "0-1 d"): "wait: hire or filling may still be going on",
    ("frozen", "1-7 d"): "the customer's next tap completes it: find him",
    ("frozen", "older"): "ask the card's issuer to release the sum: no terminal can",
    ("frozen bike", "0-1 d"): "wait: the bike may still be out",
    ("frozen bike", "1-7 d"): "look for the bike: its rider's tap at a dock completes the hire",
    ("frozen fuel", "0-1 d"): "wait: the card's next tap completes what was poured",
    ("frozen fuel", "1-7 d"): "look what was poured (fuel_filled): find the customer",
    ("frozen fuel", "older"): "nothing poured: ask the issuer to release the sum; else claim it",
    ("trip parking", "0-1 d"): "wait: the car may be inside",
    ("trip parking", "1-7 d"): "look whether the car stands there",
    ("trip parking", "older"): "no car: its exit's gaps and pending debits, the card's disputes",
    ("doubtful", "0-1 d"): "wait: the torn card may come back",
    ("doubtful", "1-7 d"): "look at the pending debit: did the tap happen?",
    ("doubtful", "older"): "settle it with the pending debit it stands beside",
}


class Line(NamedTuple):
    """A line under a day's settlement; `of`: device, or the terminal that froze."""

    what: str
    of: str
    taps: int
    fen: int


class Open(NamedTuple):
    """What nothing has closed: `kind` trip, frozen or doubtful, `age` a word of AGES."""

    kind: str
    age: str
    age_s: int
    to_do: str
    trip: Trip


class Aged(NamedTuple):
    """How much of a kind is open at an age; fen: frozen, 0 of trips."""

    kind: str
    age: str
    trips: int
    fen: int


def lines(ledger: Ledger, day: int) -> list[Line]:
    """Lines of the day's settlement; none where no card's memory was used."""
    settled = settlement.settled_on(day)
    here = STAMPS.c
    same = sa.and_(here.terminal == settled.c.terminal, here.sequence == settled.c.sequence)
    happened = here.kind.not_in(stamps.DOUBTFUL)
    columns = (
        here.side, here.device, here.closes_terminal, here.passes,
        sa.func.count(), sa.func.sum(here.amount_fen), sa.func.sum(here.frozen_fen),
        sa.func.sum(sa.case((here.offset_fen > 0, 1), else_=0)), sa.func.sum(here.offset_fen),
    )  # fmt: skip
    asked = sa.select(*columns).select_from(sa.join(STAMPS, settled, same)).where(happened)
    asked = asked.group_by(here.side, here.device, here.closes_terminal, here.passes)
    found: dict[tuple[str, str], list[int]] = {}

    def add(what: str, of: str, taps: int, fen: int) -> None:
        sums = found.setdefault((what, of), [0, 0])
        sums[0], sums[1] = sums[0] + int(taps), sums[1] + int(fen)

    with ledger.engine.connect() as connection:
        for side, device, froze, passes, taps, fen, frozen, owing, owed in connection.execute(
            asked
        ):
            by_terminal = side == COMPLETION
            what = "frozen" if side == FREEZE else side
            add(what, f"terminal {froze}" if by_terminal else device, taps, frozen or fen)
            if passes:
                add("pass rides", device, taps, fen)
            if owing:
                add("offset drawn", device, owing, owed)
    for one in stamps.trips(ledger.engine, day, True):
        if one.frozen_fen and one.state == "open":
            add("never cleared", one.device, 1, one.frozen_fen)
    return [Line(*key, *found[key]) for key in sorted(found)]


def age_of(age_s: int) -> str:
    """Word of AGES."""
    return next(word for word, least in AGES if age_s >= least or not least)


def still_open(ledger: Ledger, offset: int = 0, count: int | None = None) -> list[Open]:
    """Trips and frozen sums that nothing has closed, the oldest first."""
    now_utc_s = int(ledger.time_utc_s())
    found = stamps.trips(ledger.engine, None, True, offset, count)
    return [opened(one, now_utc_s) for one in found]


def opened(one: Trip, now_utc_s: int) -> Open:
    """A trip that is open or doubtful with its age, and what to do about it."""
    frozen = "frozen" if one.frozen_fen else "trip"
    kind = "doubtful" if one.state == "doubtful" else frozen
    age_s = max(0, now_utc_s - one.began_utc_s)
    word = age_of(age_s)
    return Open(kind, word, age_s, to_do(kind, one.device, word), one)


def to_do(kind: str, device: str, age: str) -> str:
    """What to do about one that is open; age: a word of AGES."""
    return TO_DO.get((f"{kind} {device}", age)) or TO_DO[kind, age]


def aged(ledger: Ledger) -> list[Aged]:
    """Counts of still_open(), by kind and age, those that are not nothing."""
    found: dict[tuple[str, str], list[int]] = {}
    for one in still_open(ledger):
        sums = found.setdefault((one.kind, one.age), [0, 0])
        sums[0], sums[1] = sums[0] + 1, sums[1] + one.trip.frozen_fen
    order = [(kind, age) for kind in ("trip", "frozen", "doubtful") for age, _ in reversed(AGES)]
    return [Aged(*key, *found[key]) for key in order if key in found]
