# SPDX-License-Identifier: Apache-2.0
"""An e-ticket: a signed text in a QR code that a gate checks without a host (TD-070, TD-071).

    FT1:BASE32          base 32 of RFC 4648 without padding: letters and digits that QR packs well

The bytes are those of TICKET and behind them the signature over them, by the key whose number
stands in the ticket: RSA PKCS #1 v1.5 with SHA-256, or SM2 with SM3 (signed.py). With SM2 a ticket
has 145 signs, with RSA 2048 some 450.

A key may be bounded in the file of keys, as that of a kiosk is: what it signs beyond that is as
good as forged, so that a stolen kiosk is worth no more than what it had still to sell.

A ticket is good on the days from `first_day` to `last_day`, each day from minute `opens` to minute
`closes`, both included, local time. Errors: FormatError alone.
"""

from collections import namedtuple

from firmware.errors import FormatError
from firmware.formats import fields, signed
from firmware.formats.fields import FLAG, U8, U16, Number

MARK = "FT1:"
VERSION = 1
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
MOST_SIGNS = 900  # of a text: RSA 4096
MOST_ID = (1 << 30) - 1  # a larger number is an object of its own on a board
MOST_DAYS = 511  # of a window: the used list keeps the day of use in nine bits
MOST_ENTRIES = 127
DAY_MINUTES = 24 * 60
# What stands in `kind`: append only
KINDS = ("adult", "child", "senior", "student", "group", "family", "multi", "annual", "staff")

TICKET = (
    ("version", U8),
    ("key", U8),  # number of the issuer's key
    ("id", Number(4, MOST_ID)),  # never given twice under one key
    ("kind", Number(1, len(KINDS) - 1)),
    ("groups", U16),  # bit n-1: gate group n lets it in
    ("first_day", U16),  # days since 2000-01-01
    ("last_day", U16),
    ("opens", Number(2, DAY_MINUTES - 1)),
    ("closes", Number(2, DAY_MINUTES - 1)),
    ("entries", Number(1, MOST_ENTRIES)),  # 0: as many as there are days and hours
    ("daily", FLAG),  # 1: one entry a day
    ("persons", U8),  # let in by each entry
)
LENGTH = 20

# scheme, signature, signed: as verify_head() of signed.py wants them; values: dict of TICKET
Ticket = namedtuple("Ticket", ("values", "scheme", "signature", "signed"))


def pack(values):
    """The bytes that are to be signed; FormatError where no gate could use the ticket."""
    data = fields.pack(TICKET, values)
    check(values)
    return data


def check(values):
    """FormatError for a ticket that says what cannot be."""
    if values["version"] != VERSION:
        raise FormatError("ticket of version %d, %d is known" % (values["version"], VERSION))
    if not 0 <= values["last_day"] - values["first_day"] <= MOST_DAYS:
        raise FormatError("a ticket is good for 1 to %d days" % (MOST_DAYS + 1))
    if values["closes"] < values["opens"]:
        raise FormatError("a ticket's hours end before they begin")
    if not values["groups"] or not 1 <= values["persons"] <= 50:
        raise FormatError("a ticket has a gate group and 1 to 50 persons")


def text_of(body, signature):
    """The text for the QR code."""
    return MARK + base32(body + signature)


def read(text, keys):
    """Ticket of a text, not yet verified; keys: of read_keys()."""
    if not text.startswith(MARK) or len(text) > MOST_SIGNS:
        raise FormatError("no ticket of ours")
    data = from_base32(text[len(MARK) :])
    values = fields.unpack(TICKET, data[:LENGTH])
    check(values)
    if values["key"] not in keys:
        raise FormatError("ticket under key %d, which is not known here" % values["key"])
    return Ticket(values, keys[values["key"]][0], data[LENGTH:], data[:LENGTH])


def verify(ticket, keys):
    """FormatError unless the key that it names has signed it, and may."""
    scheme, key = keys[ticket.values["key"]][:2]
    for bounds in keys[ticket.values["key"]][2:]:
        check_bounds(ticket.values, bounds)
    rsa, sm2 = (key, b"") if scheme == signed.RSA else (b"", key)
    signed.verify_head(ticket, signed.Authority(rsa, sm2)).finish()


def check_bounds(values, bounds):
    """FormatError for a ticket that a bounded key may not sign; bounds: of ticket_bounds.py."""
    low, high = bounds.ids or (0, MOST_ID)
    if not low <= values["id"] <= high:
        raise FormatError("ticket %d is none of this key's numbers" % values["id"])
    if bounds.until is not None and values["last_day"] > bounds.until:
        raise FormatError("the ticket is good for longer than its key")
    if bounds.groups is not None and values["groups"] & ~bounds.groups:
        raise FormatError("the ticket is for gates that are none of its key's")
    if bounds.entries is not None and not 1 <= values["entries"] <= bounds.entries:
        raise FormatError("the ticket has more entries than its key may give")
    if bounds.persons is not None and values["persons"] > bounds.persons:
        raise FormatError("the ticket is for more persons than its key may let in")


def read_keys(text, name="ticket keys"):
    """Dict number -> (scheme, key bytes), or (scheme, key bytes, Bounds) of a bounded key, of
    lines `key: NUMBER rsa|sm2 HEX [BOUND=VALUE ..]`; FormatError.
    """
    from firmware.formats import lines  # at the start alone: who has memory to spare drops it

    return keys_of(lines.read(text, name, (), ("key",))["key"], name)


def keys_of(rows, name):
    """The same of [(number of the line, value)]."""
    from firmware.formats import lines  # likewise

    keys = {}
    for number, value in rows:
        words = value.split()
        if len(words) < 3 or not lines.is_digits(words[0]) or words[1] not in ("rsa", "sm2"):
            raise lines.wrong(name, number, "key is NUMBER rsa|sm2 HEX")
        data = lines.octets(name, "key", words[2], None, number)
        right = len(data) == 64 if words[1] == "sm2" else 256 <= len(data) <= 512
        if int(words[0]) > 255 or int(words[0]) in keys or not right:
            raise lines.wrong(name, number, "key: its number or its length is wrong")
        key = (signed.RSA if words[1] == "rsa" else signed.SM2, data)
        if words[3:]:
            from firmware.formats import ticket_bounds  # where the file has such keys

            key += (ticket_bounds.read(words[3:], name, number),)
        keys[int(words[0])] = key
    if not keys:
        raise FormatError("%s: no `key` line" % name)
    return keys


def base32(data):
    """Text of bytes, RFC 4648 6, without padding."""
    bits = count = 0
    parts = []
    for byte in data:
        bits, count = bits << 8 | byte, count + 8
        while count >= 5:
            count -= 5
            parts.append(SIGNS[bits >> count])
            bits &= (1 << count) - 1
    if count:
        parts.append(SIGNS[bits << (5 - count)])
    return "".join(parts)


def from_base32(text):
    """Bytes of a text, each of which has one text only; FormatError."""
    bits = count = 0
    data = bytearray()
    for sign in text:
        place = SIGNS.find(sign)
        if place < 0:
            raise FormatError("not base 32")
        bits, count = bits << 5 | place, count + 5
        if count >= 8:
            count -= 8
            data.append(bits >> count)
            bits &= (1 << count) - 1
    if count >= 5 or bits:
        raise FormatError("base 32 with bits left over")
    return bytes(data)
