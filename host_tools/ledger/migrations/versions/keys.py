# SPDX-License-Identifier: Apache-2.0
"""Keys of terminals, and the session that counts for each."""

import sqlalchemy as sa
from alembic import op

revision = "keys"
down_revision = "fleet"


def upgrade() -> None:
    """Add a table, and three columns to the registry."""
    op.create_table(
        "upload_keys",
        sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("mac", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("entered_utc_s", sa.BigInteger, nullable=False),
        sa.Column("used_utc_s", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    for name in ("session", "boot", "boot_before"):
        op.add_column("terminals", sa.Column(name, sa.LargeBinary, nullable=True))
