# SPDX-License-Identifier: Apache-2.0
"""What taps did to the memory of cards, one row a record of version 4, and the trips they make.

| side       | what the tap wrote                                             |
|------------|----------------------------------------------------------------|
| entry      | a trip was begun                                               |
| adjust     | likewise, at a fare adjustment kiosk, and paid for one before  |
| exit       | a trip was ended; without an entry on the card it closes none  |
| payment    | a stay was paid at a machine, the car is still inside          |
| freeze     | a sum was frozen (pre-authorisation): no money moved           |
| completion | a frozen sum was drawn, below, at or above what was frozen     |
| pass       | a ride on a pass                                               |
| purchase   | units for a meter at home                                      |
| other      | a record that no layout of ours reads                          |

A row `closes` the record whose trip or frozen sum it ends, named by the card itself: terminal and
number stand in its memory. T-Union's bus record has no number: it names terminal and moment, to
the second, so its rows have the moment, seconds UTC below nothing, and the masked card number has
to be the same. An entry over a trip that is open closes that one too: its exit is missing. Only
records that count have rows, and of those only what happened or may have happened.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from firmware.capp import layouts
from firmware.capp.trip import is_adjusted
from firmware.errors import FormatError
from firmware.formats import extension, record
from host_tools.ledger.schema import METADATA, column, key

ADJUST = "adjust"
ENTRY, EXIT, FREEZE, COMPLETION = "entry", "exit", "freeze", "completion"
PAYMENT = "payment"
PASS, PURCHASE, OTHER = "pass", "purchase", "other"
OPENING = (ENTRY, FREEZE, ADJUST)
DOUBTFUL = (record.PENDING, record.DEBITED_UNPROVEN, record.DEBITED_REFUSED)
HAPPENED = (record.APPROVED, record.STAMPED, record.PREAUTHORISED, *DOUBTFUL)
# (side, state written) of each layout
SIDES = {
    (layouts.TRIP, layouts.INSIDE): ENTRY,
    (layouts.TRIP, layouts.CLOSED): EXIT,
    (layouts.TRIP, layouts.PAID): PAYMENT,
    (layouts.UNION_BUS, layouts.INSIDE): ENTRY,
    (layouts.UNION_BUS, layouts.CLOSED): EXIT,
    (layouts.FREEZE, layouts.FROZEN): FREEZE,
    (layouts.FREEZE, layouts.COMPLETED): COMPLETION,
}
OPEN_STATE = 1  # INSIDE and FROZEN
UNION_ID = layouts.T_UNION["bus"][1]

STAMPS = sa.Table(
    "stamps",
    METADATA,
    key("terminal"),
    key("sequence"),
    column("business_day", sa.Integer),
    column("kind", sa.Integer),
    column("side", sa.Text),
    column("device", sa.Text),
    column("card_shown", sa.Text),
    column("time_utc_s"),
    column("line", sa.Integer),
    column("place", sa.Integer),
    column("amount_fen"),
    column("frozen_fen"),
    column("closes_terminal"),  # 0: nothing
    column("closes_sequence"),  # below 0: the moment of a record whose number nobody wrote down
    column("passes", sa.Integer),  # 1: a ride on a pass, by itself or beside a trip
    column("offset_fen"),  # drawn from the deposit by this tap (QX-061)
    column("owed_fen"),  # DF63 behind it, 0 where the card was not asked
    sa.Index("stamps_by_day", "business_day"),
    sa.Index("stamps_closing", "closes_terminal", "closes_sequence"),
)


class Memory(NamedTuple):
    """What a record says of the card's memory."""

    side: str
    line: int
    place: int
    frozen_fen: int
    closes: tuple[int, int]
    passes: int = 0
    offset_fen: int = 0
    owed_fen: int = 0


