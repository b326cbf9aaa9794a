# SPDX-License-Identifier: Apache-2.0
"""No question of a page may keep the database busy for long: each connection that is taken out of
the pool gets what is left of its asker's time. Behind it the database itself ends the question.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

PAGE_S = 15.0
STEPS = 20_000  # of SQLite's machine between two looks at the clock, some milliseconds
_limit_s: ContextVar[float] = ContextVar("limit_s", default=PAGE_S)


@contextmanager
def within(limit_s: float) -> Iterator[None]:
    """Questions of this thread end after so long."""
    before = _limit_s.set(limit_s)
    try:
        yield
    finally:
        _limit_s.reset(before)


def bound(engine: sa.Engine) -> None:
    """From here on, for all connections of an engine."""
    listen = _bound_sqlite if engine.dialect.name == "sqlite" else _bound_postgres
    sa.event.listen(engine, "checkout", listen)


def is_over(wrong: BaseException) -> bool:
    """Whether a question was ended for its time."""
    text = str(wrong)
    return "interrupted" in text or "statement timeout" in text


def _bound_sqlite(
    connection: sa.engine.interfaces.DBAPIConnection,
    _: ConnectionPoolEntry,
    __: PoolProxiedConnection,
) -> None:
    end_s = time.monotonic() + _limit_s.get()
    connection.set_progress_handler(lambda: time.monotonic() > end_s, STEPS)


def _bound_postgres(
    connection: sa.engine.interfaces.DBAPIConnection,
    entry: ConnectionPoolEntry,
    _: PoolProxiedConnection,
) -> None:
    wanted_ms = int(_limit_s.get() * 1000)
    if entry.info.get("limit_ms") == wanted_ms:
        return
    cursor = connection.cursor()
    cursor.execute(f"SET statement_timeout = {wanted_ms:d}")
    cursor.close()
    connection.commit()
    entry.info["limit_ms"] = wanted_ms
