# SPDX-License-Identifier: Apache-2.0
"""The registry of terminals: who may upload, and what was refused or kept aside of each."""

from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import QUARANTINE, REFUSALS, TERMINALS
from host_tools.ledger.sitting import SERVED, STOPPED, TERMINAL_MOST


class Terminal(NamedTuple):
    """A row of the registry. `key_id` names the key that was entered last."""

    terminal: int
    state: str
    operator: str
    key_id: str
    last_sequence: int
    first_seen_utc_s: int
    last_seen_utc_s: int


class Kept(NamedTuple):
    """A batch in quarantine; `frame` as it came, WITH FULL CARD NUMBERS."""

    terminal: int
    reason: str
    times: int
    first_utc_s: int
    last_utc_s: int
    frame: bytes


class Refused(NamedTuple):
    """How often a terminal was refused; terminal 0: all that nobody has registered."""

    terminal: int
    reason: str
    times: int
    last_utc_s: int


def enrol(ledger: Ledger, terminals: list[int], operator: str = "", key_id: str = "") -> None:
    """Let terminals upload; what is given anew of one that is there replaces what it had."""
    for terminal in terminals:
        if not 0 < terminal <= TERMINAL_MOST:
            raise FormatError(f"{terminal} is no number of a terminal, 1..{TERMINAL_MOST}")
    with ledger.sitting() as sitting:
        sitting.enrol(terminals)
        wanted = {"state": SERVED, "operator": operator, "key_id": key_id}
        given = {name: value for name, value in wanted.items() if value}
        change = sa.update(TERMINALS).where(TERMINALS.c.terminal.in_(terminals))
        sitting.connection.execute(change.values(given))


def stop(ledger: Ledger, terminal: int) -> None:
    """Refuse all batches of a terminal from here on; FormatError where nobody knows it."""
    with ledger.sitting() as sitting:
        change = sa.update(TERMINALS).where(TERMINALS.c.terminal == terminal)
        if not sitting.connection.execute(change.values(state=STOPPED)).rowcount:
            raise FormatError(f"terminal {terminal} is not in the registry")


def terminals(ledger: Ledger) -> list[Terminal]:
    """The registry, by number."""
    with ledger.engine.connect() as connection:
        columns = [TERMINALS.c[name] for name in Terminal._fields]
        asked = sa.select(*columns).order_by(TERMINALS.c.terminal)
        return [Terminal(*one) for one in connection.execute(asked)]


def quarantine(ledger: Ledger, terminal: int | None = None) -> list[Kept]:
    """Batches kept aside, by terminal and time."""
    asked = sa.select(QUARANTINE).order_by(QUARANTINE.c.terminal, QUARANTINE.c.first_utc_s)
    if terminal is not None:
        asked = asked.where(QUARANTINE.c.terminal == terminal)
    with ledger.engine.connect() as connection:
        return [
            Kept(
                one.terminal, one.reason, one.times, one.first_utc_s, one.last_utc_s,
                ledger.vault.open(one.terminal, 0, bytes(one.sealed)),
            )
            for one in connection.execute(asked)
        ]  # fmt: skip


def refusals(ledger: Ledger) -> list[Refused]:
    """Counts of refusals, by terminal and reason."""
    with ledger.engine.connect() as connection:
        asked = sa.select(REFUSALS).order_by(REFUSALS.c.terminal, REFUSALS.c.reason)
        return [Refused(*one) for one in connection.execute(asked)]