def memory_of(found: dict) -> Memory | None:
    """Of a record dict; None where its tap did not change the card's memory, or did not happen.

    What cannot be read is OTHER: an extension is a terminal's, its images are a card's.
    """
    if not found.get("extension") or found["kind"] not in HAPPENED:
        return None
    made = Memory(OTHER, found["line"], found["stop"], 0, (0, 0))
    try:
        told = extension.of(found)
        if told["kind"] == extension.PREAUTHORISATION:
            made = made._replace(frozen_fen=found["amount_fen"])
        read = []
        for sfi, _, before, after in told["changes"]:
            layout = _layout(sfi, after)
            if layout:
                read.append(_memory(layout, before, after, made, found))
    except FormatError:
        return made
    drawn, owed = extension.offset_drawn(told, found["amount_fen"])
    ridden = int(any(one.side == PASS for one in read) or found.get("rule") == PASS)
    # a pass beside a trip is the trip's; of several trips the first is told
    read.sort(key=lambda one: one.side == PASS)
    return (read or [made])[0]._replace(passes=ridden, offset_fen=drawn, owed_fen=owed)


def _layout(sfi: int, data: bytes) -> tuple | None:
    """How a record is read; None for the cyclic file, and for SFIs that no trade has."""
    if data[:2] == UNION_ID:
        return layouts.UNION_BUS
    if sfi == extension.CYCLIC_FILE:
        return None
    mine = [row for row in layouts.OWN.values() if row[0] == sfi]
    # an ID is what the payment system gives out; where it is a default it says which of a file
    named = [row for row in mine if row[1] == data[:2]] or mine
    return named[0][3] if named else None


def _memory(layout: tuple, before: bytes, after: bytes, made: Memory, found: dict) -> Memory:
    was, has = layouts.read(layout, before), layouts.read(layout, after)
    if layout is layouts.METER:
        return Memory(PURCHASE, 0, 0, 0, (0, 0))
    if layout in (layouts.PASS, layouts.PARKING_PASS):
        return Memory(PASS, 0, 0, 0, (0, 0))
    side = SIDES.get((layout, has["state"]), OTHER)
    if side == ENTRY and layout is layouts.TRIP and is_adjusted(has):
        side = ADJUST
    end = "exit" if side in (EXIT, COMPLETION) else "entry"
    line, place = has.get(end + "_line", 0), has.get(end + "_place", 0)
    if layout is layouts.UNION_BUS and side == EXIT:  # it has no fields of an exit
        line, place = made.line, made.place
    closes = (0, 0)
    if was["state"] == OPEN_STATE or SIDES.get((layout, was["state"])) == PAYMENT:
        closes = (was["entry_gate"], was.get("entry_number", 0) or _named_by(was, found))
    return Memory(side, line, place, made.frozen_fen, closes if all(closes) else (0, 0))


