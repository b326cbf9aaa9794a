# SPDX-License-Identifier: Apache-2.0
"""What decides whose a frame is: keys of terminals, their state, the session that counts."""

import hashlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import sqlalchemy as sa

from firmware.formats.session_key import Key
from firmware.kernel.sm3 import Sm3
from host_tools.ledger.schema import TERMINALS, UPLOAD_KEYS
from host_tools.ledger.sitting import SERVED, VALID
from host_tools.ledger.vault import Vault

SHA256, SM3 = "hmac-sha256", "hmac-sm3"


def _sm3():
    return hashlib.new("sm3")


HASHES: dict[str, Callable] = {
    SHA256: hashlib.sha256,
    SM3: _sm3 if "sm3" in hashlib.algorithms_available else Sm3,
}


class Signer(NamedTuple):
    """A key as it is tried."""

    key_id: str
    valid: bool
    key: Key


class Credentials(NamedTuple):
    """What decides whether a frame is a terminal's."""

    served: bool
    session: bytes
    signers: list[Signer]


def credentials(
    connection: sa.Connection, vault: Vault, terminals: Iterable[int]
) -> dict[int, Credentials]:
    """Of those that are registered. FormatError where a key was changed in its row."""
    wanted = sorted(terminals)
    here = TERMINALS.c
    asked = sa.select(here.terminal, here.state, here.session).where(here.terminal.in_(wanted))
    found = {
        row[0]: Credentials(row[1] == SERVED, bytes(row[2] or b""), [])
        for row in connection.execute(asked)
    }
    keys = sa.select(UPLOAD_KEYS).where(UPLOAD_KEYS.c.terminal.in_(wanted))
    for one in connection.execute(keys.order_by(UPLOAD_KEYS.c.entered_utc_s)):
        if one.terminal in found:
            secret = vault.open_as(place(one.terminal, one.key_id), bytes(one.sealed))
            key = Key(secret, HASHES[one.mac])
            found[one.terminal].signers.append(Signer(one.key_id, one.state == VALID, key))
    return found


def place(terminal: int, key_id: str) -> str:
    """The name under which a key rests sealed."""
    return f"upload key of terminal {terminal}, {key_id}"
