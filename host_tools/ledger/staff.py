# SPDX-License-Identifier: Apache-2.0
"""Tables of the operator's people: who may look, who is signed in, who did what, who decided what.

| table          | one row is                                        | unique by          |
|----------------|---------------------------------------------------|--------------------|
| staff          | a person with a role and the hash of a password   | name               |
| staff_sessions | a browser that is signed in, by a digest          | token              |
| audit          | something that a person did, or tried             | id                 |
| decisions      | how a doubtful debit was settled, the last word   | terminal, sequence |

No column holds a password, a session's token or a card number.
"""

import sqlalchemy as sa

from host_tools.ledger.schema import METADATA

STAFF = sa.Table(
    "staff",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password", sa.Text, nullable=False),  # Argon2id with its parameters and salt
    sa.Column("state", sa.Text, nullable=False),  # active, stopped
    sa.Column("since_utc_s", sa.BigInteger, nullable=False),
    sa.Column("changed_utc_s", sa.BigInteger, nullable=False),
)
STAFF_SESSIONS = sa.Table(
    "staff_sessions",
    METADATA,
    sa.Column("token", sa.LargeBinary, primary_key=True),  # SHA-256 of what the browser has
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("since_utc_s", sa.BigInteger, nullable=False),
    sa.Column("seen_utc_s", sa.BigInteger, nullable=False),
    sa.Index("sessions_of", "name"),
)
AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at_utc_s", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("did", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),  # begun, done, or why not
)
DECISIONS = sa.Table(
    "decisions",
    METADATA,
    sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at_utc_s", sa.BigInteger, nullable=False),
)
