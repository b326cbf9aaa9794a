# SPDX-License-Identifier: Apache-2.0
"""The printed tables of signed upload messages (docs.py)."""

from firmware.formats import messages, session_key

BEHIND_HEAD = ("status", "batch", "fetch")
BEHIND_ANSWER = ("welcome", "standing", "ack", "piece", "time")


def tables(of_docstring, field_table, row_table):
    """Name -> function that prints the table."""

    def behind(name, head):
        return lambda: field_table(messages, name.upper() + "_V2", head)

    return {
        "signed-frame": lambda: of_docstring(messages),
        "signed-requests": lambda: of_docstring(messages, 1),
        "signed-keys": lambda: of_docstring(session_key),
        "hello-2": lambda: field_table(messages, "HELLO_V2"),
        "request-head-2": lambda: field_table(messages, "HEAD"),
        "answer-head-2": lambda: field_table(messages, "ANSWER"),
        "file-row-2": lambda: row_table(messages.STANDING_V2, "files"),
        **{name + "-2": behind(name, messages.HEAD) for name in BEHIND_HEAD},
        **{name + "-2": behind(name, messages.ANSWER) for name in BEHIND_ANSWER},
    }
