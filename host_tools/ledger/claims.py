# SPDX-License-Identifier: Apache-2.0
"""What people have to look after: torn taps, missing numbers, repeats, disputes, cards to deny."""

from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import days, settlement
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.questions import Row
from host_tools.ledger.schema import CONFLICT, COUNTS, DUPLICATE, LOST, NUMBERS, RECORDS

UNSETTLED = (record.PENDING, record.DEBITED_UNPROVEN, record.DEBITED_REFUSED)
REFUND = "refund_cash"  # reason of cash that was given back for a sale by card or cash
FAILED_PROOF = "oda_failed"  # reason of a card whose signature was wrong before it was debited
AROUND_DAYS = 1  # of the day that somebody remembers
DISPUTE_ORDER = (
    RECORDS.c.card, RECORDS.c.time_utc_s, RECORDS.c.terminal, RECORDS.c.sequence,
)  # fmt: skip


class Gap(NamedTuple):
    """Numbers first..last of a terminal: `stated` lost by it, or never received."""

    terminal: int
    first: int
    last: int
    stated: bool


class Suspect(NamedTuple):
    """A card whose cryptograms fail, again and again."""

    card: str
    failures: int
    debited_fen: int
    last_day: int
    terminal: int
    sequence: int


def pending(ledger: Ledger) -> list[Row]:
    """Taps of which money may have gone without a sale, the oldest first (CL-010)."""
    asked = sa.select(RECORDS).where(RECORDS.c.kind.in_(UNSETTLED), RECORDS.c.mark == COUNTS)
    order = (RECORDS.c.time_utc_s, RECORDS.c.terminal, RECORDS.c.sequence)
    return ledger.select_rows(asked.order_by(*order))


def gaps(ledger: Ledger, terminal: int | None = None) -> list[Gap]:
    """Numbers whose records are not there (CL-008), by terminal."""
    chosen = NUMBERS.c.terminal == terminal if terminal is not None else sa.true()
    before = sa.func.lag(NUMBERS.c.sequence).over(
        partition_by=NUMBERS.c.terminal, order_by=NUMBERS.c.sequence
    )
    inner = (
        sa.select(NUMBERS.c.terminal, NUMBERS.c.sequence, before.label("before"))
        .where(chosen)
        .subquery()
    )
    holes = sa.select(inner).where(inner.c.sequence > inner.c.before + 1)
    lost = sa.select(NUMBERS.c.terminal, NUMBERS.c.sequence).where(
        chosen, sa.func.length(NUMBERS.c.digest) == 0
    )
    with ledger.engine.connect() as connection:
        found = [Gap(one[0], one[2] + 1, one[1] - 1, False) for one in connection.execute(holes)]
        found += [Gap(one[0], one[1], one[1], True) for one in connection.execute(lost)]
    return sorted(found)


def refunds(ledger: Ledger, day: int) -> list[Row]:
    """What was given back in cash on a business day; `reference` names the record of the sale."""
    asked = sa.select(RECORDS).where(
        settlement.within(day, day),
        RECORDS.c.kind == record.EVENT,
        RECORDS.c.reason == REFUND,
        RECORDS.c.mark == COUNTS,
    )
    return ledger.select_rows(asked.order_by(RECORDS.c.terminal, RECORDS.c.sequence))


def repeats(ledger: Ledger) -> list[Row]:
    """Records whose card, sequence number, ATC and cryptogram came before (QT-263)."""
    asked = sa.select(RECORDS).where(RECORDS.c.mark.in_([DUPLICATE, CONFLICT]))
    return ledger.select_rows(asked.order_by(RECORDS.c.terminal, RECORDS.c.sequence))


def dispute(ledger: Ledger, card: str, day: int, amount_fen: int | None = None) -> list[Row]:
    """The story of each card that fits what a rider remembers, in the order of time.

    card: as in Ledger.card_history(). Cards are those with a record on `day`, a day before or
    after, of `amount_fen` where it is given; their records of these days are all told.
    """
    asked = sa.select(RECORDS).where(*disputed(ledger, card, day, amount_fen))
    return ledger.select_rows(asked.order_by(*DISPUTE_ORDER))


def disputed(
    ledger: Ledger, card: str, day: int, amount_fen: int | None = None
) -> list[sa.ColumnElement[bool]]:
    """The conditions on RECORDS of dispute(); a whole number goes by the index of cards."""
    near = [days.shifted(day, step) for step in range(-AROUND_DAYS, AROUND_DAYS + 1)]
    those_days = RECORDS.c.business_day.in_(near)
    it = ledger.card_is(card)
    fits = [those_days, it, RECORDS.c.card.is_not(None)]
    if amount_fen is not None:
        fits.append(RECORDS.c.amount_fen == amount_fen)
    found: list[sa.ColumnElement[bool]] = [those_days]
    found.append(RECORDS.c.card.in_(sa.select(RECORDS.c.card).where(*fits)))
    whole = len(card) > 4 and "*" not in card
    return [*found, it] if whole else found  # said twice, so that the index of cards is taken


def suspects(ledger: Ledger, least: int, since: int) -> list[Suspect]:
    """Cards with `least` failed proofs or more since a business day: proposals for the deny list.

    The number of a card stands in the record that is named; card_number() opens it.
    """
    failed = sa.or_(
        RECORDS.c.kind == record.DEBITED_REFUSED,
        sa.and_(RECORDS.c.kind == record.REFUSED, RECORDS.c.reason.like(FAILED_PROOF + "%")),
    )
    taken = sa.case((RECORDS.c.kind == record.DEBITED_REFUSED, RECORDS.c.amount_fen), else_=0)
    asked = (
        sa.select(
            sa.func.min(RECORDS.c.card_shown),
            sa.func.count().label("failures"),
            sa.func.sum(taken),
            sa.func.max(RECORDS.c.business_day),
            sa.func.max(RECORDS.c.terminal),
            RECORDS.c.card,
        )
        .where(failed, RECORDS.c.card.is_not(None), RECORDS.c.business_day >= since)
        .where(RECORDS.c.mark == COUNTS)
        .group_by(RECORDS.c.card)
        .having(sa.func.count() >= least)
        .order_by(sa.desc("failures"), RECORDS.c.card)
    )
    with ledger.engine.connect() as connection:
        found = []
        for shown, failures, fen, last_day, terminal, card in connection.execute(asked).all():
            one = sa.select(sa.func.max(RECORDS.c.sequence)).where(
                failed, RECORDS.c.card == card, RECORDS.c.terminal == terminal
            )
            sequence = connection.execute(one).scalar_one()
            found.append(Suspect(shown, failures, int(fen), last_day, terminal, sequence))
        return found


def card_number(ledger: Ledger, terminal: int, sequence: int) -> tuple[str, int]:
    """(all digits of the card number, its sequence number) of one record. NOT MASKED."""
    found = ledger.raw(terminal, sequence, sequence)
    if not found:
        raise FormatError(f"terminal {terminal} has no record {sequence} (or it is {LOST})")
    values = record.unpack(found[0][1])
    return record.pan_digits(values["pan"]), values["psn"]
