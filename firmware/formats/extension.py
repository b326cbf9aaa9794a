# SPDX-License-Identifier: Apache-2.0
"""What a tap did to the card's memory: field `extension` of pending entry and record, version 4.

The extended application (JR/T 0025.14) changes records of the card together with the debit. Both
images of each are kept, as read and as written (QX-034): by them a trip is put together, and a
torn tap is told from one that never was (QX-038). Imported only by what uses such cards; a record
without an extension is of version 3 and as long as ever.

A row of `changes` is a kernel.capp.Change; of the cyclic file (CYCLIC_FILE) `before` is the newest
record, which is pushed down and not changed, or empty.

Behind the changes stands what the card said of its money before the GPO, where the trade asked
(QX-060, QX-061): 12 bytes, or none, as in all records of earlier releases.
"""

from firmware.errors import FormatError
from firmware.formats import fields, record
from firmware.formats.fields import U8, U32, Rows, Sized

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
FUNDS = (
    ("balance_fen", U32),  # 9F79 before the tap
    ("offset_limit_fen", U32),  # DF62, how far the card may go below nothing; 0: not at all
    ("offset_used_fen", U32),  # DF63 before the tap
)
FUNDS_BYTES = 12


def pack(kind, df61, changes, terminal=b"", merchant=b"", funds=None):
    """Bytes of the field; changes: (sfi, following, before, after[, ..]) each, what follows is not
    kept; funds: fen in the order of FUNDS, None where nobody asked, left out where the images fill
    the record. FormatError, also where the images are too long for a record together.
    """
    if kind not in (DEDUCTION, PREAUTHORISATION, COMPLETION):
        raise FormatError("extension: %r is no kind" % (kind,))
    values = {
        "kind": kind, "df61": df61, "terminal": terminal, "merchant": merchant,
        "changes": [tuple(one[:4]) for one in changes],
    }  # fmt: skip
    data = fields.pack(EXTENSION, values)
    if funds and len(data) + FUNDS_BYTES <= record.EXTENSION_MOST:
        data += _packed(funds)
    if len(data) > record.EXTENSION_MOST:
        raise FormatError("extension: %d bytes of card memory" % len(data))
    return data


def unpack(data):
    """Dict of EXTENSION's fields, and `funds`: dict of FUNDS' or None; FormatError."""
    values, at = {}, 0
    for name, kind in EXTENSION:
        values[name], at = kind.unpack(name, data, at)
    values["funds"] = fields.unpack(FUNDS, data[at:]) if at != len(data) else None
    if values["kind"] not in (DEDUCTION, PREAUTHORISATION, COMPLETION):
        raise FormatError("extension: %d is no kind" % values["kind"])
    return values


def _packed(funds):
    """Fen of a card (n12) that are more than a field holds are none that a fare is drawn from."""
    return b"".join([min(fen, 0xFFFFFFFF).to_bytes(4, "big") for fen in funds])


def offset_drawn(told, amount_fen):
    """(fen that this deduction drew from the deposit, fen that are owed behind it) of an unpacked
    extension; (0, 0) where the card was not asked (JR/T 0025.14 §5.2.7 (3), QX-061).
    """
    funds = told["funds"]
    if not funds or told["kind"] != DEDUCTION:
        return 0, 0
    drawn_fen = max(0, amount_fen - funds["balance_fen"])
    return drawn_fen, funds["offset_used_fen"] + drawn_fen


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
