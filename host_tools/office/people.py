# SPDX-License-Identifier: Apache-2.0
"""People of the operator in the ledger: roles, sessions, and the audit log.

| role     | look | disputes, decisions | terminals, roll-outs | cut a day | people, audit |
|----------|------|---------------------|----------------------|-----------|---------------|
| viewer   | yes  |                     |                      |           |               |
| clerk    | yes  | yes                 |                      | yes       |               |
| operator | yes  |                     | yes                  |           |               |
| admin    | yes  | yes                 | yes                  | yes       | yes           |
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.ledger import engine as engines
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.staff import AUDIT, STAFF, STAFF_SESSIONS

LOOK, CLAIM, OPERATE, SETTLE, ADMINISTER = "look", "claim", "operate", "settle", "administer"
ROLES = {
    "viewer": {LOOK},
    "clerk": {LOOK, CLAIM, SETTLE},
    "operator": {LOOK, OPERATE},
    "admin": {LOOK, CLAIM, OPERATE, SETTLE, ADMINISTER},
}
ACTIVE, STOPPED = "active", "stopped"
IDLE_S, SESSION_S = 30 * 60, 12 * 3600  # a browser left alone; a day's work
SEEN_EVERY_S = 60  # a page that is opened writes at most so often
SESSIONS_MOST = 8  # browsers of one person; the oldest goes
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
TEXT_MOST = 300  # signs of a line of the audit log
BEGUN, DONE = "begun", "done"


class Person(NamedTuple):
    """Somebody with a name here."""

    name: str
    role: str
    state: str
    since_utc_s: int
    changed_utc_s: int

    def may(self, permission: str) -> bool:
        """Whether the role allows it."""
        return self.state == ACTIVE and permission in ROLES.get(self.role, ())


class Signed(NamedTuple):
    """A browser that is signed in; `csrf` is what its forms have to bring."""

    person: Person
    token: str
    csrf: str


class Done(NamedTuple):
    """A row of the audit log."""

    at_utc_s: int
    who: str
    address: str
    did: str
    about: str
    outcome: str


class People:
    """Reads and writes the tables of ledger/staff.py."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger
        self._engine = ledger.engine

    # --- who there is

    def add(self, name: str, role: str, kept: str) -> None:
        """Enter somebody; FormatError for a name that is taken or none, or no role."""
        if not NAME.fullmatch(name):
            raise FormatError("a name has 1 to 32 of a-z, 0-9, dot, dash and underscore")
        if role not in ROLES:
            raise FormatError(f"a role is one of {', '.join(ROLES)}")
        now = self._now()
        row = {"name": name, "role": role, "password": kept, "state": ACTIVE,
               "since_utc_s": now, "changed_utc_s": now}  # fmt: skip
        try:
            self._write(sa.insert(STAFF).values(row))
        except sa.exc.IntegrityError as taken:
            raise FormatError(f"there is a {name} already") from taken

    def change(self, name: str, **what: str) -> None:
        """Another role, state or password; who is signed in under the name has to come anew."""
        if what.get("role", "viewer") not in ROLES:
            raise FormatError(f"a role is one of {', '.join(ROLES)}")
        changed = sa.update(STAFF).where(STAFF.c.name == name)
        rows = self._write(changed.values(what | {"changed_utc_s": self._now()}))
        if not rows:
            raise FormatError(f"there is no {name}")
        self._write(sa.delete(STAFF_SESSIONS).where(STAFF_SESSIONS.c.name == name))

    def all(self) -> list[Person]:
        """Everybody, by name; a city has some dozens."""
        with self._engine.connect() as connection:
            return [_person(one) for one in connection.execute(_STAFF.order_by(STAFF.c.name))]

    def kept(self, name: str) -> tuple[Person | None, str | None]:
        """(person, what is kept of the password); (None, None) for a name that nobody has."""
        asked = sa.select(STAFF).where(STAFF.c.name == name)
        with self._engine.connect() as connection:
            found = connection.execute(asked).first()
        return (_person(found), found.password) if found else (None, None)

    # --- browsers

    def sign_in(self, person: Person, address: str) -> Signed:
        """A new session; sessions that are over are swept out."""
        token, now = secrets.token_urlsafe(32), self._now()
        mine = STAFF_SESSIONS.c.name == person.name
        with engines.writing(self._engine) as connection, connection.begin():
            connection.execute(sa.delete(STAFF_SESSIONS).where(_is_over(now)))
            newest = sa.select(STAFF_SESSIONS.c.token).where(mine)
            newest = newest.order_by(STAFF_SESSIONS.c.since_utc_s.desc()).limit(SESSIONS_MOST - 1)
            keep = [one[0] for one in connection.execute(newest)]
            connection.execute(
                sa.delete(STAFF_SESSIONS).where(mine, STAFF_SESSIONS.c.token.not_in(keep))
            )
            connection.execute(
                sa.insert(STAFF_SESSIONS).values(
                    token=_digest(token), name=person.name, address=address, since_utc_s=now,
                    seen_utc_s=now,
                )
            )  # fmt: skip
        return Signed(person, token, csrf_of(token))

    def signed(self, token: str) -> Signed | None:
        """Who has this token, as long as the session and the person last."""
        if not 20 <= len(token) <= 64:
            return None
        now = self._now()
        joined = sa.join(STAFF_SESSIONS, STAFF, STAFF_SESSIONS.c.name == STAFF.c.name)
        asked = sa.select(STAFF, STAFF_SESSIONS.c.seen_utc_s).select_from(joined)
        mine = STAFF_SESSIONS.c.token == _digest(token)
        with self._engine.connect() as connection:
            found = connection.execute(asked.where(mine, sa.not_(_is_over(now)))).first()
        if found is None or found.state != ACTIVE:
            return None
        if now - found.seen_utc_s >= SEEN_EVERY_S:
            self._write(sa.update(STAFF_SESSIONS).where(mine).values(seen_utc_s=now))
        return Signed(_person(found), token, csrf_of(token))

    def sign_out(self, token: str) -> None:
        """End a session."""
        self._write(sa.delete(STAFF_SESSIONS).where(STAFF_SESSIONS.c.token == _digest(token)))

    # --- what was done

    def note(self, who: str, address: str, did: str, about: str, outcome: str) -> int:
        """A row of the audit log; its id."""
        row = {"at_utc_s": self._now(), "who": who[:TEXT_MOST], "address": address[:TEXT_MOST],
               "did": did, "about": masked(about)[:TEXT_MOST],
               "outcome": masked(outcome)[:TEXT_MOST]}  # fmt: skip
        with engines.writing(self._engine) as connection, connection.begin():
            added = sa.insert(AUDIT).values(row).returning(AUDIT.c.id)
            return connection.execute(added).scalar_one()

    @contextmanager
    def audited(self, who: str, address: str, did: str, about: str) -> Iterator[None]:
        """What is done in the `with` block stands in the log before it is begun."""
        row = self.note(who, address, did, about, BEGUN)
        outcome = "failed"
        try:
            yield
            outcome = DONE
        except FormatError as wrong:
            outcome = f"refused: {wrong}"
            raise
        finally:
            told = sa.update(AUDIT).where(AUDIT.c.id == row)
            self._write(told.values(outcome=masked(outcome)[:TEXT_MOST]))

    def log(self, before: int, count: int) -> list[tuple[int, Done]]:
        """(id, row) of the newest rows; before: an id, 0 for all."""
        asked = sa.select(AUDIT).order_by(AUDIT.c.id.desc()).limit(count)
        if before:
            asked = asked.where(AUDIT.c.id < before)
        with self._engine.connect() as connection:
            return [(one[0], Done(*one[1:])) for one in connection.execute(asked)]

    def _write(self, change: sa.Executable) -> int:
        with engines.writing(self._engine) as connection, connection.begin():
            return connection.execute(change).rowcount

    def _now(self) -> int:
        return int(self._ledger.time_utc_s())


_STAFF = sa.select(STAFF)


def csrf_of(token: str) -> str:
    """What forms of a session bring: known to its pages alone, and not kept anywhere."""
    return hmac.new(token.encode(), b"faretap office form", hashlib.sha256).hexdigest()[:32]


def masked(text: str) -> str:
    """A text in which somebody may have typed a card number, without it (CL-016)."""
    return _NUMBERS.sub(lambda found: "*" * 6 + found.group()[-4:], text)


_NUMBERS = re.compile(r"\d(?:[ -]?\d){11,}")  # 12 digits and more, however they are spaced


def _person(found: sa.Row) -> Person:
    return Person(found.name, found.role, found.state, found.since_utc_s, found.changed_utc_s)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _is_over(now_utc_s: int) -> sa.ColumnElement[bool]:
    return sa.or_(
        STAFF_SESSIONS.c.seen_utc_s < now_utc_s - IDLE_S,
        STAFF_SESSIONS.c.since_utc_s < now_utc_s - SESSION_S,
    )
