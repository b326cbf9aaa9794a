# SPDX-License-Identifier: Apache-2.0
"""Degraded modes of a gate, by the attendant's key and by `mode=` of `gate_lane` (TD-066).

| mode | cards | tickets | arms |
|---|---|---|---|
| controlled | pay | judged | closed until somebody is let in |
| free | not looked for | not looked at | free both ways, people counted |
| exit_only | not looked for | not looked at | closed for entry, free for exit |
| closed | not looked for | not looked at | closed both ways |
| fare_waived | read, not debited | judged | closed until somebody is let in |
| time_waived | pay | the hours of the window do not count, its days do | likewise |
| date_waived | pay | the window does not count | likewise |
"""

# The number of a mode in records is its place here: append only
MODES = (
    "controlled", "free", "exit_only", "closed", "fare_waived", "time_waived", "date_waived",
)  # fmt: skip
MESSAGES = {"free": "gate_free", "exit_only": "gate_exit_only", "closed": "gate_closed"}


def policy_of(mode):
    """What the controller is told."""
    return mode if mode in MESSAGES else "controlled"
