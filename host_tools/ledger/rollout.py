# SPDX-License-Identifier: Apache-2.0
"""Roll-out: which terminal is offered which file, in waves, with a halt (TD-020).

For people, and for the operator's page:

    files.register(ledger, data, authority)     first: a file, checked (files.py)
    start(ledger, "deny", 42, percent=1)        the first wave; or terminals=[7, 8]; operator=
    widen(ledger, number, percent=10)           the next wave; or more terminals by number
    halt(ledger, number, why)                   offer it to nobody; who has it keeps it
    resume(ledger, number)
    roll_back(ledger, number, why)              likewise, for good
    rollouts(ledger), one(ledger, number)       Rollout
    watch(ledger)                               halts what fails too often; once a minute or so
    rollout_members.members(ledger, number)     Member: how each chosen terminal stands
    rollout_members.progress(ledger, number)    Progress: how many stand how
    status.fleet(ledger)                        what terminals say of themselves (status.py)

A wave is no list of terminals that is made once: who is in it follows from a hash of file and
terminal, asked when the terminal calls (rollout_offers.py). One that was away when the wave began
gets the file when it is back, one that is new to the fleet too, and each file begins with other
terminals.

Terminals take no older file than the one in force, so a roll-back takes the offer back and no
more: the old contents go out once more, signed under a new number.
"""

from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats import status as words
from host_tools.ledger import rollout_members
from host_tools.ledger.files import kind_number
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.rollout_offers import HALTED, ROLLED_BACK, RUNNING, change
from host_tools.ledger.schema import TERMINALS
from host_tools.ledger.schema_fleet import CHOSEN, FILES, ROLLOUTS
from host_tools.ledger.sitting import Sitting

MOST_FAILURES = 3
SILENT_S = 24 * 3600


class Rollout(NamedTuple):
    """A file on its way. percent: of the terminals; named: how many are chosen by number."""

    rollout: int
    kind: str
    version: int
    state: str
    operator: str
    percent: float
    named: int
    most_failures: int
    silent_s: int
    why: str
    began_utc_s: int
    changed_utc_s: int


def start(
    ledger: Ledger,
    kind: str,
    version: int,
    percent: float = 0,
    terminals: tuple[int, ...] | list[int] = (),
    operator: str = "",
    most_failures: int = MOST_FAILURES,
    silent_s: int = SILENT_S,
) -> int:
    """Begin to offer a registered file; the number of the roll-out.

    FormatError: no such file, nobody is chosen, or a newer one of the kind is on its way.
    """
    number, now = kind_number(kind), int(ledger.time_utc_s())
    share = _share(percent)
    if not share and not terminals:
        raise FormatError("nobody is chosen: say a percentage or terminals")
    if most_failures < 0 or silent_s < 1:
        raise FormatError("failures are 0 or more, silence is a second or more")
    with ledger.sitting() as sitting:
        here = (FILES.c.kind == number, FILES.c.version == version)
        if sitting.connection.execute(sa.select(FILES.c.size).where(*here)).first() is None:
            raise FormatError(f"{kind} {version} is not registered: `faretap ledger rollout add`")
        newest = sa.select(sa.func.max(ROLLOUTS.c.version)).where(
            ROLLOUTS.c.kind == number, ROLLOUTS.c.state != ROLLED_BACK
        )
        newest_version = sitting.connection.execute(newest).scalar() or 0
        if version <= newest_version:
            raise FormatError(f"{kind} {newest_version} is on its way: terminals take none older")
        row = {
            "kind": number, "version": version, "state": RUNNING, "operator": operator,
            "share": share, "most_failures": most_failures, "silent_s": silent_s, "why": "",
            "began_utc_s": now, "changed_utc_s": now,
        }  # fmt: skip
        try:
            made = sitting.connection.execute(
                sa.insert(ROLLOUTS).values(row).returning(ROLLOUTS.c.rollout)
            ).scalar_one()
        except sa.exc.IntegrityError as again:
            raise FormatError(f"{kind} {version} was rolled back: sign a new number") from again
        _choose(sitting, made, terminals)
    return made


def widen(
    ledger: Ledger,
    rollout: int,
    percent: float | None = None,
    terminals: tuple[int, ...] | list[int] = (),
) -> None:
    """The next wave: a larger share, or more terminals by name. FormatError: no share shrinks."""
    with ledger.sitting() as sitting:
        found = _held(sitting, rollout)
        if found.state != RUNNING:
            raise FormatError(f"roll-out {rollout} is {found.state}: resume it first")
        if percent is not None:
            share = _share(percent)
            if share < found.share:
                raise FormatError("a wave that is out is not called back: halt it instead")
            change(sitting, rollout, share=share)
        _choose(sitting, rollout, terminals)


