# SPDX-License-Identifier: Apache-2.0
"""Accounts at the acquirer, their batches, and what became of each sale that was presented."""

import sqlalchemy as sa
from alembic import op

revision = "acquirer"
down_revision = "staff"

NUMBER, MONEY, TEXT, BYTES = sa.Integer, sa.BigInteger, sa.Text, sa.LargeBinary


def upgrade() -> None:
    """Add the three tables."""
    op.create_table(
        "acquirer_accounts",
        sa.Column("account", TEXT, primary_key=True),
        *_needed(("merchant", TEXT), ("terminal", TEXT), ("trace", NUMBER), ("batch", NUMBER)),
        *_needed(("master_sealed", BYTES), ("mac_key_sealed", BYTES)),
        *_needed(("signed_on_utc_s", MONEY)),
    )
    op.create_table(
        "acquirer_batches",
        sa.Column("account", TEXT, primary_key=True),
        sa.Column("batch", NUMBER, primary_key=True, autoincrement=False),
        *_needed(("state", TEXT), ("given", NUMBER), ("sales", NUMBER), ("sales_fen", MONEY)),
        *_needed(("trace", NUMBER), ("end_trace", NUMBER), ("balance", TEXT)),
        *_needed(("listed_to", NUMBER), ("opened_utc_s", MONEY), ("closed_utc_s", MONEY)),
    )
    op.create_table(
        "acquirer_sales",
        sa.Column("terminal", MONEY, primary_key=True, autoincrement=False),
        sa.Column("sequence", MONEY, primary_key=True, autoincrement=False),
        *_needed(("business_day", NUMBER), ("settled_on", NUMBER), ("account", TEXT)),
        *_needed(("amount_fen", MONEY), ("time_utc_s", MONEY), ("state", TEXT)),
        *_needed(("batch", NUMBER), ("trace", NUMBER), ("attempts", NUMBER)),
        *_needed(("unanswered", NUMBER), ("due_utc_s", MONEY), ("answer", TEXT)),
        *_needed(("listed", TEXT), ("reference", TEXT), ("note", TEXT), ("answered_utc_s", MONEY)),
    )
    op.create_index("acquirer_due", "acquirer_sales", ["account", "state", "time_utc_s"])
    op.create_index("acquirer_batch", "acquirer_sales", ["account", "batch", "trace"])
    op.create_index("acquirer_day", "acquirer_sales", ["settled_on", "account"])


def _needed(*columns: tuple) -> list[sa.Column]:
    return [sa.Column(name, kind, nullable=False) for name, kind in columns]
