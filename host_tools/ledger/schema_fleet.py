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

from host_tools.ledger.schema import METADATA, column, key

SLOTS = 48  # hours of history that are kept of a terminal
CHUNK_BYTES = 32768


# in both tables of status, under the names of STATUS_V1
SAID = (
    "backlog", "oldest_s", "fill_percent", "wear_most", "wear_mean", "taps", "torn", "p95_ms",
    "clock", "disk_full", "wrong_hash",
)  # fmt: skip

STATUS = sa.Table(
    "terminal_status",
    METADATA,
    key("terminal"),
    column("received_utc_s"),
    column("firmware", sa.Text),
    column("ca_keys"),
    column("reset"),
    column("self_test", sa.Text),  # codes with blanks between
    *[column(name) for name in SAID],
)
HISTORY = sa.Table(
    "status_history",
    METADATA,
    key("terminal"),
    key("slot"),
    column("received_utc_s"),
    *[column(name) for name in SAID],
)
HOLDINGS = sa.Table(
    "holdings",
    METADATA,
    key("terminal"),
    key("kind"),
    column("in_force"),
    column("laid"),
    column("refused"),
    column("why"),
    column("offered"),
    column("offered_utc_s"),  # when it was offered first
    sa.Index("by_refusal", "kind", "refused"),
)
FILES = sa.Table(
    "files",
    METADATA,
    key("kind"),
    key("version"),
    column("size"),
    column("sha256", sa.LargeBinary),
    column("base"),  # of changes: the number of the list they lie on; 0
    column("effective", sa.Text),  # local, YYYYMMDDHHMMSS; "" for at once
    column("note", sa.Text),
    column("registered_utc_s"),
)
PIECES = sa.Table(
    "file_pieces",
    METADATA,
    key("kind"),
    key("version"),
    key("piece"),
    column("data", sa.LargeBinary),
)
ROLLOUTS = sa.Table(
    "rollouts",
    METADATA,
    sa.Column("rollout", sa.Integer, primary_key=True),
    column("kind"),
    column("version"),
    column("state", sa.Text),  # running, halted, rolled-back
    column("operator", sa.Text),  # of these terminals only; "" for all
    column("share"),  # of the terminals, in hundredths of a per cent
    column("most_failures"),  # beyond so many it is halted
    column("silent_s"),  # a terminal that was offered it and silent for so long has failed
    column("why", sa.Text),
    column("began_utc_s"),
    column("changed_utc_s"),
    sa.UniqueConstraint("kind", "version", name="one_rollout_a_file"),
)
CHOSEN = sa.Table(
    "rollout_terminals",
    METADATA,
    key("terminal"),
    key("rollout", sa.Integer),
)
