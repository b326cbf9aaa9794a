# SPDX-License-Identifier: Apache-2.0
"""Who is inside, at the hub of many lanes: durable rows of a SQLite file.

A row is what a lane's store holds of an entry (firmware/devices/lane_store.py): no card number,
but 8 bytes of its hash.
"""

import sqlite3
from datetime import datetime, timedelta

from firmware.devices.lane_store import ENTER, Entry, is_repeat, pack_entry, unpack_entry
from firmware.errors import FormatError

TABLE = "CREATE TABLE IF NOT EXISTS inside (key BLOB PRIMARY KEY, body BLOB NOT NULL)"


class Entries:
    """path: of the file, ":memory:" for none; replace: a card that is inside may enter anew
    (TD-068). FormatError where the file is no store, or cannot be made.
    """

    def __init__(self, path: str, replace: bool = False):
        self.replace = replace
        try:
            self._file = sqlite3.connect(path, isolation_level=None)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")  # an answer means durable
            self._file.execute(TABLE)
        except sqlite3.Error as wrong:
            raise FormatError(f"{path}: no store of entries can be opened: {wrong}") from wrong

    def find(self, key: bytes) -> Entry | None:
        """Of a card."""
        asked = "SELECT body FROM inside WHERE key = ?"
        row = self._file.execute(asked, (key,)).fetchone()
        return unpack_entry(row[0]) if row else None

    def all(self) -> list[Entry]:
        """Of all who are inside."""
        return [unpack_entry(row[0]) for row in self._file.execute("SELECT body FROM inside")]

    def judge(self, entry: Entry) -> str:
        """Verdict of an entry: "stored" when it is durable, "inside", or "lost"."""
        known = self.find(entry.key)
        if known and not self.replace and not is_repeat(known, entry):
            return "inside"
        try:
            row = (entry.key, pack_entry(ENTER, entry))
            self._file.execute("INSERT OR REPLACE INTO inside VALUES (?, ?)", row)
        except sqlite3.Error:
            return "lost"
        return "stored"

    def leave(self, entry: Entry) -> bool:
        """True when it is durable that this entry has left."""
        try:
            self._file.execute("DELETE FROM inside WHERE key = ?", (entry.key,))
        except sqlite3.Error:
            return False
        return True

    def older_than(self, now: datetime, days: int) -> list[Entry]:
        """Entries of so many days ago; a moment that does not exist is old."""
        since = now - timedelta(days=days)
        return [one for one in self.all() if (moment_of(one) or since) <= since]

    def close(self) -> None:
        self._file.close()


def moment_of(entry: Entry) -> datetime | None:
    """When it was, None where that moment does not exist."""
    try:
        return datetime(*entry.moment)
    except ValueError:
        return None
