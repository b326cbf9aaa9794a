# SPDX-License-Identifier: Apache-2.0
"""The ledger: where records rest on the host, one row a record, raw bytes kept (clearing.md 9).

Two keys. Transport: (terminal, sequence), unique, makes every upload repeatable (CL-006).
Business: PAN + PSN + ATC + TC, unique among the rows that count (QT-263); a second record with the
same key is stored too but marked, `duplicate` when amount and time agree, `conflict` when they do
not: that one goes to a person, and nothing is ever overwritten. Further marks: `lost` (a number
whose record the terminal no longer has, CL-008) and `unreadable` (bytes that no known version
explains).

commit() returns when the rows are on disk (SQLite with synchronous=FULL, CL-007). PANs stand in
the database, which has to be protected as such; every Row shows them masked (CL-016). A ledger may
be used by several threads.
"""

import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry

from firmware.errors import FormatError
from firmware.formats import record

SCHEMA = 1
COUNTS = ""  # the mark of a row that counts
DUPLICATE = "duplicate"
CONFLICT = "conflict"
LOST = "lost"
UNREADABLE = "unreadable"

METADATA = sa.MetaData()
RECORDS = sa.Table(
    "records",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("terminal", sa.BigInteger, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("mark", sa.String(12), nullable=False),
    sa.Column("kind", sa.Integer),
    sa.Column("business_key", sa.LargeBinary),
    sa.Column("pan", sa.String(20), nullable=False),
    sa.Column("day", sa.String(6), nullable=False),  # local, YYMMDD
    sa.Column("time", sa.String(6), nullable=False),
    sa.Column("time_utc_s", sa.BigInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(32), nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("vehicle", sa.BigInteger, nullable=False),
    sa.Column("received_utc_s", sa.BigInteger, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("terminal", "sequence"),
    sa.Index("by_card", "pan", "time_utc_s"),
    sa.Index("by_day", "day", "terminal"),
)
COUNTING_KEY = sa.Index(  # one sale, one row that counts (QT-263)
    "one_counting_row_a_sale",
    RECORDS.c.business_key,
    unique=True,
    sqlite_where=RECORDS.c.mark == COUNTS,
    postgresql_where=RECORDS.c.mark == COUNTS,
)


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


class Ledger:
    """`url` as SQLAlchemy has it, "sqlite:///path"; the tables are made when missing.

    FormatError if the database was made by another version.
    """

    def __init__(self, url: str):
        self.engine = sa.create_engine(url)
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _make_durable)
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "sqlite":
                found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
                if found not in (0, SCHEMA):
                    raise FormatError(f"ledger of version {found}, this is version {SCHEMA}")
                connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA}")
            METADATA.create_all(connection)

    def commit(self, terminal: int, items: list[tuple[int, bytes]]) -> None:
        """Store [(sequence, record bytes)] in one transaction, durable on return.

        A number that is stored as lost is replaced; any other that is there already raises
        sqlalchemy.exc.IntegrityError and nothing is stored.
        """
        with self.engine.begin() as connection:
            for sequence, raw in items:
                if raw:
                    connection.execute(
                        sa.delete(RECORDS).where(
                            RECORDS.c.terminal == terminal,
                            RECORDS.c.sequence == sequence,
                            RECORDS.c.mark == LOST,
                        )
                    )
                values = _row_values(raw) | {"terminal": terminal, "sequence": sequence}
                if values["mark"] == COUNTS:
                    values["mark"] = _mark(connection, values)
                connection.execute(sa.insert(RECORDS).values(values))

    def last_sequence(self, terminal: int) -> int:
        """The highest number stored of a terminal, 0 if it was never seen."""
        asked = sa.select(sa.func.max(RECORDS.c.sequence)).where(RECORDS.c.terminal == terminal)
        with self.engine.connect() as connection:
            return connection.execute(asked).scalar() or 0

    def raw(
        self, terminal: int, first: int = 0, last: int = 0xFFFFFFFF
    ) -> list[tuple[int, bytes]]:
        """[(sequence, record bytes)] as received, by number; lost ones are left out."""
        asked = (
            sa.select(RECORDS.c.sequence, RECORDS.c.raw)
            .where(RECORDS.c.terminal == terminal, RECORDS.c.sequence.between(first, last))
            .where(RECORDS.c.mark != LOST)
            .order_by(RECORDS.c.sequence)
        )
        with self.engine.connect() as connection:
            return [(sequence, bytes(raw)) for sequence, raw in connection.execute(asked)]

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
            asked = asked.where(_card_is(card))
        if mark is not None:
            asked = asked.where(RECORDS.c.mark == mark)
        return self._rows(asked)

    def card_history(self, card: str) -> list[Row]:
        """What happened to this card, in the order of time.

        card: all digits of the PAN, a masked PAN (`*` for a digit), or its last four digits.
        FormatError for anything else.
        """
        asked = sa.select(RECORDS).where(_card_is(card))
        return self._rows(asked.order_by(RECORDS.c.time_utc_s, RECORDS.c.id))

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

    def close(self) -> None:
        self.engine.dispose()

    def _rows(self, asked: sa.Select) -> list[Row]:
        with self.engine.connect() as connection:
            return [_row(found) for found in connection.execute(asked)]


def _make_durable(
    connection: sa.engine.interfaces.DBAPIConnection, _: ConnectionPoolEntry
) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers do not hold the collector up
    cursor.execute("PRAGMA synchronous=FULL")  # in WAL mode: every commit is on disk
    cursor.close()


def _row_values(raw: bytes) -> dict:
    values = {
        "kind": None,
        "business_key": None,
        "pan": "",
        "day": "",
        "time": "",
        "time_utc_s": 0,
        "amount_fen": 0,
        "reason": "",
        "line": 0,
        "vehicle": 0,
        "received_utc_s": int(time.time()),
        "raw": raw,
        "mark": COUNTS if raw else LOST,
    }
    if not raw:
        return values
    try:
        found = record.unpack(raw)
    except FormatError:
        return values | {"mark": UNREADABLE}
    for name in ("kind", "time", "time_utc_s", "amount_fen", "reason", "line", "vehicle"):
        values[name] = found[name]
    values["day"] = found["date"]
    values["pan"] = record.pan_digits(found["pan"])
    values["business_key"] = record.business_key(found)
    return values


def _mark(connection: sa.Connection, values: dict) -> str:
    """COUNTS, or what the record is beside the one with the same business key."""
    if values["business_key"] is None:
        return COUNTS
    asked = sa.select(RECORDS.c.amount_fen, RECORDS.c.time_utc_s).where(
        RECORDS.c.business_key == values["business_key"], RECORDS.c.mark == COUNTS
    )
    first = connection.execute(asked).first()
    if first is None:
        return COUNTS
    return DUPLICATE if tuple(first) == (values["amount_fen"], values["time_utc_s"]) else CONFLICT


def _filtered(terminal: int | None, day: str | None) -> sa.Select:
    asked = sa.select(RECORDS)
    if terminal is not None:
        asked = asked.where(RECORDS.c.terminal == terminal)
    if day is not None:
        asked = asked.where(RECORDS.c.day == day)
    return asked


def _card_is(card: str) -> sa.ColumnElement[bool]:
    if not card or card.strip("0123456789*") or len(card) < 4:
        raise FormatError("a card is asked for by its number, masked or not, or its last 4 digits")
    if len(card) == 4:
        return RECORDS.c.pan.like("%" + card.replace("*", "_"))
    return RECORDS.c.pan.like(card.replace("*", "_"))


def _row(found: sa.Row) -> Row:
    digits = found.pan
    return Row(
        terminal=found.terminal,
        sequence=found.sequence,
        kind=record.kind_name(found.kind) or "",
        mark=found.mark,
        card=record.mask_pan(bytes.fromhex(digits + "f" * (len(digits) % 2))),
        day=found.day,
        time=found.time,
        time_utc_s=found.time_utc_s,
        amount_fen=found.amount_fen,
        reason=found.reason,
        line=found.line,
        vehicle=found.vehicle,
    )
