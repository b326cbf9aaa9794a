# SPDX-License-Identifier: Apache-2.0
"""What the collector asks of roll-outs: who is offered what, and whether that still holds.

take the status first (status.py), then
offers(sitting, terminal)                       for WELCOME, noted as offered
refused(sitting, kind, version)                 a terminal does not take it: halt in time
may_fetch(ledger, terminal, kind, version)      for FETCH
"""

import hashlib
from typing import NamedTuple

import sqlalchemy as sa

from firmware.formats import status as words
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import TERMINALS
from host_tools.ledger.schema_fleet import CHOSEN, FILES, HOLDINGS, ROLLOUTS, STATUS
from host_tools.ledger.sitting import Sitting
from host_tools.release_files import board_mark, board_of

RUNNING, HALTED, ROLLED_BACK = "running", "halted", "rolled-back"
WHOLE = 10000  # of a share: 100 per cent
JUDGED = ("not taken", "returned")  # why a terminal is not offered the same again
DENY_KINDS = (words.DENY_LIST, words.DENY_CHANGES)  # take each other's place


class Offer(NamedTuple):
    """A file as WELCOME offers it."""

    kind: int
    version: int
    size: int
    sha256: bytes


def _halt_in_time(sitting: Sitting, kind: int, version: int) -> None:
    """A terminal does not take what it was offered: halt where it is one too many."""
    here = (ROLLOUTS.c.kind == kind, ROLLOUTS.c.version == version, ROLLOUTS.c.state == RUNNING)
    found = sitting.connection.execute(sa.select(ROLLOUTS).where(*here)).first()
    if found is None:
        return
    who = (HOLDINGS.c.kind == kind, HOLDINGS.c.refused == version, HOLDINGS.c.offered == version)
    count = sitting.connection.execute(sa.select(sa.func.count()).where(*who)).scalar_one()
    if count > found.most_failures:
        change(sitting, found.rollout, RUNNING, state=HALTED, why=f"{count} refused")


def offers(sitting: Sitting, terminal: int) -> list[Offer]:
    """What a terminal is offered, by the holdings it has just reported; noted as offered."""
    connection = sitting.connection
    asked = sa.select(HOLDINGS).where(HOLDINGS.c.terminal == terminal)
    held = {row.kind: row for row in connection.execute(asked)}
    for row in held.values():
        if row.refused and row.refused == row.offered:
            _halt_in_time(sitting, row.kind, row.refused)
    found: dict[tuple, sa.Row] = {}
    for row in _running(connection, terminal):
        if row.kind in held and _wanted(row, held):
            place = DENY_KINDS if row.kind in DENY_KINDS else (row.kind,)
            if place not in found or row.version > found[place].version:
                found[place] = row
    for row in found.values():
        if held[row.kind].offered != row.version:
            here = (HOLDINGS.c.terminal == terminal, HOLDINGS.c.kind == row.kind)
            noted = {"offered": row.version, "offered_utc_s": sitting.now_utc_s}
            connection.execute(sa.update(HOLDINGS).where(*here).values(noted))
    return [Offer(row.kind, row.version, row.size, bytes(row.sha256)) for row in found.values()]


def may_fetch(ledger: Ledger, terminal: int, kind: int, version: int) -> bool:
    """True while a terminal is offered this file: a halt reaches it in mid-file."""
    with ledger.engine.connect() as connection:
        rows = _running(connection, terminal)
    return any((row.kind, row.version) == (kind, version) for row in rows)


def _running(connection: sa.Connection, terminal: int) -> list[sa.Row]:
    """Roll-outs, with their files, that include a terminal."""
    joined = ROLLOUTS.join(
        FILES, (FILES.c.kind == ROLLOUTS.c.kind) & (FILES.c.version == ROLLOUTS.c.version)
    )
    columns = (FILES.c.size, FILES.c.sha256, FILES.c.base)
    asked = sa.select(ROLLOUTS, *columns).select_from(joined)
    found = connection.execute(asked.where(ROLLOUTS.c.state == RUNNING)).all()
    if not found:
        return []
    whose = sa.select(TERMINALS.c.operator).where(TERMINALS.c.terminal == terminal)
    operator = connection.execute(whose).scalar() or ""
    mine = sa.select(CHOSEN.c.rollout).where(CHOSEN.c.terminal == terminal)
    named = set(connection.execute(mine).scalars())
    says = sa.select(STATUS.c.firmware).where(STATUS.c.terminal == terminal)
    firmware = connection.execute(says).scalar() or ""
    return [
        row
        for row in found
        if includes(row, terminal, operator, row.rollout in named)
        and suits(row.kind, row.base, firmware)
    ]


def suits(kind: int, base: int, firmware: str) -> bool:
    """False for firmware of another board than the one that a terminal names in its status."""
    return kind != words.PROGRAM or base == board_mark(board_of(firmware))


def includes(rollout: sa.Row, terminal: int, operator: str, named: bool) -> bool:
    if rollout.operator and rollout.operator != operator:
        return False
    return named or bucket(rollout.kind, rollout.version, terminal) < rollout.share


def bucket(kind: int, version: int, terminal: int) -> int:
    """Place of a terminal among WHOLE, another one for each file."""
    said = f"{kind} {version} {terminal}".encode()
    return int.from_bytes(hashlib.sha256(said).digest()[:8], "big") % WHOLE


def _wanted(row: sa.Row, held: dict[int, sa.Row]) -> bool:
    """True for a file that is newer than what a terminal has, and that it has not judged."""
    kinds = DENY_KINDS if row.kind in DENY_KINDS else (row.kind,)
    newest = max(max(held[kind].in_force, held[kind].laid) for kind in kinds if kind in held)
    if row.version <= newest:
        return False
    mine = held[row.kind]
    if mine.refused == row.version and words.name_of(words.FAULTS, mine.why) in JUDGED:
        return False
    full = held.get(words.DENY_LIST)
    return row.kind != words.DENY_CHANGES or (full is not None and full.in_force == row.base)


def change(sitting: Sitting, rollout: int, only: str = "", **values) -> bool:
    """Change a roll-out, where it is in the state `only`; True if it was changed."""
    wanted = sa.update(ROLLOUTS).where(ROLLOUTS.c.rollout == rollout)
    if only:
        wanted = wanted.where(ROLLOUTS.c.state == only)
    values["changed_utc_s"] = sitting.now_utc_s
    return bool(sitting.connection.execute(wanted.values(values)).rowcount)
