# SPDX-License-Identifier: Apache-2.0
"""What terminals say of themselves (firmware/formats/status.py): taken, kept, asked for.

    take(sitting, terminal, values)         by the collector, in the transaction of its frames
    fleet(ledger, lost_after_s)             a row a terminal of the registry: for the page
    history(ledger, terminal)               an hour a row, the last two days
    holdings(ledger, terminals)             the files they have

Nothing a terminal says is believed for more than what it is: numbers are kept within what the
tables hold, texts within what may be printed. A terminal that says nonsense is served all the
same, since its records are money; the nonsense is counted as a refusal.
"""

from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import status as words
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import TERMINALS
from host_tools.ledger.schema_fleet import HISTORY, HOLDINGS, SAID, SLOTS, STATUS
from host_tools.ledger.sitting import Sitting

HOUR_S = 3600
LOST_AFTER_S = 24 * HOUR_S
NONSENSE = "status"  # under which it is counted
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_")
KINDS = frozenset(number for number, _ in words.FILE_KINDS)


class Seen(NamedTuple):
    """A terminal of the registry and what it said last.

    `said` is False where it has never said anything: then all behind it is 0 or "".
    `backlog_age_s` and what `silent_s` count up to now; -1 where nobody knows. Ages in seconds,
    wear in erases (`wear_mean` in hundredths), `torn_permille` of the last taps.
    """

    terminal: int
    state: str
    operator: str
    last_sequence: int
    last_seen_utc_s: int
    silent_s: int
    lost: bool
    said: bool
    received_utc_s: int
    firmware: str
    backlog: int
    backlog_age_s: int
    fill_percent: int
    wear_most: int
    wear_mean: int
    taps: int
    torn_permille: int
    p95_ms: int
    clock: str
    reset: str
    self_test: str
    ca_keys: int
    disk_full: int
    wrong_hash: int
    versions: dict[str, int]  # word of FILE_KINDS: number in force


class Hour(NamedTuple):
    """What a terminal said last in one hour."""

    received_utc_s: int
    backlog: int
    oldest_s: int
    fill_percent: int
    wear_most: int
    wear_mean: int
    taps: int
    torn: int
    p95_ms: int
    clock: int
    disk_full: int
    wrong_hash: int


class Holding(NamedTuple):
    """Files of one kind in one terminal: numbers, 0 for none; `why` it refused one."""

    terminal: int
    kind: str
    in_force: int
    laid: int
    refused: int
    why: str
    offered: int
    offered_utc_s: int


