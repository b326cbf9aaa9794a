# SPDX-License-Identifier: Apache-2.0
"""Transfers on cards with a ring of rides: what they took off, and the ride before (QX-063).

A record shows the newest ride that stood on the card, as the ring had it. The rule goes on from
that one or from an older one, or from a metro's trip outside of the ring: which, no record tells.
A ring has no R-MAC, so whoever can write it can make up a ride: `known` says whether the ledger
has a tap of this card there and then.

| known  | the ride before                                                         |
|--------|-------------------------------------------------------------------------|
| yes    | is a tap of the same card in the ledger                                 |
| no     | is none: its terminal has not uploaded it, or nobody ever rode it       |
| ""     | is not told: an empty ring, a reader without records, bytes that are no ride |
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from firmware.capp import layouts
from firmware.errors import FormatError
from firmware.formats import extension, record
from host_tools.ledger import days, reading, report, settlement
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import COUNTS, RECORDS
from host_tools.ledger.stamps import STAMPS

RULE = "transfer"
TRADES = {1: "metro", 2: "bus"}  # of a ride
YES, NO, UNTOLD = "yes", "no", ""


class Transfer(NamedTuple):
    """A ride at a transfer's price; `minutes` since the ride before, -1 not known."""

    terminal: int
    sequence: int
    card: str
    time: str
    line: int
    amount_fen: int
    less_fen: int
    known: str
    before_trade: str
    before_line: int
    before_place: int
    before_terminal: int
    minutes: int


def transfers(ledger: Ledger, day: int) -> list[Transfer]:
    """Rides of a business day whose price a transfer made, by terminal and number."""
    conditions = (
        settlement.within(day, day), RECORDS.c.mark == COUNTS,
        RECORDS.c.kind.in_((record.APPROVED, record.STAMPED)), RECORDS.c.device == "bus",
    )  # fmt: skip
    found = []
    with ledger.engine.connect() as connection:
        for terminal, sequence, raw in ledger.unsealed(*conditions):
            values = report.whole(reading.unpacked(raw))
            if values["rule"] == RULE:
                found.append(_transfer(connection, terminal, sequence, values))
    return sorted(found)


def summed(found: list[Transfer]) -> Iterator[str]:
    """Lines: how many there are of each kind of `known`, and what they took off."""
    words = {YES: "ride before in the ledger", NO: "ride before NOT in the ledger",
             UNTOLD: "ride before not told"}  # fmt: skip
    for known, said in words.items():
        mine = [one for one in found if one.known == known]
        if mine:
            yield f"{said}: {len(mine)}, {sum(one.less_fen for one in mine)} fen less"


def _transfer(connection: sa.Connection, terminal: int, sequence: int, values: dict) -> Transfer:
    less_fen = max(0, values["full_fare_fen"] - values["amount_fen"])
    card = record.mask_pan(values["pan"]) if values["pan"] else ""
    digits = values["time"]
    mine = (terminal, sequence, card, f"{digits[:2]}:{digits[2:4]}:{digits[4:]}", values["line"],
            values["amount_fen"], less_fen)  # fmt: skip
    ride = _ride_before(terminal, values)
    if ride is None:
        return Transfer(*mine, UNTOLD, "", 0, 0, 0, -1)
    passed_s = _passed_s(ride, values)
    known = UNTOLD if passed_s is None else YES if _is_there(
        connection, ride, card, values["time_utc_s"] - passed_s) else NO  # fmt: skip
    minutes = -1 if passed_s is None else passed_s // 60
    trade = TRADES.get(ride["trade"], "other")
    return Transfer(*mine, known, trade, ride["line"], ride["place"], ride["gate"], minutes)


def _ride_before(terminal: int, values: dict) -> dict | None:
    """Fields of the ride that this one has pushed down; the profile is the one by which the new
    ride is this terminal's.
    """
    try:
        told = extension.of(values)
        rows = [one for one in told["changes"] if one[0] == extension.CYCLIC_FILE] if told else []
    except FormatError:
        return None
    for _, _, before, after in rows:
        for layout in (layouts.RIDE, layouts.UNION_RIDE):
            try:
                own = layouts.read(layout, after)
                if before and own["gate"] == terminal and _passed_s(own, values) == 0:
                    return layouts.read(layout, before)
            except FormatError:
                continue
    return None


def _passed_s(ride: dict, values: dict) -> int | None:
    """Seconds from a ride to this tap, None of a moment that does not exist."""
    try:
        here = datetime.strptime(values["date"] + values["time"], "%y%m%d%H%M%S")
        return int((here - datetime(*ride["time"])).total_seconds())
    except (TypeError, ValueError):
        return None


def _is_there(connection: sa.Connection, ride: dict, card: str, when_utc_s: int) -> bool:
    """Whether the ledger has that tap of this card: by its number, or by its moment."""
    here = STAMPS.c
    asked = sa.select(sa.func.count()).where(here.terminal == ride["gate"])
    asked = asked.where(here.card_shown == card)
    if ride.get("number"):
        asked = asked.where(here.sequence == ride["number"])
    else:
        day = here.business_day
        at = days.number(datetime.fromtimestamp(max(0, when_utc_s)).date())
        asked = asked.where(day.between(days.shifted(at, -1), days.shifted(at, 1)))
        asked = asked.where(here.time_utc_s == when_utc_s)
    return bool(connection.execute(asked).scalar())
