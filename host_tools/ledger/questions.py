# SPDX-License-Identifier: Apache-2.0
"""What a ledger answers about single records: by terminal, kind, day, card and mark."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import days
from host_tools.ledger.schema import COUNTS, LOST, RECORDS, TERMINALS
from host_tools.ledger.vault import Vault


@dataclass(frozen=True)
class Row:
    """One record for people: `card` is masked, `kind` a word ("" where nobody can tell)."""

    terminal: int
    sequence: int
    kind: str
    mark: str
    card: str
    day: str
    time: str
    time_utc_s: int
    amount_fen: int
    reason: str
    line: int
    vehicle: int
    reference: int


class Questions:
    """Reads an open ledger; changes nothing."""

    def __init__(self, engine: sa.Engine, vault: Vault):
        self.engine = engine
        self.vault = vault

    def last_sequence(self, terminal: int) -> int:
        """The highest number stored of a terminal, 0 if it was never seen."""
        asked = sa.select(TERMINALS.c.last_sequence).where(TERMINALS.c.terminal == terminal)
        with self.engine.connect() as connection:
            return connection.execute(asked).scalar() or 0

    def raw(
        self, terminal: int, first: int = 0, last: int = 0xFFFFFFFF
    ) -> list[tuple[int, bytes]]:
        """[(sequence, record bytes)] as received, by number; lost ones are left out."""
        asked = (
            sa.select(RECORDS.c.sequence, RECORDS.c.sealed)
            .where(RECORDS.c.terminal == terminal, RECORDS.c.sequence.between(first, last))
            .where(RECORDS.c.mark != LOST)
            .order_by(RECORDS.c.sequence)
        )
        with self.engine.connect() as connection:
            return [
                (sequence, self.vault.open(terminal, sequence, bytes(sealed)))
                for sequence, sealed in connection.execute(asked)
            ]

    def unsealed(self, *conditions: sa.ColumnElement[bool]) -> Iterator[tuple[int, int, bytes]]:
        """(terminal, sequence, record bytes) of the rows of RECORDS that meet all conditions.

        WITH FULL CARD NUMBERS. Rows come as they are read: a city's day does not fit in memory.
        """
        asked = sa.select(RECORDS.c.terminal, RECORDS.c.sequence, RECORDS.c.sealed)
        with self.engine.connect() as connection:
            streamed = connection.execution_options(yield_per=1000)
            for terminal, sequence, sealed in streamed.execute(asked.where(*conditions)):
                yield terminal, sequence, self.vault.open(terminal, sequence, bytes(sealed))

    def rows(
        self,
        terminal: int | None = None,
        kind: int | None = None,
        card: str | None = None,
        day: str | None = None,
        mark: str | None = None,
    ) -> list[Row]:
        """Rows that meet all that is given, by terminal and number.

        kind: number of formats.record; card: as in card_history(); day: local YYMMDD.
        """
        asked = _filtered(terminal, day).order_by(RECORDS.c.terminal, RECORDS.c.sequence)
        if kind is not None:
            asked = asked.where(RECORDS.c.kind == kind)
        if card is not None:
            asked = asked.where(self.card_is(card))
        if mark is not None:
            asked = asked.where(RECORDS.c.mark == mark)
        return self.select_rows(asked)

    def card_history(self, card: str) -> list[Row]:
        """What happened to this card, in the order of time.

        card: all digits of the PAN, a masked PAN (`*` for a digit), or its last four digits. Only
        the whole number is found by an index. FormatError for anything else.
        """
        asked = sa.select(RECORDS).where(self.card_is(card))
        return self.select_rows(
            asked.order_by(RECORDS.c.time_utc_s, RECORDS.c.terminal, RECORDS.c.sequence)
        )

    def totals(self, terminal: int | None = None, day: str | None = None) -> dict:
        """{kind word: (count, fen)} of the rows that count; only `approved` is money to clear."""
        chosen = _filtered(terminal, day).where(RECORDS.c.mark == COUNTS).subquery()
        asked = sa.select(
            chosen.c.kind, sa.func.count(), sa.func.sum(chosen.c.amount_fen)
        ).group_by(chosen.c.kind)
        with self.engine.connect() as connection:
            found = connection.execute(asked).all()
        return {record.kind_name(kind): (count, int(fen)) for kind, count, fen in found}

    def gaps(self, terminal: int) -> list[int]:
        """Numbers of a terminal that are stated lost (CL-008)."""
        return [row.sequence for row in self.rows(terminal=terminal, mark=LOST)]

    def card_is(self, card: str) -> sa.ColumnElement[bool]:
        """The condition on RECORDS that it is of this card, asked for as in card_history()."""
        if not card or card.strip("0123456789*") or len(card) < 4:
            raise FormatError(
                "a card is asked for by its number, masked or not, or its last 4 digits"
            )
        if len(card) == 4:
            return RECORDS.c.card_shown.like("%" + card.replace("*", "_"))
        if "*" not in card:
            return RECORDS.c.card.in_(self.vault.cards(card))
        masked = card[:6] + "*" * (len(card) - 10) + card[-4:]
        return RECORDS.c.card_shown.like(masked.replace("*", "_"))

    def select_rows(self, asked: sa.Select) -> list[Row]:
        """Rows of a selection of whole RECORDS."""
        with self.engine.connect() as connection:
            return [_row(found) for found in connection.execute(asked)]


def _filtered(terminal: int | None, day: str | None) -> sa.Select:
    asked = sa.select(RECORDS)
    if terminal is not None:
        asked = asked.where(RECORDS.c.terminal == terminal)
    if day is not None:
        asked = asked.where(RECORDS.c.day == day, _near(day))
    return asked


def _near(day: str) -> sa.ColumnElement[bool]:
    """Business days on which a record of a local day lies, so that others are not read."""
    try:
        same = days.read(day)
    except FormatError:
        return sa.true()
    before = days.shifted(same, -1)
    return sa.or_(RECORDS.c.business_day.in_([before, same]), RECORDS.c.doubt != "")


def _row(found: sa.Row) -> Row:
    return Row(
        terminal=found.terminal,
        sequence=found.sequence,
        kind=record.kind_name(found.kind) or "",
        mark=found.mark,
        card=found.card_shown,
        day=found.day,
        time=found.time,
        time_utc_s=found.time_utc_s,
        amount_fen=found.amount_fen,
        reason=found.reason,
        line=found.line,
        vehicle=found.vehicle,
        reference=found.reference,
    )
