# SPDX-License-Identifier: Apache-2.0
"""The printed tables of the extended application (docs.py)."""

from firmware.formats import extension, record
from sim import capp_hostile, capp_profile, capp_words


def tables(field_table, row_table, table, of_docstring):
    """Name -> function that prints the table."""
    return {
        "capp-commands": lambda: table(
            ["command", "CLA INS P1 P2", "data", "answer"], capp_words.COMMANDS
        ),
        "capp-words": lambda: table(["word", "to", "when"], capp_words.WORDS),
        "capp-profile": lambda: of_docstring(capp_profile.Extension),
        "capp-trades": lambda: table(
            ["profile", "trade", "SFI", "ID", "bytes", "for", "key use/version"],
            [list(row) for row in capp_profile.trade_rows()],
        ),
        "capp-hostile": lambda: _hostile(table),
        "record-4": lambda: field_table(record, "RECORD_V4", record.RECORD_V3),
        "extension": lambda: field_table(extension, "EXTENSION"),
        "extension-funds": lambda: field_table(extension, "FUNDS"),
        "extension-changes": lambda: row_table(extension.EXTENSION, "changes"),
    }


def _hostile(table):
    """How many rows lie about what."""
    groups: dict[str, list[int]] = {}
    for row in (*capp_hostile.rows(), *capp_hostile.torn_rows()):
        about = row.name.partition(":")[0].partition(" answers")[0].partition(" says")[0]
        counted = groups.setdefault(about, [0, 0, 0])
        counted[0] += 1
        counted[1] += not row.spared
        counted[2] += row.taken
    rows = [[about, *map(str, counted)] for about, counted in groups.items()]
    titles = ["lie about", "number", "that no terminal may pass", "seen behind the debit alone"]
    return table(titles, rows)
