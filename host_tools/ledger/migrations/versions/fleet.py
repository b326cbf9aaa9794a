# SPDX-License-Identifier: Apache-2.0
"""Status of terminals, files and their roll-out."""

import sqlalchemy as sa
from alembic import op

revision = "fleet"
down_revision = "acquirer"

NUMBER, TEXT, BYTES = sa.BigInteger, sa.Text, sa.LargeBinary
SAID = (
    "backlog", "oldest_s", "fill_percent", "wear_most", "wear_mean", "taps", "torn", "p95_ms",
    "clock", "disk_full", "wrong_hash",
)  # fmt: skip


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "terminal_status",
        _key("terminal"),
        _column("received_utc_s"),
        _column("firmware", TEXT),
        _column("ca_keys"),
        _column("reset"),
        _column("self_test", TEXT),
        *[_column(name) for name in SAID],
    )
    op.create_table(
        "status_history",
        _key("terminal"),
        _key("slot"),
        _column("received_utc_s"),
        *[_column(name) for name in SAID],
    )
    held = ("in_force", "laid", "refused", "why", "offered", "offered_utc_s")
    op.create_table("holdings", _key("terminal"), _key("kind"), *[_column(name) for name in held])
    op.create_index("by_refusal", "holdings", ["kind", "refused"])
    op.create_table(
        "files",
        _key("kind"),
        _key("version"),
        _column("size"),
        _column("sha256", BYTES),
        _column("base"),
        _column("effective", TEXT),
        _column("note", TEXT),
        _column("registered_utc_s"),
    )
    op.create_table(
        "file_pieces", _key("kind"), _key("version"), _key("piece"), _column("data", BYTES)
    )
    _make_rollouts()


def _make_rollouts() -> None:
    op.create_table(
        "rollouts",
        sa.Column("rollout", sa.Integer, primary_key=True),
        _column("kind"),
        _column("version"),
        _column("state", TEXT),
        _column("operator", TEXT),
        *[_column(name) for name in ("share", "most_failures", "silent_s")],
        _column("why", TEXT),
        *[_column(name) for name in ("began_utc_s", "changed_utc_s")],
        sa.UniqueConstraint("kind", "version", name="one_rollout_a_file"),
    )
    op.create_table("rollout_terminals", _key("terminal"), _key("rollout", sa.Integer))


def _key(name: str, kind: type[sa.types.TypeEngine] = NUMBER) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _column(name: str, kind: type[sa.types.TypeEngine] = NUMBER) -> sa.Column:
    return sa.Column(name, kind, nullable=False)
