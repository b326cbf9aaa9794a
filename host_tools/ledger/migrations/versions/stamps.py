# SPDX-License-Identifier: Apache-2.0
"""What taps did to the memory of cards: entries, exits, frozen sums, passes."""

import sqlalchemy as sa
from alembic import op

revision = "stamps"
down_revision = "rekey"

NUMBER, TEXT = sa.BigInteger, sa.Text


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "stamps",
        sa.Column("terminal", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("sequence", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("business_day", sa.Integer, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("side", TEXT, nullable=False),
        sa.Column("device", TEXT, nullable=False),
        sa.Column("card_shown", TEXT, nullable=False),
        sa.Column("time_utc_s", NUMBER, nullable=False),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("amount_fen", NUMBER, nullable=False),
        sa.Column("frozen_fen", NUMBER, nullable=False),
        sa.Column("closes_terminal", NUMBER, nullable=False),
        sa.Column("closes_sequence", NUMBER, nullable=False),
    )
    op.create_index("stamps_by_day", "stamps", ["business_day"])
    op.create_index("stamps_closing", "stamps", ["closes_terminal", "closes_sequence"])
