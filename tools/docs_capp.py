# SPDX-License-Identifier: Apache-2.0
"""The printed tables of the extended application (docs.py)."""

from firmware.formats import extension, record


def tables(field_table, row_table):
    """Name -> function that prints the table."""
    return {
        "record-4": lambda: field_table(record, "RECORD_V4", record.RECORD_V3),
        "extension": lambda: field_table(extension, "EXTENSION"),
        "extension-changes": lambda: row_table(extension.EXTENSION, "changes"),
    }
