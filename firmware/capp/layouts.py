# SPDX-License-Identifier: Apache-2.0
"""Layouts of the card's records (JR/T 0025.14 B, C): tables of (name, kind), read and written.

    values = read(layout, data)               write(layout, data, changes) -> bytes, as long

A layout names what it knows from the first byte on; what a record has behind that belongs to
somebody else and stays as it was read (QX-024). Two profiles: OWN, where trips of all trades have
the same fields, and T_UNION after the transport ministry's cards (capp.md 2.8), whose fields bear
the same names where they mean the same, so that the rules (trip.py) serve both.

IDs are given out by the payment system (JR/T 0025.14 B): the ones here are defaults of settings.
"""

from firmware.errors import FormatError
from firmware.formats.fields import U8, U16, U32, Digits, Fixed, Number

OUTSIDE, INSIDE, CLOSED = 0, 1, 2  # `state` of a trip; T-Union: 1 on, 2 off
PAID = 3  # of a car park: paid at a machine, the car is still inside
FROZEN, COMPLETED = 1, 2  # `state` of a pre-authorisation
RIDES, DAYS = 1, 2  # `pass_kind`: so many rides, or as many as its days hold

DEDUCTION, PREAUTHORISED = 1, 2  # `kind` in the head of a record


class Moment:
    """Local moment, 7 bytes of BCD; (year, month, day, hour, minute, second), None for zeros.

    Whether that moment exists is for the rules to say: trip.py.
    """

    blank = None
    size = 7

    def pack(self, name, value):
        digits = "%04d%02d%02d%02d%02d%02d" % tuple(value) if value else "0" * 14
        return Digits(14).pack(name, digits)

    def unpack(self, name, data, at):
        digits, at = Digits(14).unpack(name, data, at)
        if digits == "0" * 14:
            return None, at
        parts = [int(digits[one : one + 2]) for one in range(4, 14, 2)]
        return (int(digits[:4]),) + tuple(parts), at  # noqa: RUF005


class Decimal:
    """A number in BCD of `size` bytes."""

    blank = 0

    def __init__(self, size):
        self.size = size

    def pack(self, name, value):
        digits = "%d" % value
        return Digits(2 * self.size).pack(name, "0" * (2 * self.size - len(digits)) + digits)

    def unpack(self, name, data, at):
        digits, at = Digits(2 * self.size).unpack(name, data, at)
        return int(digits), at


TIME = Moment()
HEAD = (
    ("id", Fixed(2)),
    ("length", U8),
    ("valid", U8),
    ("kind", U8),
    ("locked", U8),
)
ISSUED = HEAD + (
    ("city", Decimal(2)),
    ("operator", U16),
    ("layout", U8),
    ("state", U8),
)

# A trip of a metro, bus or railway, a toll road or a car park; 64 bytes (QX-044, QX-046, QX-047)
TRIP = ISSUED + (
    ("entry_time", TIME),
    ("entry_line", U16),
    ("entry_place", U16),  # station, stop, toll station, car park or meter
    ("entry_gate", U32),  # number of the terminal
    ("entry_number", U32),  # of its record
    ("entry_tac", Fixed(4)),
    ("exit_time", TIME),
    ("exit_line", U16),
    ("exit_place", U16),
    ("exit_gate", U32),
    ("exit_number", U32),
    ("exit_tac", Fixed(4)),
    ("amount_fen", U32),
    ("vehicle_class", U8),  # toll
)

# A sum that is frozen for a bike or a pump until it is completed; 72 bytes (QX-049, QX-054)
FREEZE = ISSUED + (
    ("frozen_fen", U32),
    ("entry_time", TIME),
    ("entry_place", U16),
    ("entry_gate", U32),
    ("entry_number", U32),
    ("valid_minutes", U16),
    ("terminal", Fixed(8)),  # 9F1E of who froze it
    ("merchant", Fixed(15)),  # 9F16
    ("exit_time", TIME),
    ("exit_place", U16),
    ("amount_fen", U32),
)

# A pass; 48 bytes (QX-066, QX-067)
PASS = ISSUED + (
    ("pass_kind", U8),
    ("from_day", Decimal(4)),  # YYYYMMDD, first ..
    ("until_day", Decimal(4)),  # .. and last day
    ("period_days", U8),  # DAYS: from its first use on, then the price is due again; 0: no end
    ("price_fen", U32),
    ("rides", U16),
    ("used", U16),
    ("first_time", TIME),
    ("last_time", TIME),
)

# A pass of a car park: where and when; 64 bytes
PARKING_PASS = PASS + (
    ("place", U16),  # number of the car park; 0: all of its operator
    ("from_hhmm", Decimal(2)),  # its hours each day, over midnight too ..
    ("until_hhmm", Decimal(2)),  # .. at the most 2400; both the same: all day
)

