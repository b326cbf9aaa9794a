# SPDX-License-Identifier: Apache-2.0
"""How the terminals of a roll-out stand: who has the file, who refused it, who fell silent."""

from collections import Counter
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import status as words
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.rollout_offers import includes, suits
from host_tools.ledger.schema import TERMINALS
from host_tools.ledger.schema_fleet import CHOSEN, FILES, HOLDINGS, ROLLOUTS, STATUS
from host_tools.ledger.sitting import SERVED

IN_FORCE, LAID, REFUSED, OFFERED, WAITING, SILENT = STANDINGS = (
    "in force", "laid", "refused", "offered", "waiting", "silent",
)  # fmt: skip
FAILURES = (REFUSED, SILENT)


class Member(NamedTuple):
    """A chosen terminal; `standing` is one of STANDINGS, `why` it refused."""

    terminal: int
    standing: str
    has: int  # number in force of this kind
    why: str
    last_seen_utc_s: int


class Progress(NamedTuple):
    """How many chosen terminals stand how."""

    chosen: int
    in_force: int
    laid: int
    offered: int
    waiting: int
    refused: int
    silent: int


def members(ledger: Ledger, rollout: int) -> list[Member]:
    """How each chosen terminal stands, by number."""
    now = int(ledger.time_utc_s())
    with ledger.engine.connect() as connection:
        found = connection.execute(
            sa.select(ROLLOUTS).where(ROLLOUTS.c.rollout == rollout)
        ).first()
        if found is None:
            raise FormatError(f"there is no roll-out {rollout}")
        named = set(_named(connection, rollout))
        held = (HOLDINGS.c.terminal == TERMINALS.c.terminal) & (HOLDINGS.c.kind == found.kind)
        asked = (
            sa.select(
                TERMINALS, STATUS.c.firmware, *[c for c in HOLDINGS.c if c.name != "terminal"]
            )
            .select_from(
                TERMINALS.outerjoin(HOLDINGS, held).outerjoin(
                    STATUS, STATUS.c.terminal == TERMINALS.c.terminal
                )
            )
            .where(TERMINALS.c.state == SERVED)
            .order_by(TERMINALS.c.terminal)
        )
        file = (FILES.c.kind == found.kind, FILES.c.version == found.version)
        base = connection.execute(sa.select(FILES.c.base).where(*file)).scalar() or 0
        return [
            _member(found, row, now)
            for row in connection.execute(asked)
            if includes(found, row.terminal, row.operator, row.terminal in named)
            and suits(found.kind, base, row.firmware or "")
        ]


def progress(ledger: Ledger, rollout: int) -> Progress:
    """How many stand how."""
    found = members(ledger, rollout)
    count = Counter(member.standing for member in found)
    order = (IN_FORCE, LAID, OFFERED, WAITING, REFUSED, SILENT)
    return Progress(len(found), *[count[standing] for standing in order])


def failures(ledger: Ledger, rollout: int) -> int:
    """How many have refused the file, or fell silent within silent_s of its offer."""
    return sum(member.standing in FAILURES for member in members(ledger, rollout))


def _member(rollout: sa.Row, row: sa.Row, now: int) -> Member:
    why = words.name_of(words.FAULTS, row.why or 0)
    return Member(row.terminal, _standing(rollout, row, now), row.in_force or 0, why,
                  row.last_seen_utc_s)  # fmt: skip


def _standing(rollout: sa.Row, row: sa.Row, now: int) -> str:
    version, silent_s = rollout.version, rollout.silent_s
    was_offered = row.offered is not None and row.offered == version
    gone = now - row.last_seen_utc_s > silent_s
    if was_offered and gone and row.last_seen_utc_s - row.offered_utc_s <= silent_s:
        return SILENT
    if row.in_force is None:
        return WAITING
    if row.in_force >= version:
        return IN_FORCE
    if row.laid == version:
        return LAID
    if row.refused == version:
        return REFUSED
    return OFFERED if was_offered else WAITING


def _named(connection: sa.Connection, rollout: int) -> list[int]:
    asked = sa.select(CHOSEN.c.terminal).where(CHOSEN.c.rollout == rollout)
    return list(connection.execute(asked).scalars())
