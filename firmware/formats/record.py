# SPDX-License-Identifier: Apache-2.0
"""The fare record: what leaves the device about one tap, one table per version.

Items after clearing.md 2 and qpboc.md M. The first byte is the version; a version's table and the
numbers of the kinds are never changed or reused, a new layout takes a new number (style.md 9, 10).
Amounts are fen, UNKNOWN_FEN where a balance is not known, currency 156 without conversion (CL-012,
QT-264). A record has at most 1,769 bytes (RECORD_MOST_BYTES). It is of version 4 where the tap
changed the card's memory (formats/extension.py), else of version 3.

Only APPROVED is a sale. Torn, debited-refused and unproven taps travel as events (CL-010, QT-164,
QT-180, QT-183); sums that are frozen and stamps that cost nothing are no sales either (QX-052).
The entry that is written before the last READ RECORD is a format of its own: formats/pending.py.
"""

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import FLAG, U8, U16, U32, Digits, Fixed, Sized, Word

VERSION = 3
EXTENDED = 4
EXTENSION_MOST = 424  # bytes: a record of 128 twice, one of 64 twice, or a ride beside it
RECORD_MOST_BYTES = 1769
UNKNOWN_FEN = 0xFFFFFFFF

APPROVED = 1  # a sale; the only kind that is cleared (QT-159)
VOID = 2  # a pending entry proven not debited (QT-181)
PENDING = 3  # torn and never resolved: suspect, never a sale (QT-183)
REFUSED = 4  # nothing was charged (QT-158)
DEBITED_REFUSED = 5  # debited, then refused: the issuer can refund (QT-164)
DEBITED_UNPROVEN = 6  # debited, fDDA cannot be completed (QT-180)
EVENT = 7  # no card: staff, clock, power, parameter and device events
PREAUTHORISED = 8  # a sum is frozen on the card, nothing was debited: no sale, no TC (QX-052)
STAMPED = 9  # the card's memory was changed, amount 0: an entry, a ride on a pass

KINDS = (
    (APPROVED, "approved"),
    (VOID, "void"),
    (PENDING, "pending"),
    (REFUSED, "refused"),
    (DEBITED_REFUSED, "debited-refused"),
    (DEBITED_UNPROVEN, "debited-unproven"),
    (EVENT, "event"),
    (PREAUTHORISED, "preauthorised"),
    (STAMPED, "stamped"),
)

# Tags of `chip_data`, in this order; the first twenty are field 55 (clearing.md 3), the others are
# kept when present.
CHIP_TAGS = (
    0x9F26,
    0x9F27,
    0x9F10,
    0x9F37,
    0x9F36,
    0x95,
    0x9A,
    0x9C,
    0x9F02,
    0x5F2A,
    0x82,
    0x9F1A,
    0x9F03,
    0x9F33,
    0x9F34,
    0x9F35,
    0x9F1E,
    0x84,
    0x9F09,
    0x9F41,
    0x9F66,
    0x9F21,
    0x9F69,
    0x9F74,
    0x8F,
    0x9F5D,
    0x9F63,
    0x9F07,
    0x9F08,
    0x5F28,
    0x5F24,
)

RECORD_V1 = (
    ("version", U8),
    ("kind", U8),
    ("reason", Word(32)),  # one word, "" where nothing is to be said
    ("time_utc_s", U32),
    ("date", Digits(6)),  # local, YYMMDD, as in 9A
    ("time", Digits(6)),  # local, HHMMSS, as in 9F21
    ("device", Word(24)),
    ("line", U16),
    ("stop", U16),
    ("vehicle", U32),
    ("driver", U32),
    ("shift", U16),
    ("amount_fen", U32),
    ("full_fare_fen", U32),  # before discount
    ("fare_class", Word(16)),
    ("balance_fen", U32),  # after the sale; UNKNOWN_FEN
    ("parameters_version", U32),
    ("deny_list_version", U32),
    (
        "pan",
        Sized(10),
    ),  # 5A as the card gave it, BCD, F-padded; empty when refused before it was read
    ("psn", U8),  # 5F34, 0 when absent
    ("atc", U16),  # 9F36
    ("tc", Fixed(8)),  # 9F26, zeros where there is none
    ("oda", Word(16)),
    ("aid", Sized(16)),
    ("uid", Sized(10)),
    ("chip_data", Sized(512)),  # TLV of CHIP_TAGS, bytes as sent and received (CL-002, QT-258)
    ("recovered", FLAG),  # 1: settled by a second tap (QT-179)
    ("clock_trusted", FLAG),
)

