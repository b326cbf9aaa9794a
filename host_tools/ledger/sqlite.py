# SPDX-License-Identifier: Apache-2.0
"""A sitting in SQLite: one writer at a time, rows by executemany."""

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from host_tools.ledger.entry import Entry
from host_tools.ledger.schema import CONFLICT, COUNTS, DUPLICATE, RECORDS, SALES, TERMINALS
from host_tools.ledger.sitting import Sitting

INTO_SALES = "INSERT OR IGNORE INTO sales VALUES (?, ?, ?, ?, ?)"
INTO_NUMBERS = "INSERT INTO numbers VALUES (?, ?, ?, ?)"
INTO_RECORDS = f"INSERT INTO records VALUES ({', '.join('?' * len(RECORDS.c))})"


class SqliteSitting(Sitting):
    """BEGIN IMMEDIATE has taken the one place for writers: nothing more is to be locked."""

    def insert(self, table: sa.Table):
        return insert(table)

    def write(self, entries: list[Entry]) -> None:
        entries = self._marked(entries)
        numbers = [(one.terminal, one.sequence, one.business_day, one.digest) for one in entries]
        self.connection.exec_driver_sql(INTO_NUMBERS, numbers)
        self.connection.exec_driver_sql(INTO_RECORDS, [tuple(one) for one in entries])
        far = {one.terminal: 0 for one in entries}
        for one in entries:
            far[one.terminal] = max(far[one.terminal], one.sequence)
        self.connection.execute(
            sa.update(TERMINALS)
            .where(TERMINALS.c.terminal == sa.bindparam("which"))
            .values(
                last_sequence=sa.func.max(TERMINALS.c.last_sequence, sa.bindparam("far")),
                last_seen_utc_s=self.now_utc_s,
            ),
            [{"which": terminal, "far": sequence} for terminal, sequence in far.items()],
        )

    def _marked(self, entries: list[Entry]) -> list[Entry]:
        """Entries, those that repeat a sale with their mark (QT-263)."""
        sales = [
            (one.sale, one.terminal, one.sequence, one.amount_fen, one.time_utc_s)
            for one in entries
            if one.sale and one.mark == COUNTS
        ]
        if not sales:
            return entries
        written = self.connection.exec_driver_sql(INTO_SALES, sales).rowcount
        if written == len(sales):
            return entries
        return [self._beside(one) if one.sale else one for one in entries]

    def _beside(self, one: Entry) -> Entry:
        if one.mark != COUNTS:
            return one
        asked = sa.select(SALES).where(SALES.c.sale == one.sale)
        first = self.connection.execute(asked).one()
        if (first.terminal, first.sequence) == (one.terminal, one.sequence):
            return one
        same = (first.amount_fen, first.time_utc_s) == (one.amount_fen, one.time_utc_s)
        return one._replace(mark=DUPLICATE if same else CONFLICT)
