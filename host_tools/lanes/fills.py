# SPDX-License-Identifier: Apache-2.0
"""The hub of a station's pumps: what was poured for whose sum, for drivers who pay at another pump
(firmware/devices/fuel_station.py). Pure but for its SQLite file: ports are fed bytes and asked for
bytes (neighbours/lane_line.py).

| table fills | |
|---|---|
| name | terminal that froze, number of its record |
| body | as that terminal has noted it; no card number, but 8 bytes of its hash |
| paid | 1: a pump has taken it |

It decides about no money: whether a sum is open, its card says. A fill that was paid stays, so
that the pump which has noted it hears of it whenever it comes back.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from firmware.devices.fuel_station import NAME, NOTED, PAID, told
from firmware.errors import FormatError
from firmware.neighbours.lane_line import LaneLine

TABLE = (
    "CREATE TABLE IF NOT EXISTS fills"
    " (name BLOB PRIMARY KEY, body BLOB NOT NULL, paid INTEGER NOT NULL)"
)


class Pump:
    """One pump's line; `terminal`: its number, None until it has noted a fill; `owed`: what it
    has not acknowledged yet.
    """

    def __init__(self, name: str):
        self.name = name
        self.line = LaneLine()
        self.terminal: int | None = None
        self.owed: list[bytes] = []
        self.was_silent = True


class Fills:
    """path: of the file, ":memory:" for none; report(text): what somebody should know.
    sqlite3.Error where the file cannot be used.
    """

    def __init__(self, path: str, report: Callable[[str], None]):
        self.report = report
        self.pumps: list[Pump] = []
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")  # an answer means durable
        self._file.execute(TABLE)

    def add(self, name: str, is_exit: bool = False) -> Pump:
        """A pump more."""
        self.pumps.append(Pump(name))
        return self.pumps[-1]

    def feed(self, pump: Pump, data: bytes, now_ms: int) -> None:
        """What came from a pump."""
        for said in pump.line.feed(data, now_ms):
            if said[0] == "put":
                pump.line.answer(said[1], self._judged(pump, said[1]))
            elif said[0] == "verdict" and said[2] == "stored":
                pump.owed = [one for one in pump.owed if one != said[1]]
            elif said[0] == "ask" and len(said[1]) == NAME:
                body, paid = self._row(said[1])
                pump.line.row(said[1] if body is None or paid else body)
        if pump.line.silent != pump.was_silent:
            pump.was_silent = pump.line.silent
            self.report(f"{pump.name}: {'not heard any more' if pump.was_silent else 'is there'}")

    def outgoing(self, pump: Pump, now_ms: int) -> bytes:
        """What a pump is told now."""
        if pump.owed and not pump.line.open and not pump.line.silent:
            pump.line.put(pump.owed[0])
        return pump.line.outgoing(now_ms)

    def forget(self, now: datetime, days: int) -> int:
        """Nothing is taken out: a card may come back after months."""
        return 0

    def due(self) -> int:
        """How many fills wait for their cards."""
        return self._file.execute("SELECT count(*) FROM fills WHERE NOT paid").fetchone()[0]

    def close(self) -> None:
        self._file.close()

    def _row(self, name: bytes) -> tuple[bytes | None, bool]:
        asked = "SELECT body, paid FROM fills WHERE name = ?"
        row = self._file.execute(asked, (name,)).fetchone()
        return (row[0], bool(row[1])) if row else (None, False)

    def _judged(self, pump: Pump, body: bytes) -> str:
        """Verdict of what a pump says."""
        try:
            values = told(body).values
        except FormatError:
            return "lost"
        name = body[1 : 1 + NAME]
        try:
            if values["op"] == NOTED:
                pump.terminal = values["terminal"]
                return self._noted(name, body)
            if values["op"] == PAID:
                self._file.execute("UPDATE fills SET paid = 1 WHERE name = ?", (name,))
                self._pass_on(pump, values["terminal"], body)
                return "stored"
        except sqlite3.Error as failed:
            self.report(f"the store: {failed}")
        return "lost"

    def _noted(self, name: bytes, body: bytes) -> str:
        known, paid = self._row(name)
        if known is not None and paid and not is_newer(body, known):
            return "gone"
        self._file.execute("INSERT OR REPLACE INTO fills VALUES (?, ?, 0)", (name, body))
        return "stored"

    def _pass_on(self, said_by: Pump, terminal: int, body: bytes) -> None:
        for pump in self.pumps:
            if pump is not said_by and pump.terminal == terminal:
                pump.owed.append(body)


def is_newer(body: bytes, known: bytes) -> bool:
    """True for another fill under the number of one that was paid: a journal was begun anew."""
    one, other = told(body), told(known)
    changed = (one.values["key"], one.data) != (other.values["key"], other.data)
    return changed and one.values["noted"] > other.values["noted"]
