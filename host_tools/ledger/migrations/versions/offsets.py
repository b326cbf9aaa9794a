# SPDX-License-Identifier: Apache-2.0
"""What taps drew from the deposit of a card, and rides on passes beside trips."""

import sqlalchemy as sa
from alembic import op

revision = "offsets"
down_revision = "stamps"

COLUMNS = (("passes", sa.Integer), ("offset_fen", sa.BigInteger), ("owed_fen", sa.BigInteger))


def upgrade() -> None:
    """Add the columns; records that are there have been taken without them."""
    for name, kind in COLUMNS:
        op.add_column("stamps", sa.Column(name, kind, nullable=False, server_default="0"))
    op.execute("UPDATE stamps SET passes = 1 WHERE side = 'pass'")