# What the card was told and what it said, whole, until the sale is cleared (QT-121, JR/T 0025.12
# §7.8.2); empty where nothing was debited.
RECORD_V2 = RECORD_V1 + (
    ("gpo_command_data", Sized(255)),  # the PDOL values as sent, template 83 included
    ("gpo_answer", Sized(256)),  # without status word
)

# What the trade adds (TD-021, TD-032; firmware/devices/trade.py).
TRADE_FIELDS = (
    (
        "trade",
        U8,
    ),  # code of the transport ministry's cards: 02 bus, 04 taxi; 0 where there is none
    ("direction", U8),  # 0 none, 1 out or entry, 2 back or exit
    ("riders", U8),  # people the amount stands for
    ("rule", Word(16)),  # what made the price: flat, stage, transfer, cap ..
    ("fares_version", U32),  # of the fare table; 0: the fare of the parameters
    ("reference", U32),  # trip of the meter, ticket; in an event the sale it belongs to
    ("trade_data", Sized(96)),  # of the trade's own: docs/formats.md
)
RECORD_V3 = RECORD_V2 + TRADE_FIELDS

# What the tap did to the card's memory (QX-034, formats/extension.py).
EXTENSION_FIELD = (
    ("extension", Sized(EXTENSION_MOST)),  # packed, its fields below
)
RECORD_V4 = RECORD_V3 + EXTENSION_FIELD

# What a record does not take over from its entry: name -> (place in RECORD_V3 and V4, kind of
# field).
ENDINGS: dict = {
    name: (place, kind)
    for place, (name, kind) in enumerate(RECORD_V3)
    if name in ("kind", "reason", "balance_fen", "oda", "chip_data", "recovered", "tc")
}

TABLES = ((1, RECORD_V1), (2, RECORD_V2), (3, RECORD_V3), (EXTENDED, RECORD_V4))


def blank(kind):
    """A record dict of this kind with every field present and saying nothing; fill in and pack."""
    values = fields.blank(RECORD_V3)
    values["version"] = VERSION
    values["kind"] = kind
    values["balance_fen"] = UNKNOWN_FEN
    return values


def pack(values):
    """Record bytes; FormatError where a value is missing, foreign or out of its range."""
    return b"".join(parts(values))


def parts(values):
    """What pack() joins: the fields of the table one by one."""
    if kind_name(values.get("kind")) is None:
        raise FormatError("kind: %r is no record kind" % values.get("kind"))
    return fields.parts(_table(values.get("version")), values)


def unpack(data):
    """Record dict from bytes of any version known here."""
    if not data:
        raise FormatError("an empty record")
    values = fields.unpack(_table(data[0]), data)
    if kind_name(values["kind"]) is None:
        raise FormatError("kind: %d is no record kind" % values["kind"])
    return values


def readable(entries):
    """Generator: (sequence, record dict) of those (sequence, bytes) whose version is known here;
    the others are kept and uploaded as they are.
    """
    for sequence, data in entries:
        try:
            yield sequence, unpack(data)
        except FormatError:
            continue


def kind_name(kind):
    """The word for a kind's number, None for a number that is none."""
    for number, name in KINDS:
        if number == kind:
            return name
    return None


def business_key(values):
    """PAN + PSN + ATC + TC, by which the host knows one sale again (QT-263, clearing.md 9).

    None where there is no PAN or no cryptogram: such a record repeats nothing.
    """
    if not values["pan"] or values["tc"] == bytes(8):
        return None
    numbers = bytes([values["psn"]]) + values["atc"].to_bytes(2, "big")
    return len(values["pan"]).to_bytes(1, "big") + values["pan"] + numbers + values["tc"]


def mask_pan(pan):
    """A PAN (5A bytes) for people: first six and last four digits (QT-033, CL-016)."""
    digits = pan_digits(pan)
    if len(digits) < 13:  # shorter is no payment card; six and four would show too much of it
        return "*" * max(0, len(digits) - 4) + digits[-4:]
    return digits[:6] + "*" * (len(digits) - 10) + digits[-4:]


def pan_digits(pan):
    """The digits of a PAN in BCD with F padding (JR/T 0025.6 8.1, cn)."""
    # b"".hex() is no text on MicroPython up to 1.25
    return bytes(pan).hex().rstrip("f") if pan else ""


def pan_bytes(digits):
    """The digits of a PAN as in 5A: BCD, padded with F to whole bytes."""
    return bytes.fromhex(digits + "f" * (len(digits) % 2))


def _table(version):
    for number, table in TABLES:
        if number == version:
            return table
    raise FormatError("version: %r is not known" % (version,))
