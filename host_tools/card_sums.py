# SPDX-License-Identifier: Apache-2.0
"""What cards have paid, out of the ledger and into a file for terminals (fares/card_sums.py).

The cut-off of each terminal is read first, then the sales up to it: what is stored meanwhile is in
neither, so the file says exactly which records it has counted, on every database.
"""

from binascii import crc32
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.fares import calendar, card_sums, paid
from firmware.formats import record, signed
from host_tools import signing
from host_tools.ledger import COUNTS, Ledger
from host_tools.ledger.schema import RECORDS

MEAN_ROWS = 24  # of a bucket: half a kilobyte is read
Sums = tuple[int, int, int]


class Told(NamedTuple):
    """What a file says. cards: key of fares/paid.py -> fen of day, week, month; cut_offs: terminal
    -> number of its last record counted.
    """

    day: date
    cards: dict[bytes, Sums]
    cut_offs: dict[int, int]


def collected(ledger: Ledger, day: date, trades: Iterable[int] = ()) -> Told:
    """Sums of the sales that count, as of `day`; trades: codes of records, none for all of them.

    What is dated behind `day`, as a wrong clock does, counts as of that day: it was paid.
    """
    cut_offs = _cut_offs(ledger)
    number = calendar.day_number(day.year, day.month, day.day)
    first = min(day.replace(day=1), day - timedelta(days=day.weekday()))
    wanted, cards = set(trades), {}
    for values in _sales(ledger, first, cut_offs):
        if wanted and values.get("trade", 0) not in wanted:
            continue
        pan = record.pan_digits(values["pan"])
        sold = _day_number(values["date"])
        if not pan or sold is None:
            continue
        key = paid.key_of(pan, values["psn"])
        fits = paid.same_periods(min(sold, number), number)
        fen = tuple(values["amount_fen"] if one else 0 for one in fits)
        cards[key] = paid.added(cards.get(key, (0, 0, 0)), fen)
    cards = {key: sums for key, sums in cards.items() if any(sums)}
    return Told(day, cards, cut_offs)


def _cut_offs(ledger: Ledger) -> dict[int, int]:
    """Terminal -> its last number up to which the ledger has everything, or knows it is lost."""
    asked = sa.select(RECORDS.c.terminal, sa.func.max(RECORDS.c.sequence))
    with ledger.engine.connect() as connection:
        rows = connection.execute(asked.group_by(RECORDS.c.terminal)).all()
    return {terminal: last for terminal, last in rows}


def _sales(ledger: Ledger, first: date, cut_offs: dict[int, int]) -> Iterable[dict]:
    """Record dicts of the sales from a day on, up to the cut-offs."""
    sales = (
        RECORDS.c.mark == COUNTS,
        RECORDS.c.kind == record.APPROVED,
        RECORDS.c.day >= first.strftime("%y%m%d"),
    )
    for terminal, sequence, raw in ledger.unsealed(*sales):
        if sequence <= cut_offs.get(terminal, 0):
            yield record.unpack(raw)


def _day_number(digits: str) -> int | None:
    year, month, day = 2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:])
    return calendar.day_number(year, month, day) if calendar.is_day(year, month, day) else None


def build(told: Told) -> bytes:
    """Payload of a file. FormatError where a terminal could not read it."""
    if len(told.cut_offs) > 0xFFFF:
        raise FormatError(f"{len(told.cut_offs)} terminals: a file holds 65,535")
    bits, buckets = _spread(sorted(told.cards.items()))
    rows = sum(map(len, buckets))
    day = told.day
    head = bytes((card_sums.VERSION,))
    head += calendar.day_number(day.year, day.month, day.day).to_bytes(2, "big") + bytes((bits,))
    head += rows.to_bytes(4, "big") + len(told.cut_offs).to_bytes(2, "big")
    parts = [head, crc32(head).to_bytes(4, "big")]
    for terminal, last in sorted(told.cut_offs.items()):
        row = terminal.to_bytes(4, "big") + last.to_bytes(4, "big")
        parts += [row, (crc32(row) & 0xFFFF).to_bytes(2, "big")]
    place = 0
    for bucket in [*buckets, []]:
        parts.append(place.to_bytes(4, "big"))
        place += len(bucket)
    for number, bucket in enumerate(buckets):
        body = b"".join(bucket)
        parts += [body, card_sums.check_of(number, body)]
    return b"".join(parts)


def _spread(rows: list[tuple[bytes, Sums]]) -> tuple[int, list[list[bytes]]]:
    """(bits, rows of each bucket)"""
    least = 0
    while len(rows) > MEAN_ROWS << least:
        least += 1
    for bits in range(least, card_sums.BITS_MOST + 1):
        buckets: list[list[bytes]] = [[] for _ in range(1 << bits)]
        for key, sums in rows:
            buckets[card_sums.bucket_of(key, bits)].append(key + paid.fen_bytes(sums))
        if max(map(len, buckets)) <= card_sums.BUCKET_MOST:
            return bits, buckets
    raise FormatError(f"{len(rows):,} cards: too many for one file")


def opened(path: Path) -> tuple[card_sums.CardSums, int]:
    """A file, whole in its hash and structure, whoever signed it; and its version."""
    blob = signing.Bytes(path.read_bytes())
    try:
        head = signed.read_head(blob, (signed.CARD_SUMS,))
        sums = card_sums.CardSums(signed.hashed(blob, head).finish())
        for _ in sums.checked():
            pass
    except FormatError as wrong:
        raise FormatError(f"{path}: {wrong}") from wrong
    return sums, head.number
