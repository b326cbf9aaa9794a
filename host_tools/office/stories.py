# SPDX-License-Identifier: Apache-2.0
"""The story of one record, and of one batch in quarantine: what it says, when it came, what stands
beside it. Card numbers are masked before anything leaves here.
"""

from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import batch, messages, record
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import NUMBERS, QUARANTINE, RECORDS, SALES
from host_tools.office.people import masked

BESIDE_MOST = 100
CARD_MOST = 30
FRAME_ITEMS_MOST = 200
PLAIN = [column for column in RECORDS.c if column.name != "sealed"]
# What of a record's own fields is told, in this order; no chip data, which may repeat the number
TOLD = (
    "version", "reason", "device", "line", "stop", "vehicle", "driver", "shift", "fare_class",
    "full_fare_fen", "amount_fen", "balance_fen", "trade", "direction", "riders", "rule",
    "fares_version", "parameters_version", "deny_list_version", "reference", "psn", "atc", "tc",
    "oda", "aid", "recovered", "clock_trusted",
)  # fmt: skip


class Story(NamedTuple):
    """A record and what is known around it. `told`: [(field, text)] of what it says itself."""

    row: sa.Row
    told: list[tuple[str, str]]
    first: tuple[int, int] | None  # (terminal, sequence) of the record that counts, where not this
    came_with: tuple[int, int, int]  # first and last number that came at that moment, how many
    same_card: list[sa.Row]


class Item(NamedTuple):
    """A record inside a batch that was not taken. `stored`: same, other bytes, or not stored."""

    sequence: int
    kind: str
    card: str
    day: str
    time: str
    amount_fen: int
    stored: str


class Batch(NamedTuple):
    """A batch in quarantine, read as far as its bytes can be."""

    terminal: int
    reason: str
    times: int
    first_utc_s: int
    last_utc_s: int
    size: int
    what: str
    items: list[Item]
    more: int


def of_record(ledger: Ledger, terminal: int, sequence: int) -> Story | None:
    """None where no such number is stored."""
    with ledger.engine.connect() as connection:
        found = _found(connection, terminal, sequence)
        if found is None:
            return None
        return Story(
            found,
            _told(ledger, terminal, sequence, bytes(found.sealed)),
            _first(connection, found),
            _came_with(connection, found),
            _same_card(connection, found),
        )


def _found(connection: sa.Connection, terminal: int, sequence: int) -> sa.Row | None:
    """By the day that `numbers` knows: one partition, one index."""
    day = connection.execute(
        sa.select(NUMBERS.c.business_day).where(
            NUMBERS.c.terminal == terminal, NUMBERS.c.sequence == sequence
        )
    ).scalar()
    asked = sa.select(RECORDS).where(
        RECORDS.c.terminal == terminal, RECORDS.c.sequence == sequence,
        RECORDS.c.business_day == (day or 0),
    )  # fmt: skip
    return connection.execute(asked).first()


def _told(ledger: Ledger, terminal: int, sequence: int, sealed: bytes) -> list[tuple[str, str]]:
    try:
        values = record.unpack(ledger.vault.open(terminal, sequence, sealed))
    except FormatError as wrong:
        return [("unreadable", masked(str(wrong)))] if sealed else []
    return [(_title(name), _text(name, values[name])) for name in TOLD if name in values]


def _title(name: str) -> str:
    return name.removesuffix("_fen") + ("_yuan" if name.endswith("_fen") else "")


def _text(name: str, value: object) -> str:
    if isinstance(value, bytes):
        return value.hex().upper()
    if name.endswith("_fen") and isinstance(value, int):
        return "-" if value == record.UNKNOWN_FEN else f"{value // 100}.{value % 100:02d}"
    return str(value)


def _first(connection: sa.Connection, row: sa.Row) -> tuple[int, int] | None:
    if row.sale is None:
        return None
    asked = sa.select(SALES.c.terminal, SALES.c.sequence).where(SALES.c.sale == row.sale)
    found = connection.execute(asked).first()
    if found is None or tuple(found) == (row.terminal, row.sequence):
        return None
    return found[0], found[1]


def _came_with(connection: sa.Connection, row: sa.Row) -> tuple[int, int, int]:
    """Numbers of the terminal around it that were stored in the same second."""
    near = RECORDS.c.sequence.between(row.sequence - BESIDE_MOST, row.sequence + BESIDE_MOST)
    asked = sa.select(
        sa.func.min(RECORDS.c.sequence), sa.func.max(RECORDS.c.sequence), sa.func.count()
    ).where(
        RECORDS.c.terminal == row.terminal, near, RECORDS.c.received_utc_s == row.received_utc_s
    )
    first, last, count = connection.execute(asked).one()
    return first, last, count


def _same_card(connection: sa.Connection, row: sa.Row) -> list[sa.Row]:
    if row.card is None:
        return []
    asked = sa.select(*PLAIN).where(RECORDS.c.card == row.card)
    asked = asked.order_by(RECORDS.c.time_utc_s.desc()).limit(CARD_MOST)
    return list(connection.execute(asked))


def of_batch(ledger: Ledger, terminal: int, digest: str) -> Batch | None:
    """None where no such batch is kept."""
    try:
        wanted = bytes.fromhex(digest[:64])
    except ValueError:
        return None
    here = (QUARANTINE.c.terminal == terminal, QUARANTINE.c.digest == wanted)
    with ledger.engine.connect() as connection:
        kept = connection.execute(sa.select(QUARANTINE).where(*here)).first()
        if kept is None:
            return None
        frame = ledger.vault.open(terminal, 0, bytes(kept.sealed))
        what, numbers = _read(frame)
        items = [_item(ledger, connection, *one) for one in numbers[:FRAME_ITEMS_MOST]]
    return Batch(
        terminal, kept.reason, kept.times, kept.first_utc_s, kept.last_utc_s, len(frame), what,
        items, max(0, len(numbers) - FRAME_ITEMS_MOST),
    )  # fmt: skip


def _read(frame: bytes) -> tuple[str, list[tuple[int, int, bytes]]]:
    """(why it cannot be read, or "", [(terminal, sequence, record bytes)])."""
    try:
        if frame[2:3] == bytes([messages.VERSION]):
            kind, values = messages.addressed(frame)[0], messages.fields_of(frame)
        else:
            kind, values = batch.unseal(frame)
    except FormatError as wrong:
        return masked(str(wrong)), []
    if kind != batch.BATCH:
        return f"kind {kind}", []
    return "", [(values["terminal_id"], number, raw) for number, raw in values["items"]]


def _item(
    ledger: Ledger, connection: sa.Connection, terminal: int, sequence: int, raw: bytes
) -> Item:
    there = connection.execute(
        sa.select(NUMBERS.c.digest).where(
            NUMBERS.c.terminal == terminal, NUMBERS.c.sequence == sequence
        )
    ).scalar()
    sealed = ledger.vault.seal(terminal, sequence, raw)
    stored = "not stored"
    if there is not None:
        stored = "same" if bytes(there) == sealed[: len(there)] else "other bytes"
    try:
        values = record.unpack(raw)
    except FormatError:
        return Item(sequence, "", "", "", "", 0, stored)
    return Item(
        sequence, record.kind_name(values["kind"]), record.mask_pan(values["pan"]),
        values["date"], values["time"], values["amount_fen"], stored,
    )  # fmt: skip
