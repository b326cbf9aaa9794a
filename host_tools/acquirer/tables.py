# SPDX-License-Identifier: Apache-2.0
"""Tables of the acquirer's side, in the ledger's database; migrations/ makes them.

| table             | one row is                                     | unique by          |
|-------------------|------------------------------------------------|--------------------|
| acquirer_accounts | a terminal number at the acquirer, its keys    | account            |
| acquirer_batches  | a batch and how far its settlement has come    | account, batch     |
| acquirer_sales    | a sale that is presented, and what became of it| terminal, sequence |

| state of a sale | it                                                                          |
|-----------------|-----------------------------------------------------------------------------|
| queued          | is to be sent                                                               |
| sent            | may have arrived: batch and trace stand and are repeated until it is known  |
| acked           | is in the acquirer's book                                                   |
| refused         | is not, and is not repeated; a person looks                                 |

| state of a batch | next                                                                       |
|------------------|----------------------------------------------------------------------------|
| open             | sales go into it                                                           |
| settling         | 0500: the totals                                                           |
| listing          | 0320 for each sale, after `listed_to`                                      |
| ending           | 0320 that ends it                                                          |
| closed           | nothing                                                                    |

No column holds a card number; keys are sealed (vault.py). Each step is committed before its
message leaves, so whoever is cut repeats that message with the same numbers (clearing.md 8, 9).
"""

import sqlalchemy as sa

from host_tools.ledger.schema import METADATA

QUEUED, SENT, ACKED, REFUSED = "queued", "sent", "acked", "refused"
OPEN, SETTLING, LISTING, ENDING, CLOSED = "open", "settling", "listing", "ending", "closed"


def _column(name: str, kind: type[sa.types.TypeEngine]) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


ACCOUNTS = sa.Table(
    "acquirer_accounts",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    _column("merchant", sa.Text),
    _column("terminal", sa.Text),  # at the acquirer, field 41
    _column("trace", sa.Integer),  # the last one given out
    _column("batch", sa.Integer),  # that the last sign-on gave; 0 before the first
    _column("master_sealed", sa.LargeBinary),
    _column("mac_key_sealed", sa.LargeBinary),  # empty: sign on first
    _column("signed_on_utc_s", sa.BigInteger),
)
BATCHES = sa.Table(
    "acquirer_batches",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("batch", sa.Integer, primary_key=True, autoincrement=False),
    _column("state", sa.Text),
    _column("given", sa.Integer),  # traces given to sales: no more than the batch takes
    _column("sales", sa.Integer),  # the totals of 0500
    _column("sales_fen", sa.BigInteger),
    _column("trace", sa.Integer),  # of 0500
    _column("end_trace", sa.Integer),
    _column("balance", sa.Text),  # "", balanced, not balanced, error
    _column("listed_to", sa.Integer),  # the last trace that was listed
    _column("opened_utc_s", sa.BigInteger),
    _column("closed_utc_s", sa.BigInteger),
)
PRESENTED = sa.Table(
    "acquirer_sales",
    METADATA,
    sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    _column("business_day", sa.Integer),
    _column("settled_on", sa.Integer),
    _column("account", sa.Text),
    _column("amount_fen", sa.BigInteger),
    _column("time_utc_s", sa.BigInteger),
    _column("state", sa.Text),
    _column("batch", sa.Integer),  # 0: none yet
    _column("trace", sa.Integer),
    _column("attempts", sa.Integer),  # times it was sent in this batch
    _column("unanswered", sa.Integer),  # of these, how many nobody answered
    _column("due_utc_s", sa.BigInteger),  # not before
    _column("answer", sa.Text),  # field 39
    _column("listed", sa.Text),  # field 39 when its batch was listed
    _column("reference", sa.Text),  # field 37
    _column("note", sa.Text),
    _column("answered_utc_s", sa.BigInteger),
    sa.Index("acquirer_due", "account", "state", "time_utc_s"),
    sa.Index("acquirer_batch", "account", "batch", "trace"),
    sa.Index("acquirer_day", "settled_on", "account"),
)
