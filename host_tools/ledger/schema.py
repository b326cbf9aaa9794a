# SPDX-License-Identifier: Apache-2.0
"""Tables of the ledger, the same for SQLite and PostgreSQL; migrations/ makes them.

| table       | one row is                                   | unique by                          |
|-------------|----------------------------------------------|------------------------------------|
| records     | a record; partitioned by business day        | terminal, sequence, business_day   |
| numbers     | a number that is taken (CL-006, CL-008)      | terminal, sequence                 |
| sales       | the record that counts for a sale (QT-263)   | sale                               |
| terminals   | a terminal and how far it has uploaded       | terminal                           |
| upload_keys | a key that signs what a terminal uploads     | terminal, key_id                   |
| books       | what holds for the whole ledger, one row     | -                                  |
| quarantine  | a batch that could not be taken              | terminal, digest                   |
| refusals    | how often a terminal was refused, and why    | terminal, reason                   |

A partitioned table cannot promise that a number is unique over all days, so `numbers` does, which
is not partitioned. Where terminals are spread over several servers, the terminal is in every
unique index but that of `sales`, which is spread by its own key (docs/ledger.md).

Days are numbers, 20261122; amounts fen; times seconds UTC. `card` and `sale` are keyed hashes,
`sealed` is AES-SIV (vault.py): no column holds a whole card number (CL-016).
"""

import sqlalchemy as sa

COUNTS = ""  # the mark of a row that counts
DUPLICATE = "duplicate"
CONFLICT = "conflict"
LOST = "lost"
UNREADABLE = "unreadable"

METADATA = sa.MetaData()


def key(name: str, kind: type[sa.types.TypeEngine] = sa.BigInteger) -> sa.Column:
    """A column of a row's key; no engine draws numbers for it."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def column(
    name: str, kind: type[sa.types.TypeEngine] = sa.BigInteger, null: bool = False
) -> sa.Column:
    """Any other column."""
    return sa.Column(name, kind, nullable=null)


RECORDS = sa.Table(
    "records",
    METADATA,
    key("terminal"),
    key("sequence"),
    key("business_day", sa.Integer),
    column("settled_on", sa.Integer),  # another day than business_day: came after the cut
    column("mark", sa.Text),
    column("doubt", sa.Text),  # why the date of the record was not believed, entry.py
    column("kind", sa.Integer, null=True),
    column("sale", sa.LargeBinary, null=True),
    column("card", sa.LargeBinary, null=True),
    column("card_shown", sa.Text),
    column("day", sa.Text),  # local, YYMMDD, as the record has it
    column("time", sa.Text),
    column("time_utc_s", sa.BigInteger),
    column("amount_fen", sa.BigInteger),
    column("reason", sa.Text),
    column("device", sa.Text),
    column("line", sa.Integer),
    column("vehicle", sa.BigInteger),
    column("driver", sa.BigInteger),
    column("shift", sa.Integer),
    column("riders", sa.Integer),
    column("reference", sa.BigInteger),
    column("received_utc_s", sa.BigInteger),
    column("sealed", sa.LargeBinary),
    sa.Index("by_card", "card", "time_utc_s"),
    sa.Index("by_day", "business_day", "terminal"),
    postgresql_partition_by="LIST (business_day)",
)
CAME_LATE = RECORDS.c.settled_on != RECORDS.c.business_day
sa.Index("came_late", RECORDS.c.settled_on, sqlite_where=CAME_LATE, postgresql_where=CAME_LATE)
DOUBTED = RECORDS.c.doubt != ""
sa.Index("doubted", RECORDS.c.day, sqlite_where=DOUBTED, postgresql_where=DOUBTED)
# Written out, because an index is only used where a question says the very same.
DOUBTFUL = sa.text("kind IN (3, 5, 6) AND mark = ''")
sa.Index("doubtful", RECORDS.c.time_utc_s, sqlite_where=DOUBTFUL, postgresql_where=DOUBTFUL)
MARKED = sa.text("mark != ''")
sa.Index(
    "marked", RECORDS.c.mark, RECORDS.c.settled_on, sqlite_where=MARKED, postgresql_where=MARKED
)

NUMBERS = sa.Table(
    "numbers",
    METADATA,
    key("terminal"),
    key("sequence"),
    column("business_day", sa.Integer),
    column("digest", sa.LargeBinary),  # of the bytes; nothing: the record is lost
    sqlite_with_rowid=False,
)
SALES = sa.Table(
    "sales",
    METADATA,
    key("sale", sa.LargeBinary),
    column("terminal", sa.BigInteger),
    column("sequence", sa.BigInteger),
    column("amount_fen", sa.BigInteger),
    column("time_utc_s", sa.BigInteger),
    sqlite_with_rowid=False,
)
TERMINALS = sa.Table(
    "terminals",
    METADATA,
    key("terminal"),
    column("state", sa.Text),  # served, stopped
    column("operator", sa.Text),
    column("key_id", sa.Text),  # of the key that was entered last; "" where there is none
    column("last_sequence", sa.BigInteger),
    column("first_seen_utc_s", sa.BigInteger),
    column("last_seen_utc_s", sa.BigInteger),
    column("session", sa.LargeBinary, null=True),  # that counts; those before it are over
    column("boot", sa.LargeBinary, null=True),  # STATUS: of the start that was heard last
    column("boot_before", sa.LargeBinary, null=True),
)
UPLOAD_KEYS = sa.Table(
    "upload_keys",
    METADATA,
    key("terminal"),
    key("key_id", sa.Text),
    column("mac", sa.Text),
    column("state", sa.Text),  # valid, retired
    column("entered_utc_s", sa.BigInteger),
    column("used_utc_s", sa.BigInteger),  # when STATUS was signed with it last, 0: never
    column("sealed", sa.LargeBinary),
)
BOOKS = sa.Table(
    "books",
    METADATA,
    key("id", sa.Integer),  # 1
    column("key_check", sa.LargeBinary),
    column("cut_hour", sa.Integer),
    column("utc_offset_s", sa.Integer),
    column("closed_through", sa.Integer),  # the last day that was cut, 0: none
    column("key_before", sa.LargeBinary, null=True),  # while the key is changed (rekey.py)
    column("rekeyed_terminal", sa.BigInteger, null=True),  # the last record under the new key
    column("rekeyed_sequence", sa.BigInteger, null=True),
)
QUARANTINE = sa.Table(
    "quarantine",
    METADATA,
    key("terminal"),
    key("digest", sa.LargeBinary),
    column("reason", sa.Text),
    column("times", sa.BigInteger),
    column("first_utc_s", sa.BigInteger),
    column("last_utc_s", sa.BigInteger),
    column("sealed", sa.LargeBinary),
)
REFUSALS = sa.Table(
    "refusals",
    METADATA,
    key("terminal"),
    key("reason", sa.Text),
    column("times", sa.BigInteger),
    column("last_utc_s", sa.BigInteger),
)
