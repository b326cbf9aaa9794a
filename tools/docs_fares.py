# SPDX-License-Identifier: Apache-2.0
"""The layout of a fare table as one printed table: head, then the row of each section."""

from firmware.fares import card_sums as sums_layout
from firmware.fares import layout

# Meanings of columns that several sections share, where a comment says nothing.
SHARED = {
    "fen": "amount",
    "how": "change: its number below",
    "value": "per cent or fen",
    "class": "number of the row in `classes`",
    "stop": "number of the stop",
    "places": "rows in `places`",
    "step_min": "length of the other blocks",
    "first_fen": "price of the first block",
    "step_fen": "price of each other block",
    "more_fen": "price of each such length",
    "windows": "rows in `windows`",
    "first_window": "number of the first one",
}


def card_sums(of_docstring):
    """Tables of the file of sums by their names; of_docstring: of docs.py."""
    names = ("card-sums", "card-sums-head", "card-sums-row")
    return {name: lambda at=at: of_docstring(sums_layout, at) for at, name in enumerate(names)}


def sections(comments_in, label, table):
    """Markdown; the functions are those of docs.py."""
    rows = _rows("head", "HEAD", layout.HEAD, comments_in, label)
    names = {id(value): name for name, value in vars(layout).items() if isinstance(value, tuple)}
    for section, columns in layout.SECTIONS:
        rows += _rows(section, names[id(columns)], columns, comments_in, label)
    return table(["section", "offset", "field", "bytes", "meaning"], rows)


def _rows(section, name, columns, comments_in, label):
    notes, at, rows = comments_in(layout, name), 0, []
    counted = [one for one, _ in layout.SECTIONS]
    for field, kind in columns:
        meaning = notes[field] or SHARED.get(field, "")
        if section == "head" and field in counted:
            meaning = "rows in this section"
        if not meaning:
            raise KeyError("%s.%s has no meaning" % (section, field))
        rows.append(["`%s`" % section, str(at), "`%s`" % field, label(kind), meaning])
        at += len(kind.pack(field, kind.blank))
    return rows
