# SPDX-License-Identifier: Apache-2.0
"""One process a time presents for an account: a second sign-on would make the first's key wrong.

SQLite: a lock on a file beside the ledger. PostgreSQL: an advisory lock of the session. Both end
with the process, however it ends.
"""

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from firmware.errors import FormatError
from host_tools.ledger.ledger import Ledger

PURPOSE = 0x66617268  # first key of the advisory lock; the second is made of the account's name


@contextmanager
def alone(ledger: Ledger, account: str) -> Iterator[None]:
    """Hold an account. FormatError where another process holds it."""
    busy = FormatError(f"another process presents for {account}: let it end, or end it")
    if ledger.engine.dialect.name == "postgresql":
        with ledger.engine.connect() as connection:
            number = zlib.crc32(account.encode()) - 2**31
            taken = sa.select(sa.func.pg_try_advisory_lock(PURPOSE, number))
            if not connection.execute(taken).scalar():
                raise busy
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(PURPOSE, number)))
        return
    with open(f"{ledger.engine.url.database}-{account}.lock", "w", encoding="ascii") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as wrong:
            raise busy from wrong
        yield
