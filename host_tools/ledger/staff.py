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

from host_tools.ledger.schema import METADATA, column, key

STAFF = sa.Table(
    "staff",
    METADATA,
    key("name", sa.Text),
    column("role", sa.Text),
    column("password", sa.Text),  # Argon2id with its parameters and salt
    column("state", sa.Text),  # active, stopped
    column("since_utc_s"),
    column("changed_utc_s"),
)
STAFF_SESSIONS = sa.Table(
    "staff_sessions",
    METADATA,
    key("token", sa.LargeBinary),  # SHA-256 of what the browser has
    column("name", sa.Text),
    column("address", sa.Text),
    column("since_utc_s"),
    column("seen_utc_s"),
    sa.Index("sessions_of", "name"),
)
AUDIT = sa.Table(
    "audit",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    column("at_utc_s"),
    column("who", sa.Text),
    column("address", sa.Text),
    column("did", sa.Text),
    column("about", sa.Text),
    column("outcome", sa.Text),  # begun, done, or why not
)
DECISIONS = sa.Table(
    "decisions",
    METADATA,
    key("terminal"),
    key("sequence"),
    column("decision", sa.Text),
    column("note", sa.Text),
    column("who", sa.Text),
    column("at_utc_s"),
)
