# SPDX-License-Identifier: Apache-2.0
"""What the overview adds up: a day's money, terminals by state, what has to be looked after."""

from typing import NamedTuple

import sqlalchemy as sa

from firmware.formats import batch
from host_tools import sessions
from host_tools.ledger import settlement
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import (
    CONFLICT,
    DUPLICATE,
    LOST,
    MARKED,
    QUARANTINE,
    RECORDS,
    REFUSALS,
    TERMINALS,
    UNREADABLE,
)
from host_tools.ledger.settlement import Total
from host_tools.ledger.sitting import SERVED
from host_tools.verdicts import REPLAYED, TWINS, UNSIGNED

MARKS = (CONFLICT, DUPLICATE, LOST, UNREADABLE)
GROUPED = ("operator", "line", "hour")  # what `of` of a group is
OPERATOR, LINE, HOUR = range(len(GROUPED))
GROUPS_MOST = 50_000  # operators x lines x hours of a city; more is said to be cut off
# How frames are counted that somebody else has made, or has kept
FORGED = (sessions.FORGED, sessions.STALE, REPLAYED, UNSIGNED)


class Fleet(NamedTuple):
    """Terminals by state; `lost`: served ones that have not been heard for long."""

    served: int
    stopped: int
    lost: int


class Alarms(NamedTuple):
    """Counts over the whole ledger; `new` ones are settled with today."""

    marks: dict[str, int]
    new: dict[str, int]
    quarantine: int
    quarantine_terminals: int
    refusals: dict[str, int]


def groups(ledger: Ledger, day: int) -> list[Total]:
    """A day by GROUPED, one scan of the day."""
    return settlement.totals(ledger, day, GROUPED, GROUPS_MOST)


def fleet(ledger: Ledger, heard_since_utc_s: int) -> Fleet:
    """One look at the registry."""
    served = TERMINALS.c.state == SERVED
    silent = sa.and_(served, TERMINALS.c.last_seen_utc_s < heard_since_utc_s)
    asked = sa.select(
        sa.func.count().filter(served),
        sa.func.count().filter(sa.not_(served)),
        sa.func.count().filter(silent),
    ).select_from(TERMINALS)
    with ledger.engine.connect() as connection:
        return Fleet(*connection.execute(asked).one())


def alarms(ledger: Ledger, today: int) -> Alarms:
    """By indexes that hold nothing but what is wrong."""
    new = sa.func.count().filter(RECORDS.c.settled_on >= today)
    marked = sa.select(RECORDS.c.mark, sa.func.count(), new).where(MARKED).group_by(RECORDS.c.mark)
    kept = sa.select(
        sa.func.count(), sa.func.count(sa.distinct(QUARANTINE.c.terminal))
    ).select_from(QUARANTINE)
    refused = sa.select(REFUSALS.c.reason, sa.func.sum(REFUSALS.c.times))
    with ledger.engine.connect() as connection:
        found = connection.execute(marked).all()
        batches, terminals = connection.execute(kept).one()
        refusals = connection.execute(refused.group_by(REFUSALS.c.reason)).all()
    return Alarms(
        {mark: 0 for mark in MARKS} | {one[0]: one[1] for one in found},
        {mark: 0 for mark in MARKS} | {one[0]: one[2] for one in found},
        batches,
        terminals,
        {reason: int(times) for reason, times in refusals},
    )


def forged(refusals: dict[str, int]) -> int:
    """How many frames were refused because of who sent them."""
    return sum(times for reason, times in refusals.items() if reason in FORGED)


def twins(refusals: dict[str, int]) -> int:
    """How often two terminals were found to have one number."""
    return refusals.get(TWINS, 0)


def strangers(refusals: dict[str, int]) -> int:
    """How many came from terminals that nobody has registered, or that are stopped."""
    return refusals.get(batch.reject_name(batch.UNKNOWN_TERMINAL), 0)


def sales_of(found: list[Total]) -> tuple[int, int]:
    """(count, fen) of what is money to clear."""
    return sum(one.sales for one in found), sum(one.sales_fen for one in found)
