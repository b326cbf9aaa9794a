# SPDX-License-Identifier: Apache-2.0
"""Where a change of the ledger's key has got to."""

import sqlalchemy as sa
from alembic import op

revision = "rekey"
down_revision = "keys"


def upgrade() -> None:
    """Add the check of the key before, and the last record that is under the new one."""
    op.add_column("books", sa.Column("key_before", sa.LargeBinary, nullable=True))
    op.add_column("books", sa.Column("rekeyed_terminal", sa.BigInteger, nullable=True))
    op.add_column("books", sa.Column("rekeyed_sequence", sa.BigInteger, nullable=True))
