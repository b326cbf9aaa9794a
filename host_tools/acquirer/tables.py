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

from host_tools.ledger.schema import METADATA, column, key

QUEUED, SENT, ACKED, REFUSED = "queued", "sent", "acked", "refused"
OPEN, SETTLING, LISTING, ENDING, CLOSED = "open", "settling", "listing", "ending", "closed"


ACCOUNTS = sa.Table(
    "acquirer_accounts",
    METADATA,
    key("account", sa.Text),
    column("merchant", sa.Text),
    column("terminal", sa.Text),  # at the acquirer, field 41
    column("trace", sa.Integer),  # the last one given out
    column("batch", sa.Integer),  # that the last sign-on gave; 0 before the first
    column("master_sealed", sa.LargeBinary),
    column("mac_key_sealed", sa.LargeBinary),  # empty: sign on first
    column("signed_on_utc_s", sa.BigInteger),
)
BATCHES = sa.Table(
    "acquirer_batches",
    METADATA,
    key("account", sa.Text),
    key("batch", sa.Integer),
    column("state", sa.Text),
    column("given", sa.Integer),  # traces given to sales: no more than the batch takes
    column("sales", sa.Integer),  # the totals of 0500
    column("sales_fen", sa.BigInteger),
    column("trace", sa.Integer),  # of 0500
    column("end_trace", sa.Integer),
    column("balance", sa.Text),  # "", balanced, not balanced, error
    column("listed_to", sa.Integer),  # the last trace that was listed
    column("opened_utc_s", sa.BigInteger),
    column("closed_utc_s", sa.BigInteger),
)
PRESENTED = sa.Table(
    "acquirer_sales",
    METADATA,
    key("terminal"),
    key("sequence"),
    column("business_day", sa.Integer),
    column("settled_on", sa.Integer),
    column("account", sa.Text),
    column("amount_fen", sa.BigInteger),
    column("time_utc_s", sa.BigInteger),
    column("state", sa.Text),
    column("batch", sa.Integer),  # 0: none yet
    column("trace", sa.Integer),
    column("attempts", sa.Integer),  # times it was sent in this batch
    column("unanswered", sa.Integer),  # of these, how many nobody answered
    column("due_utc_s", sa.BigInteger),  # not before
    column("answer", sa.Text),  # field 39
    column("listed", sa.Text),  # field 39 when its batch was listed
    column("reference", sa.Text),  # field 37
    column("note", sa.Text),
    column("answered_utc_s", sa.BigInteger),
    sa.Index("acquirer_due", "account", "state", "time_utc_s"),
    sa.Index("acquirer_batch", "account", "batch", "trace"),
    sa.Index("acquirer_day", "settled_on", "account"),
)