# What a card carries home to a meter, in hundredths of 1 m3 or 1 kWh (meter.py); 64 bytes
METER = ISSUED + (
    ("meter_kind", U8),  # 1 water, 2 power, 3 gas
    ("meter", U32),  # its number; 0: none
    ("purchase", U32),  # number of the last one, and what it was ..
    ("units", U32),
    ("total_units", U32),  # .. of all that was ever bought
    ("bought_time", TIME),
    ("entry_gate", U32),  # number of the kiosk
    ("entry_number", U32),  # of its record
    ("amount_fen", U32),  # of the last purchase
)

# One ride in the cyclic file; 48 bytes, no head (QX-063)
RIDE = (
    ("trade", U8),
    ("direction", U8),
    ("city", Decimal(2)),
    ("operator", U16),
    ("line", U16),
    ("place", U16),
    ("gate", U32),
    ("number", U32),
    ("time", TIME),
    ("amount_fen", U32),  # paid
    ("full_fen", U32),
    ("transfers", U8),  # behind the ride that the discount counts from
)

UNION_BUS = HEAD + (
    ("serial", Decimal(8)),
    ("state", U8),
    ("city", Decimal(2)),
    ("institution", Fixed(8)),
    ("operator", U16),
    ("entry_line", U16),
    ("entry_place", U8),
    ("vehicle", Fixed(8)),
    ("entry_gate", Decimal(8)),
    ("entry_time", TIME),
    ("marked_fen", U32),
    ("direction", U8),  # AB up, BA down
)
UNION_RIDE = (
    ("type", U8),
    ("gate", Decimal(8)),
    ("trade", U8),
    ("line", U16),
    ("place", U16),
    ("operator", U16),
    ("reserved", U8),
    ("amount_fen", U32),
    ("balance_fen", U32),
    ("time", TIME),
    ("city", Decimal(2)),
    ("institution", Fixed(8)),
)
# A metro whose records were seen in public reader code
PILOT_METRO = HEAD + (
    ("state", U8),
    ("entry_time", TIME),
    ("entry_gate", U32),
    ("exit_time", TIME),
    ("exit_gate", U32),
    ("last_time", TIME),
    ("last_gate", U32),
    ("month_fen", Number(3)),
    ("month_rides", U16),
    ("amount_fen", U16),
)

# name -> (SFI, default ID, bytes, layout); the cyclic file has no ID
OWN = {
    "metro": (0x15, b"\x02\x21", 64, TRIP),
    "bus": (0x16, b"\x02\x22", 64, TRIP),
    "toll": (0x17, b"\x02\x23", 64, TRIP),
    "parking": (0x18, b"\x02\x24", 64, TRIP),
    "rail": (0x19, b"\x02\x25", 64, TRIP),
    "bike": (0x1A, b"\x02\x26", 72, FREEZE),
    "fuel": (0x1A, b"\x02\x27", 72, FREEZE),
    "pass": (0x1B, b"\x02\x28", 48, PASS),
    "meter": (0x1B, b"\x02\x29", 64, METER),
    "parking_pass": (0x1B, b"\x02\x2a", 64, PARKING_PASS),
    "rides": (0x1E, b"", 48, RIDE),
}
T_UNION = {
    "metro": (0x15, b"\x02\x21", 64, PILOT_METRO),
    "bus": (0x1A, b"\x27\x01", 128, UNION_BUS),
    "rides": (0x1E, b"", 48, UNION_RIDE),
}
PROFILES = {"own": OWN, "t-union": T_UNION}


def size_of(layout):
    """Bytes that a layout knows of."""
    return sum([kind.size for _, kind in layout])


def read(layout, data):
    """Dict of a record's fields. FormatError where it is too short or has digits that are none."""
    values, at = {}, 0
    for name, kind in layout:
        values[name], at = kind.unpack(name, data, at)
    return values


def write(layout, before, changes):
    """Bytes of a record with these fields changed and all others as in `before` (QX-012, QX-024).

    FormatError for fields that the layout has not; ID and length are no field of anybody's.
    """
    after, at, left = bytearray(before), 0, len(changes)
    if len(before) < size_of(layout):
        raise FormatError("a record of %d bytes" % len(before))
    for name, kind in layout:
        if name in changes:
            if name in ("id", "length"):
                raise FormatError(name + ": is never written")
            after[at : at + kind.size] = kind.pack(name, changes[name])
            left -= 1
        at += kind.size
    if left:
        raise FormatError("not in the layout: %s" % sorted(changes))
    return bytes(after)


def known(layout, changes):
    """The `changes` that a layout has fields for: one rule writes records of either profile."""
    return {name: changes[name] for name, _ in layout if name in changes}


def issued(profile, name, area_id=b"", **fields):
    """Bytes of a record as it is put on a card: valid, not locked, never used."""
    _, default_id, length, layout = PROFILES[profile][name]
    if layout in (RIDE, UNION_RIDE):
        return write(layout, bytes(length), fields)
    kind = PREAUTHORISED if layout == FREEZE else DEDUCTION
    head = (area_id or default_id) + bytes((length - 3, 1, kind, 0))
    return write(layout, head + bytes(length - len(head)), fields)