def take(sitting: Sitting, terminal: int, values: dict) -> bool:
    """Store a status (STATUS_V1 as unpacked); False, and a count, where it is nonsense."""
    try:
        _check(values)
    except FormatError:
        sitting.refuse(terminal, NONSENSE)
        return False
    now = sitting.now_utc_s
    said = {name: values[name] for name in SAID}
    row = said | {
        "terminal": terminal, "received_utc_s": now, "firmware": values["firmware"],
        "ca_keys": values["ca_keys"], "reset": values["reset"],
        "self_test": " ".join(str(code) for code in values["self_test"]),
    }  # fmt: skip
    _put(sitting, STATUS, ["terminal"], row)
    hour = said | {"terminal": terminal, "slot": now // HOUR_S % SLOTS, "received_utc_s": now}
    _put(sitting, HISTORY, ["terminal", "slot"], hour)
    for kind, in_force, laid, refused, why in values["files"]:
        held = {"in_force": in_force, "laid": laid, "refused": refused, "why": why}
        keys = {"terminal": terminal, "kind": kind}
        new = sitting.insert(HOLDINGS).values(keys | held | {"offered": 0, "offered_utc_s": 0})
        new = new.on_conflict_do_update(index_elements=["terminal", "kind"], set_=held)
        sitting.connection.execute(new)
    seen = sa.update(TERMINALS).where(TERMINALS.c.terminal == terminal)
    sitting.connection.execute(seen.values(last_seen_utc_s=now))
    return True


def fleet(
    ledger: Ledger, lost_after_s: int = LOST_AFTER_S, terminals: list[int] | None = None
) -> list[Seen]:
    """The registry, or some terminals of it, with what each said last, by number.

    lost: served, and not seen for longer than lost_after_s, by records or by a word.
    """
    joined = TERMINALS.outerjoin(STATUS, TERMINALS.c.terminal == STATUS.c.terminal)
    columns = [one for one in STATUS.c if one.name != "terminal"]
    asked = sa.select(TERMINALS, *columns).select_from(joined).order_by(TERMINALS.c.terminal)
    if terminals is not None:
        asked = asked.where(TERMINALS.c.terminal.in_(terminals))
    versions: dict[int, dict[str, int]] = {}
    for held in holdings(ledger, terminals):
        versions.setdefault(held.terminal, {})[held.kind] = held.in_force
    now = int(ledger.time_utc_s())
    with ledger.engine.connect() as connection:
        return [
            _seen(one._mapping, versions.get(one.terminal, {}), now, lost_after_s)
            for one in connection.execute(asked)
        ]


def lost(ledger: Ledger, lost_after_s: int = LOST_AFTER_S) -> list[Seen]:
    """Served terminals that nobody has heard for so long, the longest first."""
    gone = [one for one in fleet(ledger, lost_after_s) if one.lost]
    return sorted(gone, key=lambda one: one.last_seen_utc_s)


def history(ledger: Ledger, terminal: int) -> list[Hour]:
    """What a terminal said, an hour a row, oldest first; SLOTS hours at the most."""
    columns = [HISTORY.c[name] for name in Hour._fields]
    since = int(ledger.time_utc_s()) - SLOTS * HOUR_S
    asked = (
        sa.select(*columns)
        .where(HISTORY.c.terminal == terminal, HISTORY.c.received_utc_s > since)
        .order_by(HISTORY.c.received_utc_s)
    )
    with ledger.engine.connect() as connection:
        return [Hour(*one) for one in connection.execute(asked)]


def holdings(ledger: Ledger, terminals: list[int] | None = None) -> list[Holding]:
    """Which files terminals have, by terminal and kind."""
    asked = sa.select(HOLDINGS).order_by(HOLDINGS.c.terminal, HOLDINGS.c.kind)
    if terminals is not None:
        asked = asked.where(HOLDINGS.c.terminal.in_(terminals))
    with ledger.engine.connect() as connection:
        return [
            Holding(
                one.terminal, words.name_of(words.FILE_KINDS, one.kind), one.in_force, one.laid,
                one.refused, words.name_of(words.FAULTS, one.why), one.offered,
                one.offered_utc_s,
            )
            for one in connection.execute(asked)
        ]  # fmt: skip


def _check(values: dict) -> None:
    """FormatError where no terminal can mean it."""
    if not set(values["firmware"]) <= PLAIN:
        raise FormatError("firmware: signs that no version has")
    if values["torn"] > values["taps"]:
        raise FormatError("torn: more than there were taps")
    kinds = [row[0] for row in values["files"]]
    if len(set(kinds)) < len(kinds) or not set(kinds) <= KINDS:
        raise FormatError("files: a kind twice, or one that nobody knows")


def _put(sitting: Sitting, table: sa.Table, keys: list[str], row: dict) -> None:
    """The one row of these keys, as it is from here on."""
    rest = {name: value for name, value in row.items() if name not in keys}
    new = sitting.insert(table).values(row)
    sitting.connection.execute(new.on_conflict_do_update(index_elements=keys, set_=rest))


def _seen(row, versions: dict[str, int], now: int, lost_after_s: int) -> Seen:
    said = row["received_utc_s"] is not None
    last = max(row["last_seen_utc_s"], row["received_utc_s"] or 0)
    silent = max(0, now - last)

    def number(name: str) -> int:
        return row[name] or 0

    age = number("oldest_s")
    known = said and age != words.UNKNOWN_AGE
    waited = max(0, now - number("received_utc_s")) if number("backlog") else 0
    return Seen(
        terminal=row["terminal"],
        state=row["state"],
        operator=row["operator"],
        last_sequence=row["last_sequence"],
        last_seen_utc_s=last,
        silent_s=silent,
        lost=row["state"] == "served" and silent > lost_after_s,
        said=said,
        received_utc_s=number("received_utc_s"),
        firmware=row["firmware"] or "",
        backlog=number("backlog"),
        backlog_age_s=age + waited if known else -1,
        torn_permille=1000 * number("torn") // max(1, number("taps")),
        clock=words.name_of(words.CLOCKS, row["clock"]) if said else "",
        reset=words.name_of(words.RESETS, row["reset"]) if said else "",
        self_test=row["self_test"] or "",
        versions=versions,
        **{
            name: number(name)
            for name in (
                "fill_percent", "wear_most", "wear_mean", "taps", "p95_ms", "ca_keys",
                "disk_full", "wrong_hash",
            )
        },
    )  # fmt: skip
