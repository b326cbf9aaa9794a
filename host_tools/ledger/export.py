# SPDX-License-Identifier: Apache-2.0
"""Records as a file for other programs, CSV or Parquet: card numbers masked, nothing sealed.

Rows come by business day, terminal and number and go out as they are read, so that a city's day
needs no more memory than a block. The file appears under its name when it is whole.
"""

import csv
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import RECORDS

BLOCK = 20_000  # rows
HIDDEN = ("sale", "card", "sealed")  # keyed hashes and sealed bytes are of no use outside
COLUMNS = [column for column in RECORDS.c if column.name not in HIDDEN]
NAMES = ["card" if column.name == "card_shown" else column.name for column in COLUMNS]
FORMULA = "=+-@\t\r"  # a spreadsheet computes a cell that begins so


def export(ledger: Ledger, path: Path, first_day: int, last_day: int) -> int:
    """Write the records of these business days; how many. The suffix says which kind of file.

    FormatError for another one, or where pyarrow is missing.
    """
    writer = WRITERS.get(path.suffix)
    if writer is None:
        raise FormatError(f"{path}: {' or '.join(WRITERS)} is written here")
    part = path.with_name(path.name + ".part")
    try:
        count = writer(part, _blocks(ledger, first_day, last_day))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _blocks(ledger: Ledger, first_day: int, last_day: int) -> Iterator[list[tuple]]:
    here = RECORDS.c
    asked = (
        sa.select(*COLUMNS)
        .where(here.business_day.between(first_day, last_day))
        .order_by(here.business_day, here.terminal, here.sequence)
    )
    kind = NAMES.index("kind")
    with ledger.engine.connect() as connection:
        streamed = connection.execution_options(yield_per=BLOCK).execute(asked)
        for rows in streamed.partitions():
            yield [
                (*row[:kind], record.kind_name(row[kind]) or "", *row[kind + 1 :]) for row in rows
            ]


def _csv(path: Path, blocks: Iterator[list[tuple]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(NAMES)
        for rows in blocks:
            lines.writerows([[_harmless(cell) for cell in row] for row in rows])
            count += len(rows)
    return count


def _parquet(path: Path, blocks: Iterator[list[tuple]]) -> int:
    try:
        # large, and an extra: only where it is asked for
        pa, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as missing:
        raise FormatError("Parquet takes pyarrow: pip install 'faretap[parquet]'") from missing
    types = [pa.string() if _is_text(column) else pa.int64() for column in COLUMNS]
    schema = pa.schema(list(zip(NAMES, types, strict=True)))
    count = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as file:
        for rows in blocks:
            columns = zip(*rows, strict=True)
            arrays = [pa.array(cells, kind) for cells, kind in zip(columns, types, strict=True)]
            file.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
            count += len(rows)
    return count


def _is_text(column: sa.Column) -> bool:
    return isinstance(column.type, sa.Text) or column.name == "kind"


def _harmless(cell):
    return "'" + cell if isinstance(cell, str) and cell[:1] in FORMULA and cell else cell


WRITERS: dict[str, Callable[[Path, Iterator[list[tuple]]], int]] = {
    ".csv": _csv,
    ".parquet": _parquet,
}
