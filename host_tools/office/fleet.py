# SPDX-License-Identifier: Apache-2.0
"""Questions about terminals, each bounded in rows."""

from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import record
from host_tools.ledger import settlement, status
from host_tools.ledger.keys import UploadKey
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.registry import Refused, Terminal
from host_tools.ledger.schema import (
    LOST,
    MARKED,
    QUARANTINE,
    RECORDS,
    REFUSALS,
    TERMINALS,
    UPLOAD_KEYS,
)
from host_tools.ledger.schema_fleet import STATUS
from host_tools.ledger.settlement import SHIFT_CLOSES, Statement
from host_tools.ledger.sitting import SERVED, STOPPED
from host_tools.ledger.status import Seen

STATES = ("served", "stopped", "lost")
SHIFTS_BACK = 20_000  # numbers behind the newest in which closings are looked for
HERE = TERMINALS.c
SAID = STATUS.c
SORTS: dict[str, list] = {
    "number": [HERE.terminal],
    "seen": [HERE.last_seen_utc_s, HERE.terminal],
    "operator": [HERE.operator, HERE.terminal],
    "backlog": [sa.func.coalesce(SAID.backlog, -1).desc(), HERE.terminal],
    "torn": [
        sa.func.coalesce(SAID.torn * 1000 / sa.func.nullif(SAID.taps, 0), -1).desc(),
        HERE.terminal,
    ],
    "p95": [sa.func.coalesce(SAID.p95_ms, -1).desc(), HERE.terminal],
    "wear": [sa.func.coalesce(SAID.wear_most, -1).desc(), HERE.terminal],
}


class Batch(NamedTuple):
    """A batch in quarantine, without its bytes."""

    terminal: int
    digest: str
    reason: str
    times: int
    first_utc_s: int
    last_utc_s: int
    size: int


def chosen(state: str, operator: str, heard_since_utc_s: int) -> list[sa.ColumnElement[bool]]:
    """Conditions on the registry; "" for all."""
    silent = HERE.last_seen_utc_s < heard_since_utc_s
    by_state = {
        "": [],
        "served": [HERE.state == SERVED],
        "stopped": [HERE.state == STOPPED],
        "lost": [HERE.state == SERVED, silent],
    }
    return [*by_state[state], *([HERE.operator == operator] if operator else [])]


def listed(
    ledger: Ledger, lost_after_s: int, conditions: list, sort: str, offset: int, most: int
) -> list[Seen]:
    """A part of the registry in one of the orders of SORTS, with what each said last."""
    joined = TERMINALS.outerjoin(STATUS, HERE.terminal == SAID.terminal)
    asked = sa.select(HERE.terminal).select_from(joined).where(*conditions)
    asked = asked.order_by(*SORTS[sort]).offset(offset).limit(most)
    with ledger.engine.connect() as connection:
        numbers = list(connection.execute(asked).scalars())
    found = {one.terminal: one for one in status.fleet(ledger, lost_after_s, numbers)}
    return [found[number] for number in numbers if number in found]


def operators(ledger: Ledger, most: int = 200) -> list[str]:
    """Names of operators that have terminals."""
    asked = sa.select(HERE.operator).distinct().order_by(HERE.operator).limit(most)
    with ledger.engine.connect() as connection:
        return [one[0] for one in connection.execute(asked)]


def one(ledger: Ledger, terminal: int) -> Terminal | None:
    """What the registry says of one."""
    with ledger.engine.connect() as connection:
        columns = [HERE[name] for name in Terminal._fields]
        found = connection.execute(sa.select(*columns).where(HERE.terminal == terminal)).first()
    return Terminal(*found) if found else None


def keys_of(ledger: Ledger, terminal: int) -> list[UploadKey]:
    """Keys that sign what a terminal uploads, without their secrets."""
    columns = [UPLOAD_KEYS.c[name] for name in UploadKey._fields]
    asked = sa.select(*columns).where(UPLOAD_KEYS.c.terminal == terminal)
    with ledger.engine.connect() as connection:
        found = connection.execute(asked.order_by(UPLOAD_KEYS.c.entered_utc_s.desc()))
        return [UploadKey(*one) for one in found]


