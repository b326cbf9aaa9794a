# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the newest schema with Alembic; the steps are migrations/versions.

All steps run in one transaction, DDL included, on both engines: an interrupted migration leaves
the old schema or the new one. An empty database is filled, a SQLite file of an older program is
taken along; an older PostgreSQL waits for somebody to say so (`faretap ledger migrate`), because
several machines may still be working with it.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from firmware.errors import FormatError

LOCK = 0x66617265  # advisory lock of PostgreSQL: one migration at a time
VERSION_TABLE = sa.table("alembic_version", sa.column("version_num"))


def newest() -> str:
    """The revision this program works with."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def found(connection: sa.Connection) -> str:
    """The revision of a database, "" for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.execute(sa.select(VERSION_TABLE)).scalar() or ""


def to_newest(engine: sa.Engine, asked_to: bool = False) -> str:
    """Migrate where that is due; the revision found before. FormatError: not without a word."""
    with engine.connect() as connection:
        before = found(connection)
    if before == newest():
        return before
    if before and engine.dialect.name == "postgresql" and not asked_to:
        raise FormatError(
            f"the database has schema {before}, this program {newest()}: stop the collectors"
            " and run `faretap ledger migrate`"
        )
    upgrade(engine)
    return before


def upgrade(engine: sa.Engine, revision: str = "head") -> None:
    """Run the steps up to `revision` in one transaction."""
    with engine.connect().execution_options(ledger_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as wrong:
            raise FormatError(f"this database is of a newer program: {wrong}") from wrong


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
