# SPDX-License-Identifier: Apache-2.0
"""Keys that sign uploads (session_key.py), sealed in the registry; two of a terminal may be valid
while its key is changed.

A key that is retired is kept: what is still signed with it is known as such, and counted as stale
and not as forged.
"""

import os
from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from firmware.errors import FormatError
from firmware.formats.session_key import KEY_BYTES
from host_tools.ledger.credentials import HASHES, SHA256, SM3, place
from host_tools.ledger.ledger import Ledger
from host_tools.ledger.schema import UPLOAD_KEYS
from host_tools.ledger.sitting import RETIRED, VALID, Sitting

VALID_MOST = 2
KEPT_MOST = 4  # retired keys of a terminal; the oldest goes for one more
__all__ = ["SHA256", "SM3", "UploadKey", "enter", "enter_all", "listed", "new_secret", "retire"]


class UploadKey(NamedTuple):
    """A row of the table, without its secret."""

    terminal: int
    key_id: str
    mac: str
    state: str
    entered_utc_s: int
    used_utc_s: int


def new_secret() -> bytes:
    """A key at random."""
    return os.urandom(KEY_BYTES)


def enter(ledger: Ledger, terminal: int, key_id: str, secret: bytes, mac: str = SHA256) -> None:
    """Let a registered terminal sign with this key too. FormatError as enter_all()."""
    enter_all(ledger, {terminal: secret}, key_id, mac)


def enter_all(ledger: Ledger, secrets: dict[int, bytes], key_id: str, mac: str = SHA256) -> None:
    """A key, of one name, for each of these terminals: for all of them or for none.

    FormatError where a terminal is not registered, has a key of that name, or two valid ones.
    """
    if mac not in HASHES:
        raise FormatError(f"{mac} is no MAC here: {', '.join(HASHES)}")
    if not key_id:
        raise FormatError("a key needs a name: --key-id")
    if any(len(secret) != KEY_BYTES for secret in secrets.values()):
        raise FormatError(f"a key of {KEY_BYTES} bytes is wanted")
    terminals = sorted(secrets)
    with ledger.sitting() as sitting:
        _check(sitting, terminals, key_id)
        rows = [
            {
                "terminal": terminal, "key_id": key_id, "mac": mac, "state": VALID,
                "entered_utc_s": sitting.now_utc_s, "used_utc_s": 0,
                "sealed": ledger.vault.seal_as(place(terminal, key_id), secrets[terminal]),
            }
            for terminal in terminals
        ]  # fmt: skip
        sitting.connection.execute(sitting.insert(UPLOAD_KEYS), rows)
        for terminal in terminals:
            sitting.change(terminal, key_id=key_id)


def _check(sitting: Sitting, terminals: list[int], key_id: str) -> None:
    """FormatError unless each may have one more key of this name."""
    known = sitting.standings(terminals)
    there: dict[int, list[UploadKey]] = {terminal: [] for terminal in terminals}
    for one in _rows(sitting.connection, terminals):
        there[one.terminal].append(one)
    for terminal, has in there.items():
        if terminal not in known:
            raise FormatError(f"terminal {terminal} is not in the registry")
        if key_id in [one.key_id for one in has]:
            raise FormatError(f"terminal {terminal} has a key {key_id} already: name it otherwise")
        if len([one for one in has if one.state == VALID]) >= VALID_MOST:
            raise FormatError(
                f"terminal {terminal} has {VALID_MOST} valid keys:"
                " `faretap ledger retire` the old one first"
            )


def retire(ledger: Ledger, terminals: Iterable[int], key_id: str) -> None:
    """Take nothing that is signed with this key from here on; FormatError where nobody has it."""
    with ledger.sitting() as sitting:
        for terminal in terminals:
            here = (UPLOAD_KEYS.c.terminal == terminal, UPLOAD_KEYS.c.key_id == key_id)
            change = sa.update(UPLOAD_KEYS).where(*here).values(state=RETIRED)
            if not sitting.connection.execute(change).rowcount:
                raise FormatError(f"terminal {terminal} has no key {key_id}")
            _forget_oldest(sitting, terminal)


def listed(ledger: Ledger) -> list[UploadKey]:
    """All keys, by terminal and age."""
    with ledger.engine.connect() as connection:
        return _rows(connection, None)


def _rows(connection: sa.Connection, terminals: list[int] | None) -> list[UploadKey]:
    asked = sa.select(*[UPLOAD_KEYS.c[name] for name in UploadKey._fields])
    if terminals is not None:
        asked = asked.where(UPLOAD_KEYS.c.terminal.in_(terminals))
    here = UPLOAD_KEYS.c
    asked = asked.order_by(here.terminal, here.entered_utc_s, here.key_id)
    return [UploadKey(*one) for one in connection.execute(asked)]


def _forget_oldest(sitting: Sitting, terminal: int) -> None:
    retired = [one for one in _rows(sitting.connection, [terminal]) if one.state == RETIRED]
    for one in retired[:-KEPT_MOST]:
        here = (UPLOAD_KEYS.c.terminal == terminal, UPLOAD_KEYS.c.key_id == one.key_id)
        sitting.connection.execute(sa.delete(UPLOAD_KEYS).where(*here))