def refusals(ledger: Ledger, terminal: int | None, most: int) -> list[Refused]:
    """Of one terminal, or of all, the latest first."""
    asked = sa.select(REFUSALS).order_by(REFUSALS.c.last_utc_s.desc()).limit(most)
    if terminal is not None:
        asked = asked.where(REFUSALS.c.terminal == terminal)
    with ledger.engine.connect() as connection:
        return [Refused(*one) for one in connection.execute(asked)]


def batches(ledger: Ledger, terminal: int | None, offset: int, most: int) -> list[Batch]:
    """What is kept aside, the latest first."""
    kept = QUARANTINE.c
    asked = sa.select(
        kept.terminal, kept.digest, kept.reason, kept.times, kept.first_utc_s, kept.last_utc_s,
        sa.func.length(kept.sealed),
    )  # fmt: skip
    if terminal is not None:
        asked = asked.where(kept.terminal == terminal)
    order = (kept.last_utc_s.desc(), kept.terminal, kept.digest)
    with ledger.engine.connect() as connection:
        found = connection.execute(asked.order_by(*order).offset(offset).limit(most)).all()
    return [Batch(one[0], bytes(one[1]).hex(), *one[2:]) for one in found]


def lost_numbers(ledger: Ledger, terminal: int, most: int) -> list[int]:
    """Numbers whose records the terminal says it no longer has (CL-008), the newest first."""
    asked = sa.select(RECORDS.c.sequence).where(
        MARKED, RECORDS.c.mark == LOST, RECORDS.c.terminal == terminal
    )
    with ledger.engine.connect() as connection:
        found = connection.execute(asked.order_by(RECORDS.c.sequence.desc()).limit(most))
        return [one[0] for one in found]


def rows(ledger: Ledger, conditions: list, order: tuple, offset: int, most: int) -> list[sa.Row]:
    """Records without what is sealed."""
    asked = sa.select(*[column for column in RECORDS.c if column.name != "sealed"])
    asked = asked.where(*conditions).order_by(*order).offset(offset).limit(most)
    with ledger.engine.connect() as connection:
        return list(connection.execute(asked))


def newest(ledger: Ledger, terminal: int, before: int, most: int) -> list[sa.Row]:
    """Rows of a terminal below a number, the newest first, without what is sealed."""
    here = [RECORDS.c.terminal == terminal, RECORDS.c.sequence < before]
    return rows(ledger, here, (RECORDS.c.sequence.desc(),), 0, most)


def shifts(
    ledger: Ledger,
    terminal: int,
    last_sequence: int,
    told: Callable[[dict], tuple[int, int] | None],
    most: int,
) -> list[tuple[int, Statement]]:
    """(time of closing, statement) of the last shifts of a terminal (TD-032), newest first."""
    asked = (
        sa.select(RECORDS.c.sequence, RECORDS.c.time_utc_s, RECORDS.c.sealed)
        .where(RECORDS.c.terminal == terminal, RECORDS.c.sequence > last_sequence - SHIFTS_BACK)
        .where(RECORDS.c.kind == record.EVENT, RECORDS.c.reason.in_(SHIFT_CLOSES))
        .order_by(RECORDS.c.sequence.desc())
        .limit(most)
    )
    with ledger.engine.connect() as connection:
        closings = connection.execute(asked).all()
    found = []
    for sequence, time_utc_s, sealed in closings:
        try:
            values = record.unpack(ledger.vault.open(terminal, sequence, bytes(sealed)))
        except FormatError:
            continue  # stands among the records as unreadable
        statement = settlement.statement(ledger, terminal, sequence, values, told)
        if statement:
            found.append((time_utc_s, statement))
    return found