def _named_by(was: dict, found: dict) -> int:
    """Below nothing the moment, seconds UTC, that a record without numbers names; 0: none."""
    try:
        here = datetime.strptime(found["date"] + found["time"], "%y%m%d%H%M%S")
        passed = here - datetime(*was["entry_time"])
    except (TypeError, ValueError):  # no moment, or one that does not exist
        return 0
    return min(0, passed // timedelta(seconds=1) - found["time_utc_s"])


class Trip(NamedTuple):
    """A trip or a frozen sum, from what opened it to what closed it, one for both (QX-053); times
    seconds UTC, 0 unknown.

    state: closed, open, adjusted (ended and paid at a fare adjustment kiosk), replaced (a later
    entry found it open), doubtful (its opening may not have happened), exit_only.
    """

    state: str
    device: str
    card: str
    terminal: int
    sequence: int
    began_utc_s: int
    from_place: int
    ended_utc_s: int
    to_place: int
    frozen_fen: int
    amount_fen: int
    line: int  # where it began, of a lone exit where it ended


def trips(
    engine: sa.Engine,
    day: int | None = None,
    only_open: bool = False,
    offset: int = 0,
    count: int | None = None,
    device: str = "",
) -> list[Trip]:
    """Trips and frozen sums, the oldest first; of a business day on which they began; `count` of
    them behind the first `offset`; of a `device`, where one is named.
    """
    opened, numbered, timed = [STAMPS.alias(one) for one in ("opened", "numbered", "timed")]
    by_number, by_moment = _by_number(numbered, opened), _by_moment(timed, opened)
    joined = sa.outerjoin(opened, numbered, sa.and_(by_number, _has_ended(numbered)))
    joined = sa.outerjoin(joined, timed, sa.and_(by_moment, _has_ended(timed)))
    names = ("side", "time_utc_s", "place", "amount_fen")
    closed = [sa.func.coalesce(numbered.c[one], timed.c[one]) for one in names]
    paid = STAMPS.alias("paid")
    before = sa.select(sa.func.coalesce(sa.func.sum(paid.c.amount_fen), 0)).where(
        _by_number(paid, opened),
        paid.c.kind.not_in(DOUBTFUL),
        paid.c.side == PAYMENT,
    )
    here = opened.c
    asked = sa.select(
        here.side, here.kind, here.device, here.card_shown, here.terminal, here.sequence,
        here.time_utc_s, here.place, here.frozen_fen, here.amount_fen,
        *closed, before.scalar_subquery(), here.closes_terminal, here.line,
    ).select_from(joined)  # fmt: skip
    lone = sa.and_(here.side.in_((EXIT, COMPLETION)), here.closes_terminal == 0)
    asked = asked.where(sa.or_(here.side.in_(OPENING), lone))
    if day is not None:
        asked = asked.where(here.business_day == day)
    if device:
        asked = asked.where(here.device == device)
    if only_open:
        asked = asked.where(closed[0].is_(None), here.side.in_(OPENING))
    order = (here.time_utc_s, here.terminal, here.sequence)
    asked = asked.order_by(*order).offset(offset).limit(count)
    with engine.connect() as connection:
        return [_trip(tuple(row)) for row in connection.execute(asked)]


def _by_number(closing: sa.FromClause, opened: sa.FromClause) -> sa.ColumnElement[bool]:
    """That a row closes another one by its number. Equalities alone: what a hash join can do."""
    return sa.and_(
        closing.c.closes_terminal == opened.c.terminal,
        closing.c.closes_sequence == opened.c.sequence,
    )


def _by_moment(closing: sa.FromClause, opened: sa.FromClause) -> sa.ColumnElement[bool]:
    """Likewise by its moment and the card."""
    return sa.and_(
        closing.c.closes_terminal == opened.c.terminal,
        closing.c.closes_sequence == -opened.c.time_utc_s,
        closing.c.closes_sequence < 0,
        closing.c.card_shown == opened.c.card_shown,
    )


def _has_ended(closing: sa.FromClause) -> sa.ColumnElement[bool]:
    """That a row surely ends what it closes."""
    return sa.and_(closing.c.kind.not_in(DOUBTFUL), closing.c.side != PAYMENT)


def _trip(row: tuple) -> Trip:
    side, kind, device, card, terminal, sequence, at, place, frozen, amount = row[:10]
    by, ended, to_place, paid, before, over, line = row[10:]
    if side not in OPENING:
        lone = (device, card, terminal, sequence, 0, 0, at, place, 0, amount, line)
        return Trip("exit_only", *lone)
    state = "replaced" if by in OPENING else "closed" if by else "open"
    if by == ADJUST:
        state = "adjusted"
    if state == "open" and kind in DOUBTFUL:
        state = "doubtful"
    if state not in ("closed", "adjusted"):
        ended = to_place = 0
    paid = before + (paid or 0)  # at a pay station, whoever is still inside too
    if kind not in DOUBTFUL and not over:  # else it was taken for the trip that is over
        paid += amount
    began = (device, card, terminal, sequence, at, place)
    return Trip(state, *began, ended, to_place, frozen, paid, line)
