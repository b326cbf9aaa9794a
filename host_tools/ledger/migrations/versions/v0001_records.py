# SPDX-License-Identifier: Apache-2.0
"""Records, numbers, sales, terminals, books."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER, MONEY, TEXT, BYTES = sa.Integer, sa.BigInteger, sa.Text, sa.LargeBinary
RECORD = (
    ("settled_on", NUMBER),
    ("mark", TEXT),
    ("doubt", TEXT),
    ("kind", NUMBER),
    ("sale", BYTES),
    ("card", BYTES),
    ("card_shown", TEXT),
    ("day", TEXT),
    ("time", TEXT),
    ("time_utc_s", MONEY),
    ("amount_fen", MONEY),
    ("reason", TEXT),
    ("device", TEXT),
    ("line", NUMBER),
    ("vehicle", MONEY),
    ("driver", MONEY),
    ("shift", NUMBER),
    ("riders", NUMBER),
    ("reference", MONEY),
    ("received_utc_s", MONEY),
    ("sealed", BYTES),
)
MAY_BE_NULL = ("kind", "sale", "card")


def upgrade() -> None:
    """Make the first tables; on PostgreSQL a day of records gets its partition when it is due."""
    op.create_table(
        "records",
        *_key("terminal", "sequence"),
        sa.Column("business_day", NUMBER, primary_key=True, autoincrement=False),
        *[sa.Column(name, kind, nullable=name in MAY_BE_NULL) for name, kind in RECORD],
        postgresql_partition_by="LIST (business_day)",
    )
    op.create_index("by_card", "records", ["card", "time_utc_s"])
    op.create_index("by_day", "records", ["business_day", "terminal"])
    late, doubted = sa.text("settled_on != business_day"), sa.text("doubt != ''")
    op.create_index(
        "came_late", "records", ["settled_on"], sqlite_where=late, postgresql_where=late
    )
    op.create_index("doubted", "records", ["day"], sqlite_where=doubted, postgresql_where=doubted)
    op.create_table(
        "numbers",
        *_key("terminal", "sequence"),
        *_needed(("business_day", NUMBER), ("digest", BYTES)),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sales",
        sa.Column("sale", BYTES, primary_key=True),
        *_needed(
            ("terminal", MONEY), ("sequence", MONEY), ("amount_fen", MONEY), ("time_utc_s", MONEY)
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "terminals",
        *_key("terminal"),
        *_needed(("state", TEXT), ("operator", TEXT), ("key_id", TEXT)),
        *_needed(("last_sequence", MONEY), ("first_seen_utc_s", MONEY)),
        *_needed(("last_seen_utc_s", MONEY)),
    )
    op.create_table(
        "books",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=False),
        *_needed(("key_check", BYTES), ("cut_hour", NUMBER), ("utc_offset_s", NUMBER)),
        *_needed(("closed_through", NUMBER)),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("PRAGMA user_version=2")


def _key(*names: str) -> list[sa.Column]:
    return [sa.Column(name, MONEY, primary_key=True, autoincrement=False) for name in names]


def _needed(*columns: tuple) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=False) for name, kind in columns]
