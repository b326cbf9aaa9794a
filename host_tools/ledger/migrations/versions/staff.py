# SPDX-License-Identifier: Apache-2.0
"""People of the operator, and indexes by which their pages find what needs looking after."""

import sqlalchemy as sa
from alembic import op

revision = "staff"
down_revision = "0002"

NUMBER, TEXT, BYTES = sa.BigInteger, sa.Text, sa.LargeBinary
DOUBTFUL = "kind IN (3, 5, 6) AND mark = ''"  # pending, debited-refused, debited-unproven


def upgrade() -> None:
    """Add four tables and two partial indexes of records."""
    op.create_table(
        "staff",
        sa.Column("name", TEXT, primary_key=True),
        *_needed(("role", TEXT), ("password", TEXT), ("state", TEXT)),
        *_needed(("since_utc_s", NUMBER), ("changed_utc_s", NUMBER)),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("token", BYTES, primary_key=True),
        *_needed(("name", TEXT), ("address", TEXT)),
        *_needed(("since_utc_s", NUMBER), ("seen_utc_s", NUMBER)),
    )
    op.create_index("sessions_of", "staff_sessions", ["name"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        *_needed(("at_utc_s", NUMBER), ("who", TEXT), ("address", TEXT)),
        *_needed(("did", TEXT), ("about", TEXT), ("outcome", TEXT)),
    )
    op.create_table(
        "decisions",
        sa.Column("terminal", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=False),
        *_needed(("decision", TEXT), ("note", TEXT), ("who", TEXT), ("at_utc_s", NUMBER)),
    )
    _index("doubtful", ["time_utc_s"], DOUBTFUL)
    _index("marked", ["mark", "settled_on"], "mark != ''")


def _needed(*columns: tuple) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=False) for name, kind in columns]


def _index(name: str, columns: list[str], where: str) -> None:
    only = sa.text(where)
    op.create_index(name, "records", columns, sqlite_where=only, postgresql_where=only)
