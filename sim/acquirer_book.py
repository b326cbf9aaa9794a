# SPDX-License-Identifier: Apache-2.0
"""The simulated acquirer's own book: what it has taken, durable before it answers.

A SQLite file, or memory. It shares no code with the book of the other side: what both say of a day
is compared by tests. Cards stand there masked and as a keyed hash.
"""

import hashlib
import hmac
import os
import sqlite3

TABLES = """
CREATE TABLE IF NOT EXISTS own (name TEXT PRIMARY KEY, value BLOB);
CREATE TABLE IF NOT EXISTS sales (sale BLOB PRIMARY KEY, card TEXT, amount_fen INTEGER,
 terminal TEXT, batch INTEGER, trace INTEGER, listed INTEGER DEFAULT 0, reference TEXT);
CREATE TABLE IF NOT EXISTS batches (terminal TEXT, batch INTEGER, state TEXT, told TEXT,
 PRIMARY KEY (terminal, batch));
CREATE TABLE IF NOT EXISTS keys (terminal TEXT PRIMARY KEY, mac_key BLOB);
"""
OPEN, CLOSED = "open", "closed"


class AcquirerBook:
    """`path`: a file, ":memory:" for none."""

    def __init__(self, path: str = ":memory:"):
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._base.executescript(TABLES)
        self._base.execute("INSERT OR IGNORE INTO own VALUES ('key', ?)", (os.urandom(32),))
        (self._key,) = self._base.execute("SELECT value FROM own WHERE name = 'key'").fetchone()

    def sale_key(self, pan: str, psn: str, atc: bytes, cryptogram: bytes) -> bytes:
        """By what a sale is known again (clearing.md 9)."""
        text = f"{pan}/{psn}/".encode() + atc + cryptogram
        return hmac.digest(self._key, text, hashlib.sha256)

    def take(self, sale: bytes, card: str, fen: int, terminal: str, batch: int, trace: int) -> str:
        """Enter a sale; its reference number, "" where it is there already."""
        reference = "%012d" % (self.count() + 1)
        entered = self._base.execute(
            "INSERT OR IGNORE INTO sales VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            (sale, card, fen, terminal, batch, trace, reference),
        )
        return reference if entered.rowcount else ""

    def mark_listed(self, sale: bytes) -> None:
        """A sale came once more, in the list of its batch."""
        self._base.execute("UPDATE sales SET listed = listed + 1 WHERE sale = ?", (sale,))

    def count(self) -> int:
        """Sales in the book."""
        return self._base.execute("SELECT count(*) FROM sales").fetchone()[0]

    def sums(self, terminal: str, batch: int) -> tuple[int, int]:
        """(sales, fen) of a batch."""
        return self._base.execute(
            "SELECT count(*), coalesce(sum(amount_fen), 0) FROM sales"
            " WHERE terminal = ? AND batch = ?",
            (terminal, batch),
        ).fetchone()

    def all_sales(self) -> list[tuple[str, int, str, int, int, int]]:
        """(card masked, fen, terminal, batch, trace, times listed), by terminal and trace."""
        return self._base.execute(
            "SELECT card, amount_fen, terminal, batch, trace, listed FROM sales"
            " ORDER BY terminal, batch, trace"
        ).fetchall()

    def batch(self, terminal: str) -> int:
        """The open batch of a terminal; it is opened where none is."""
        asked = "SELECT batch FROM batches WHERE terminal = ? AND state = 'open'"
        found = self._base.execute(asked, (terminal,)).fetchone()
        if found:
            return found[0]
        last = "SELECT coalesce(max(batch), 0) FROM batches WHERE terminal = ?"
        number = self._base.execute(last, (terminal,)).fetchone()[0] + 1
        self._base.execute("INSERT INTO batches VALUES (?, ?, 'open', '')", (terminal, number))
        return number

    def state(self, terminal: str, batch: int) -> str:
        """open, closed, or "" for a number that was never given."""
        asked = "SELECT state FROM batches WHERE terminal = ? AND batch = ?"
        found = self._base.execute(asked, (terminal, batch)).fetchone()
        return found[0] if found else ""

    def close_batch(self, terminal: str, batch: int, told: str) -> None:
        """End a batch; `told`: what the other side said of it."""
        self._base.execute(
            "UPDATE batches SET state = 'closed', told = ? WHERE terminal = ? AND batch = ?",
            (told, terminal, batch),
        )

    def batches(self) -> list[tuple[str, int, str, str]]:
        """(terminal, batch, state, told)."""
        return self._base.execute("SELECT * FROM batches ORDER BY terminal, batch").fetchall()

    def mac_key(self, terminal: str) -> bytes:
        """Of the last sign-on, b"" before the first."""
        asked = "SELECT mac_key FROM keys WHERE terminal = ?"
        found = self._base.execute(asked, (terminal,)).fetchone()
        return found[0] if found else b""

    def keep_mac_key(self, terminal: str, key: bytes) -> None:
        """A sign-on gave it out; b"" forgets it."""
        self._base.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (terminal, key))

    def close(self) -> None:
        self._base.close()
