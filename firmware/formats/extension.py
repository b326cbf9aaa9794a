# SPDX-License-Identifier: Apache-2.0
"""What a tap did to the card's memory: field `extension` of pending entry and record, version 4.

The extended application (JR/T 0025.14) changes records of the card together with the debit. Both
images of each are kept, as read and as written (QX-034): by them a trip is put together, and a
torn tap is told from one that never was (QX-038). Imported only by what uses such cards; a record
without an extension is of version 3 and as long as ever.

A row of `changes` is a kernel.capp.Change; of the cyclic file (CYCLIC_FILE) `before` is the newest
record, which is pushed down and not changed, or empty.
"""

from firmware.errors import FormatError
from firmware.formats import fields, record
from firmware.formats.fields import U8, Rows, Sized

DEDUCTION, PREAUTHORISATION, COMPLETION = 1, 2, 3
CYCLIC_FILE = 0x1E
MOST_CHANGES = 4

CHANGE = (("sfi", U8), ("following", U8), ("before", Sized(255)), ("after", Sized(255)))
EXTENSION = (
    ("kind", U8),  # DF60 as sent: 1 deduction, 2 pre-authorisation, 3 completion
    ("df61", U8),  # of the card's FCI
    ("terminal", Sized(8)),  # that froze the sum, 9F1E; empty: the record's own (QX-054)
    ("merchant", Sized(15)),  # likewise, 9F16
    ("changes", Rows(CHANGE, MOST_CHANGES)),  # card records as read and as written, rows below
)


def pack(kind, df61, changes, terminal=b"", merchant=b""):
    """Bytes of the field; changes: (sfi, following, before, after[, ..]) each, what follows is not
    kept. FormatError, also where the images are too long for a record together.
    """
    if kind not in (DEDUCTION, PREAUTHORISATION, COMPLETION):
        raise FormatError("extension: %r is no kind" % (kind,))
    values = {
        "kind": kind, "df61": df61, "terminal": terminal, "merchant": merchant,
        "changes": [tuple(one[:4]) for one in changes],
    }  # fmt: skip
    data = fields.pack(EXTENSION, values)
    if len(data) > record.EXTENSION_MOST:
        raise FormatError("extension: %d bytes of card memory" % len(data))
    return data


def unpack(data):
    """Dict of EXTENSION's fields; FormatError."""
    values = fields.unpack(EXTENSION, data)
    if values["kind"] not in (DEDUCTION, PREAUTHORISATION, COMPLETION):
        raise FormatError("extension: %d is no kind" % values["kind"])
    return values


def of(values):
    """The extension dict of a record or entry dict, None of one without; FormatError."""
    data = values.get("extension")
    return unpack(data) if data else None


def approved_kind(kind, amount_fen):
    """Kind of the record of a tap that ended well (QX-052): what froze a sum is no sale and never
    cleared, nor is what wrote a stamp and took nothing.
    """
    if kind == PREAUTHORISATION:
        return record.PREAUTHORISED
    return record.APPROVED if amount_fen else record.STAMPED
