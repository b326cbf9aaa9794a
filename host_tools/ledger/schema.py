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


def _column(name: str, kind: type[sa.types.TypeEngine], null: bool = False) -> sa.Column:
    return sa.Column(name, kind, nullable=null)


RECORDS = sa.Table(
    "records",
    METADATA,
    sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("business_day", sa.Integer, primary_key=True, autoincrement=False),
    _column("settled_on", sa.Integer),  # another day than business_day: came after the cut
    _column("mark", sa.Text),
    _column("doubt", sa.Text),  # why the date of the record was not believed, entry.py
    _column("kind", sa.Integer, null=True),
    _column("sale", sa.LargeBinary, null=True),
    _column("card", sa.LargeBinary, null=True),
    _column("card_shown", sa.Text),
    _column("day", sa.Text),  # local, YYMMDD, as the record has it
    _column("time", sa.Text),
    _column("time_utc_s", sa.BigInteger),
    _column("amount_fen", sa.BigInteger),
    _column("reason", sa.Text),
    _column("device", sa.Text),
    _column("line", sa.Integer),
    _column("vehicle", sa.BigInteger),
    _column("driver", sa.BigInteger),
    _column("shift", sa.Integer),
    _column("riders", sa.Integer),
    _column("reference", sa.BigInteger),
    _column("received_utc_s", sa.BigInteger),
    _column("sealed", sa.LargeBinary),
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
    sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    _column("business_day", sa.Integer),
    _column("digest", sa.LargeBinary),  # of the bytes; nothing: the record is lost
    sqlite_with_rowid=False,
)
SALES = sa.Table(
    "sales",
    METADATA,
    sa.Column("sale", sa.LargeBinary, primary_key=True),
    _column("terminal", sa.BigInteger),
    _column("sequence", sa.BigInteger),
    _column("amount_fen", sa.BigInteger),
    _column("time_utc_s", sa.BigInteger),
    sqlite_with_rowid=False,
)
TERMINALS = sa.Table(
    "terminals",
    METADATA,
    sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
    _column("state", sa.Text),  # served, stopped
    _column("operator", sa.Text),
    _column("key_id", sa.Text),  # of the key that was entered last; "" where there is none
    _column("last_sequence", sa.BigInteger),
    _column("first_seen_utc_s", sa.BigInteger),
    _column("last_seen_utc_s", sa.BigInteger),
    _column("session", sa.LargeBinary, null=True),  # that counts; those before it are over
    _column("boot", sa.LargeBinary, null=True),  # STATUS: of the start that was heard last
    _column("boot_before", sa.LargeBinary, null=True),
)
UPLOAD_KEYS = sa.Table(
    "upload_keys",
    METADATA,
    sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key_id", sa.Text, primary_key=True),
    _column("mac", sa.Text),
    _column("state", sa.Text),  # valid, retired
    _column("entered_utc_s", sa.BigInteger),
    _column("used_utc_s", sa.BigInteger),  # when STATUS was signed with it last, 0: never
    _column("sealed", sa.LargeBinary),
)
BOOKS = sa.Table(
    "books",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # 1
    _column("key_check", sa.LargeBinary),
    _column("cut_hour", sa.Integer),
    _column("utc_offset_s", sa.Integer),
    _column("closed_through", sa.Integer),  # the last day that was cut, 0: none
    _column("key_before", sa.LargeBinary, null=True),  # while the key is changed (rekey.py)
    _column("rekeyed_terminal", sa.BigInteger, null=True),  # the last record under the new key
    _column("rekeyed_sequence", sa.BigInteger, null=True),
)
QUARANTINE = sa.Table(
    "quarantine",
    METADATA,
    sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    _column("reason", sa.Text),
    _column("times", sa.BigInteger),
    _column("first_utc_s", sa.BigInteger),
    _column("last_utc_s", sa.BigInteger),
    _column("sealed", sa.LargeBinary),
)
REFUSALS = sa.Table(
    "refusals",
    METADATA,
    sa.Column("terminal", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.Text, primary_key=True),
    _column("times", sa.BigInteger),
    _column("last_utc_s", sa.BigInteger),
)
