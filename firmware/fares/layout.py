# SPDX-License-Identifier: Apache-2.0
"""Layout of a fare table: a head, then sections of rows of fixed width, read in places.

A section is the rows of one table below, one after the other in the order of SECTIONS; the head
says how many there are of each, so that every row is found by its number and nothing need be held.
Rows refer to each other by number, 0xFF or 0xFFFFFF stand for "any" and "none".
"""

from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import FLAG, U8, U16, U32, Digits, Fixed, Number

MAGIC = b"FTFA"
LAYOUT = 1
U24 = Number(3)
NO_FEN = 0xFFFFFF  # no price, no limit
ANY = 0xFF
WORD_BYTES = 16
MOST_DRIFT_S = 30  # less than half a minute, the shortest band: none is jumped over

# Kinds of base price; the words stand in `rule` of a record.
FLAT, MATRIX, STAGE, DISTANCE, ZONE, TIME = range(6)
KINDS = ("flat", "matrix", "stage", "distance", "zone", "time")

# What a class, a band or a transfer does to a price. Only MORE and PERCENT over 100 raise it.
PERCENT, LESS, MORE, PRICE, CREDIT = range(5)
CHANGES = ("percent", "less", "more", "price", "credit")

WORKDAY, WEEKEND, HOLIDAY = range(3)
DAYS = ("workday", "weekend", "holiday")
PERIODS = ("day", "week", "month")

HEAD = (
    ("magic", Fixed(4)),  # FTFA
    ("layout", U8),  # of this description: 1
    ("version", U32),  # of the table, in every record
    ("effective", Digits(14)),  # YYYYMMDDhhmmss, local: counts from this second on
    ("size", U32),  # of the whole table in bytes
    ("ceiling_fen", U24),  # no rider pays more
    ("round_fen", U16),  # prices are rounded down to a multiple of it
    ("drift_s", U16),  # so near a band's edge the cheaper side counts
    ("products", U16),
    ("places", U16),
    ("cells", U24),
    ("steps", U16),
    ("stays", U16),
    ("windows", U16),
    ("classes", U8),
    ("ranges", U16),
    ("discounts", U16),
    ("bands", U16),
    ("days", U16),
    ("transfers", U16),
    ("caps", U16),
    ("parties", U8),
)

