# SPDX-License-Identifier: Apache-2.0
"""Takes the records of a ledger of version 1, which kept card numbers in clear, into a sealed one.

The old file is only read. Records come in the order in which they were stored, so that the first
of two that are one sale still counts, and keep the moment at which they arrived. What is there
already is compared and left: it may be interrupted and begun again. The old file shows card
numbers to everybody, and so do its copies: whoever keeps them is to destroy them.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from firmware.errors import FormatError
from host_tools.ledger.entry import Entry, make_entry
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.sitting import Sitting

VERSION = 1
ROWS_A_COMMIT = 1000
ASKED = "SELECT terminal, sequence, raw, received_utc_s FROM records ORDER BY id"


class Carried(NamedTuple):
    """How many records came over, and how many were there."""

    stored: int
    there: int


def carry_over(old: Path, ledger: Ledger) -> Carried:
    """Store what the old file holds. FormatError where it is none, or a number is stored with
    other bytes; nothing of that commit is stored then.
    """
    if not old.exists():
        raise FileNotFoundError(2, "there is no such ledger", str(old))
    stored = there = 0
    base = sqlite3.connect(f"{old.resolve().as_uri()}?mode=ro", uri=True)
    try:
        found = base.execute("PRAGMA user_version").fetchone()[0]
        if found != VERSION:
            raise FormatError(f"{old} is no ledger of version {VERSION}")
        rows = base.execute(ASKED)
        while block := rows.fetchmany(ROWS_A_COMMIT):
            entries = [
                make_entry(ledger.vault, ledger.calendar, received, terminal, sequence, bytes(raw))
                for terminal, sequence, raw, received in block
            ]
            new = _commit(ledger, entries)
            stored, there = stored + new, there + len(entries) - new
    except sqlite3.DatabaseError as wrong:
        raise FormatError(f"{old} cannot be read as a ledger: {wrong}") from wrong
    finally:
        base.close()
    return Carried(stored, there)


def _commit(ledger: Ledger, entries: list[Entry]) -> int:
    with ledger.sitting(entries) as sitting:
        terminals = {one.terminal for one in entries}
        sitting.enrol(terminals)
        sitting.standings(terminals)
        taken = {one: _taken(sitting, one, entries) for one in terminals}
        new = [one for one in entries if one.sequence not in taken[one.terminal]]
        for one in entries:
            if taken[one.terminal].get(one.sequence, one.digest) != one.digest:
                name = f"terminal {one.terminal}, number {one.sequence}"
                raise FormatError(f"{name} is in the new ledger with other bytes")
        sitting.store(new)
    return len(new)


def _taken(sitting: Sitting, terminal: int, entries: list[Entry]) -> dict[int, bytes]:
    numbers = [one.sequence for one in entries if one.terminal == terminal]
    return sitting.digests(terminal, min(numbers), max(numbers))
