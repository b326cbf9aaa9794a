# SPDX-License-Identifier: Apache-2.0
"""Tables of the fleet: what terminals said of themselves, and what they are to have.

| table             | one row is                                   | unique by               |
|-------------------|----------------------------------------------|-------------------------|
| terminal_status   | what a terminal said last                    | terminal                |
| status_history    | what it said in an hour; the hours go round  | terminal, slot          |
| holdings          | which file of a kind it has                  | terminal, kind          |
| files             | a file that terminals may be offered         | kind, version           |
| file_pieces       | CHUNK_BYTES of it                            | kind, version, piece    |
| rollouts          | a file on its way into the fleet             | rollout                 |
| rollout_terminals | a terminal that is chosen by name            | terminal, rollout       |

Kinds and the other small numbers are those of firmware/formats/status.py. Where terminals are
spread over several servers, files, their pieces and roll-outs are copied to each.
"""

import sqlalchemy as sa

from host_tools.ledger.schema import METADATA

SLOTS = 48  # hours of history that are kept of a terminal
CHUNK_BYTES = 32768


def _key(name: str, kind: type[sa.types.TypeEngine] = sa.BigInteger) -> sa.Column:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def _column(name: str, kind: type[sa.types.TypeEngine] = sa.BigInteger) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


# in both tables of status, under the names of STATUS_V1
SAID = (
    "backlog", "oldest_s", "fill_percent", "wear_most", "wear_mean", "taps", "torn", "p95_ms",
    "clock", "disk_full", "wrong_hash",
)  # fmt: skip

STATUS = sa.Table(
    "terminal_status",
    METADATA,
    _key("terminal"),
    _column("received_utc_s"),
    _column("firmware", sa.Text),
    _column("ca_keys"),
    _column("reset"),
    _column("self_test", sa.Text),  # codes with blanks between
    *[_column(name) for name in SAID],
)
HISTORY = sa.Table(
    "status_history",
    METADATA,
    _key("terminal"),
    _key("slot"),
    _column("received_utc_s"),
    *[_column(name) for name in SAID],
)
HOLDINGS = sa.Table(
    "holdings",
    METADATA,
    _key("terminal"),
    _key("kind"),
    _column("in_force"),
    _column("laid"),
    _column("refused"),
    _column("why"),
    _column("offered"),
    _column("offered_utc_s"),  # when it was offered first
    sa.Index("by_refusal", "kind", "refused"),
)
FILES = sa.Table(
    "files",
    METADATA,
    _key("kind"),
    _key("version"),
    _column("size"),
    _column("sha256", sa.LargeBinary),
    _column("base"),  # of changes: the number of the list they lie on; 0
    _column("effective", sa.Text),  # local, YYYYMMDDHHMMSS; "" for at once
    _column("note", sa.Text),
    _column("registered_utc_s"),
)
PIECES = sa.Table(
    "file_pieces",
    METADATA,
    _key("kind"),
    _key("version"),
    _key("piece"),
    _column("data", sa.LargeBinary),
)
ROLLOUTS = sa.Table(
    "rollouts",
    METADATA,
    sa.Column("rollout", sa.Integer, primary_key=True),
    _column("kind"),
    _column("version"),
    _column("state", sa.Text),  # running, halted, rolled-back
    _column("operator", sa.Text),  # of these terminals only; "" for all
    _column("share"),  # of the terminals, in hundredths of a per cent
    _column("most_failures"),  # beyond so many it is halted
    _column("silent_s"),  # a terminal that was offered it and silent for so long has failed
    _column("why", sa.Text),
    _column("began_utc_s"),
    _column("changed_utc_s"),
    sa.UniqueConstraint("kind", "version", name="one_rollout_a_file"),
)
CHOSEN = sa.Table(
    "rollout_terminals",
    METADATA,
    _key("terminal"),
    _key("rollout", sa.Integer),
)