def halt(ledger: Ledger, rollout: int, why: str = "") -> None:
    """Offer it to nobody from here on, also not its next piece."""
    _turn(ledger, rollout, HALTED, why, (RUNNING,))


def resume(ledger: Ledger, rollout: int, most_failures: int | None = None) -> None:
    """Go on; FormatError while more have failed than may, unless more are allowed."""
    failed = rollout_members.failures(ledger, rollout)
    with ledger.sitting() as sitting:
        found = _held(sitting, rollout)
        if found.state != HALTED:
            raise FormatError(f"roll-out {rollout} is {found.state}")
        most = found.most_failures if most_failures is None else most_failures
        if failed > most:
            raise FormatError(f"{failed} have failed and {most} may: allow more, or roll back")
        change(sitting, rollout, state=RUNNING, why="", most_failures=most)


def roll_back(ledger: Ledger, rollout: int, why: str = "") -> None:
    """Take the offer back for good; who has the file keeps it until a newer one comes."""
    _turn(ledger, rollout, ROLLED_BACK, why, (RUNNING, HALTED))


def rollouts(ledger: Ledger) -> list[Rollout]:
    """All, the newest first."""
    with ledger.engine.connect() as connection:
        return _rollouts(connection, sa.true())


def one(ledger: Ledger, rollout: int) -> Rollout:
    """One by its number; FormatError where there is none."""
    with ledger.engine.connect() as connection:
        found = _rollouts(connection, ROLLOUTS.c.rollout == rollout)
    if not found:
        raise FormatError(f"there is no roll-out {rollout}")
    return found[0]


def watch(ledger: Ledger) -> list[int]:
    """Halt each roll-out with more failures than it may have; their numbers."""
    halted = []
    for running in rollouts(ledger):
        if running.state != RUNNING:
            continue
        now = rollout_members.progress(ledger, running.rollout)
        if now.refused + now.silent > running.most_failures:
            why = f"{now.refused} refused, {now.silent} fell silent, of {now.chosen}"
            with ledger.sitting() as sitting:
                if change(sitting, running.rollout, RUNNING, state=HALTED, why=why):
                    halted.append(running.rollout)
    return halted


def _rollouts(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[Rollout]:
    count = sa.select(sa.func.count()).where(CHOSEN.c.rollout == ROLLOUTS.c.rollout)
    asked = sa.select(ROLLOUTS, count.scalar_subquery().label("named"))
    asked = asked.where(where).order_by(ROLLOUTS.c.rollout.desc())
    return [
        Rollout(
            row.rollout, words.name_of(words.FILE_KINDS, row.kind), row.version, row.state,
            row.operator, row.share / 100, row.named, row.most_failures, row.silent_s, row.why,
            row.began_utc_s, row.changed_utc_s,
        )
        for row in connection.execute(asked)
    ]  # fmt: skip


def _share(percent: float) -> int:
    if not 0 <= percent <= 100:
        raise FormatError(f"{percent} per cent: 0 to 100")
    return round(percent * 100)


def _held(sitting: Sitting, rollout: int) -> sa.Row:
    asked = sa.select(ROLLOUTS).where(ROLLOUTS.c.rollout == rollout).with_for_update()
    found = sitting.connection.execute(asked).first()
    if found is None:
        raise FormatError(f"there is no roll-out {rollout}")
    return found


def _turn(ledger: Ledger, rollout: int, state: str, why: str, before: tuple[str, ...]) -> None:
    with ledger.sitting() as sitting:
        found = _held(sitting, rollout)
        if found.state not in before:
            raise FormatError(f"roll-out {rollout} is {found.state} already")
        change(sitting, rollout, state=state, why=why[:200])


def _choose(sitting: Sitting, rollout: int, terminals: tuple[int, ...] | list[int]) -> None:
    rows = [{"terminal": one, "rollout": rollout} for one in sorted(set(terminals))]
    if rows:
        known = sa.select(TERMINALS.c.terminal).where(TERMINALS.c.terminal.in_(terminals))
        missing = set(terminals) - set(sitting.connection.execute(known).scalars())
        if missing:
            raise FormatError(f"not in the registry: {', '.join(map(str, sorted(missing)))}")
        sitting.connection.execute(sitting.insert(CHOSEN).on_conflict_do_nothing(), rows)