# Ascending by `word`.
PRODUCTS = (
    ("word", Fixed(WORD_BYTES)),  # ASCII, zeros behind it: 12, child, parking-a
    ("kind", U8),  # of base price
    ("group", U8),  # what bands, discounts and transfers name: products with the same rules
    ("fen", U24),  # flat: the price; else: where a stop is not known, FFFFFF: no price
    ("most_fen", U24),  # a rider pays no more, FFFFFF: the ceiling of the table counts
    ("least_balance_fen", U24),  # a card with less is not let in
    ("most_riders", U8),  # by one tap
    ("first_place", U16),  # places of the product
    ("places", U16),
    ("first_price", U24),  # cells (matrix, zone), steps (stage, distance) or a stay (time)
    ("prices", U16),  # side of the matrix, or number of steps
)
# Ascending by `stop` within a product.
PLACES = (
    ("stop", U16),  # number of the stop or station
    ("value", U32),  # row of the matrix, number of the zone, or place on the line (m, stages)
)
# Row by row, from x to.
CELLS = (("fen", U24),)  # FFFFFF: no price
# Ascending by `over`; the last row with `over` below the distance counts, the first one from 0 on.
STEPS = (
    ("over", U32),  # m or stages
    ("fen", U24),
    ("every", U32),  # and for each such length begun beyond `over`, 0: never
    ("more_fen", U24),
)
STAYS = (
    ("free_min", U16),  # so long nothing is due
    ("deducted", FLAG),  # 1: longer stays do not pay for the free minutes either
    ("leave_min", U16),  # to leave after paying
    ("lost_fen", U24),  # when nobody knows when it began
    ("cap_fen", U24),  # for 24 hours from the beginning, FFFFFF: none
    ("first_window", U16),
    ("windows", U8),
)
# A day is covered once. A block is paid as a whole, by the window in which it begins.
WINDOWS = (
    ("from_min", U16),  # of the day, 0..1439
    ("to_min", U16),  # at or before `from_min`: past midnight
    ("first_min", U16),  # length of the very first block, 0: as all others
    ("first_fen", U24),
    ("step_min", U16),
    ("step_fen", U24),
    ("cap_fen", U24),  # for one such window, FFFFFF: none
)
CLASSES = (("name", Fixed(WORD_BYTES)),)  # ASCII, zeros behind it
# Ascending, no two overlap.
RANGES = (
    ("low", Digits(12)),  # first digits of the card number
    ("high", Digits(12)),  # and these are the last
    ("class", U8),
)
# The first row that fits counts.
DISCOUNTS = (
    ("class", U8),
    ("group", U8),  # FF: all
    ("band", U8),  # only within this band, FE: only outside all bands, FF: always
    ("how", U8),
    ("value", U24),
)
OUTSIDE = 0xFE
# The first row that fits counts.
BANDS = (
    ("band", U8),  # rows with the same number are one band
    ("group", U8),  # FF: all
    ("days", U8),  # bit 0 workday, 1 weekend, 2 holiday
    ("from_min", U16),  # of the day
    ("to_min", U16),  # up to 1440, not in it
    ("how", U8),
    ("value", U24),
)
# Ascending; other days are workdays from Monday to Friday.
DATES = (
    ("day", U16),  # since 2000-01-01
    ("kind", U8),  # 0 workday, 1 weekend, 2 holiday
)
# The first row that fits counts.
TRANSFERS = (
    ("from_group", U8),  # FF: all
    ("to_group", U8),  # FF: all
    ("within_min", U16),  # since the boarding before
    ("same", FLAG),  # 1: also for the same product in the same direction
    ("how", U8),
    ("value", U24),
)
# The first row that fits counts, of each period.
CAPS = (
    ("class", U8),  # FF: all
    ("period", U8),  # 0 day, 1 week from Monday, 2 month
    ("fen", U24),
)
# Descending by `least`; the first row that fits counts.
PARTIES = (
    ("least", U8),  # riders by one tap
    ("percent", U8),  # of the sum
)

SECTIONS = (
    ("products", PRODUCTS),
    ("places", PLACES),
    ("cells", CELLS),
    ("steps", STEPS),
    ("stays", STAYS),
    ("windows", WINDOWS),
    ("classes", CLASSES),
    ("ranges", RANGES),
    ("discounts", DISCOUNTS),
    ("bands", BANDS),
    ("days", DATES),
    ("transfers", TRANSFERS),
    ("caps", CAPS),
    ("parties", PARTIES),
)


def width(table):
    """Bytes of a row: all kinds here have a fixed length."""
    return sum([len(kind.pack(name, kind.blank)) for name, kind in table])


def padded(word):
    """WORD_BYTES bytes of a product's or class's word; FormatError for what is none."""
    data = word.encode()
    bad = [byte for byte in data if not 0x21 <= byte <= 0x7E]
    if bad or not 0 < len(data) <= WORD_BYTES:
        raise FormatError("%r is no word of 1 to %d letters and digits" % (word, WORD_BYTES))
    return data + bytes(WORD_BYTES - len(data))


def unpadded(data):
    """Text of a padded word. FormatError."""
    word = data.rstrip(b"\x00")
    if not word or [byte for byte in word if not 0x21 <= byte <= 0x7E]:
        raise FormatError("%s is no word" % data.hex())
    return word.decode()


def pack_table(head, sections):
    """Bytes of a table; head: dict without counts and size; sections: dict name -> row dicts."""
    values = dict(head)
    values["magic"], values["layout"], values["size"] = MAGIC, LAYOUT, 0
    parts = []
    for name, table in SECTIONS:
        rows = sections.get(name, ())
        values[name] = len(rows)
        for row in rows:
            parts.append(fields.pack(table, row))
    values["size"] = width(HEAD) + sum([len(part) for part in parts])
    return fields.pack(HEAD, values) + b"".join(parts)
