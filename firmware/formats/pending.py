# SPDX-License-Identifier: Apache-2.0
"""The pending entry: written durably before the last READ RECORD, all that a recovery needs.

QT-157, QT-167. It stays on the device: a second tap or the closing of the window turns it into one
record (QT-184). It holds the dialogue as bytes sent and received, so that nothing is rebuilt
(CL-002). A usual card needs 900 to 1,700 bytes, two certificates being most of it; the journal
states what it takes at most (journal.PENDING_LIMIT).
"""

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import FLAG, U8, U16, U32, Digits, Fixed, Rows, Sized, Word
from firmware.formats.record import EXTENDED, EXTENSION_FIELD, TRADE_FIELDS, UNKNOWN_FEN

VERSION = 3

PENDING_V1 = (
    ("version", U8),
    ("amount_fen", U32),
    ("full_fare_fen", U32),
    ("fare_class", Word(16)),
    ("currency", U16),  # ISO 4217 number, 156
    ("aid", Sized(16)),
    ("pan", Sized(10)),
    ("psn", U8),
    ("uid", Sized(10)),
    ("atc", U16),
    ("afl", Sized(252)),
    ("pdol", Sized(255)),  # 9F38 value: what the bytes of the GPO command stand for
    ("gpo_command_data", Sized(255)),  # the PDOL values as sent, template 83 included
    ("gpo_answer", Sized(256)),  # without status word
    ("records", Rows((("sfi", U8), ("record", U8), ("data", Sized(256))), 64)),
    ("un", Fixed(4)),  # 9F37
    ("pre_balance_fen", U32),  # before the debit; UNKNOWN_FEN (QT-175)
    ("time_utc_s", U32),
    ("date", Digits(6)),
    ("time", Digits(6)),
    ("device", Word(24)),
    ("line", U16),
    ("stop", U16),
    ("vehicle", U32),
    ("driver", U32),
    ("shift", U16),
    ("parameters_version", U32),
    ("deny_list_version", U32),
    ("clock_trusted", FLAG),
)
PENDING_V2 = PENDING_V1 + (("terminal_data", Sized(48)),)  # TLV of what the PDOL did not ask for
PENDING_V3 = PENDING_V2 + TRADE_FIELDS
PENDING_V4 = PENDING_V3 + EXTENSION_FIELD  # only where the card's memory is changed too (QX-034)


def blank():
    """A pending dict with every field present and saying nothing; fill in and pack."""
    values = fields.blank(PENDING_V3)
    values["version"] = VERSION
    values["currency"] = 156
    values["pre_balance_fen"] = UNKNOWN_FEN
    return values


def pack(values):
    """Entry bytes; `records` is a list of (sfi, record number, bytes of template 70)."""
    return b"".join(parts(values))


def parts(values, packer=None):
    """What pack() joins: the fields of table_of() one by one; packer: of packer(), for who packs
    entry after entry.
    """
    table = table_of(values.get("version"))
    if packer:
        return packer.parts(values, () if table is PENDING_V3 else EXTENSION_FIELD)
    return fields.parts(table, values)


def packer():
    """A fields.Packer of entries of both versions."""
    return fields.Packer(PENDING_V3)


def unpack(data):
    """Pending dict, bit for bit what was packed."""
    return fields.unpack(table_of(data[0] if data else None), data)


def table_of(version):
    """The table of a version: PENDING_V4 of EXTENDED, PENDING_V3 of VERSION."""
    if version not in (VERSION, EXTENDED):
        raise FormatError("a pending entry of version %r" % (version,))
    return PENDING_V4 if version == EXTENDED else PENDING_V3
