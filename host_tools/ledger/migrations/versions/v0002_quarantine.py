# SPDX-License-Identifier: Apache-2.0
"""Quarantine of batches that could not be taken, and counts of refusals."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

NUMBER, TEXT, BYTES = sa.BigInteger, sa.Text, sa.LargeBinary


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "quarantine",
        sa.Column("terminal", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("digest", BYTES, primary_key=True),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("times", NUMBER, nullable=False),
        sa.Column("first_utc_s", NUMBER, nullable=False),
        sa.Column("last_utc_s", NUMBER, nullable=False),
        sa.Column("sealed", BYTES, nullable=False),
    )
    op.create_table(
        "refusals",
        sa.Column("terminal", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("reason", TEXT, primary_key=True),
        sa.Column("times", NUMBER, nullable=False),
        sa.Column("last_utc_s", NUMBER, nullable=False),
    )
