# SPDX-License-Identifier: Apache-2.0
"""Signs the tickets of a kiosk, by a key of its own that can do little (docs/kiosk.md).

The file `kiosk_key` holds the line that gates have of this key, and the secret to it:

    key: 7 sm2 HEX ids=70001-70500 until=2026-12-31 groups=1 entries=1 persons=5
    secret: HEX

Gates take nothing else from this key than those numbers, days, groups, entries and persons. A
number is given once: the first that is free stands as `reference` in every record of the kiosk,
that of a sale is the ticket's own.
"""

from firmware.errors import FormatError
from firmware.fares import calendar
from firmware.formats import lines, record, ticket
from firmware.kernel import sm2_sign

VERSION = b"\x01"  # of the trade_data of a sale
DATA = 1 + ticket.LENGTH  # behind it the bytes of the ticket without its signature
OPENED = (
    record.APPROVED, record.VOID, record.PENDING, record.DEBITED_REFUSED, record.DEBITED_UNPROVEN,
)  # fmt: skip


def open_issuer(settings, hal):
    """Issuer of the file `kiosk_key`. FormatError, OSError."""
    name = "kiosk_key"
    found = lines.read(hal.read_text(settings.more[name]), name, ("secret",), ("key",))
    keys = ticket.keys_of(found["key"], name)
    numbers = list(keys)
    key = keys[numbers[0]]
    bounded = len(key) == 3 and None not in key[2]
    if len(numbers) != 1 or key[0] != ticket.signed.SM2 or not bounded:
        raise FormatError("%s: one sm2 key with ids, until, groups, entries and persons" % name)
    issuer = Issuer(numbers[0], key, lines.octets(name, "secret", found.get("secret", ""), 32))
    issuer.text(issuer.body(0, 1, issuer.bounds.until))  # the secret fits the key
    return issuer


class Issuer:
    """number: of the key; key: (scheme, point, Bounds); secret: 32 bytes."""

    def __init__(self, number, key, secret):
        self.number, self.point, self.bounds, self.secret = number, key[1], key[2], secret
        self.keys = {number: key}
        self.next = self.bounds.ids[0]  # the first number that is free

    def restore(self, recent, count, torn_taps):
        """The first number that nothing in the journal has; recent(count) as of Trade.restore."""
        for _, values in recent(count):
            self.gone(values["reference"] - (values["kind"] not in OPENED))
        for entry in tuple(torn_taps.open):
            values = torn_taps.load(entry)
            if values:
                self.gone(values["reference"])

    def gone(self, number):
        """This number has been given, or may have been."""
        if self.bounds.ids[0] <= number <= self.bounds.ids[1]:
            self.next = max(self.next, number + 1)

    def left(self):
        """Numbers that are free."""
        return self.bounds.ids[1] + 1 - self.next

    def body(self, kind, persons, day, closes=ticket.DAY_MINUTES - 1):
        """The bytes of the next ticket, good on one day until minute `closes`. FormatError where
        the key may not.
        """
        values = {
            "version": ticket.VERSION, "key": self.number, "id": self.next, "kind": kind,
            "groups": self.bounds.groups, "first_day": day, "last_day": day, "opens": 0,
            "closes": closes, "entries": 1, "daily": 0, "persons": persons,
        }  # fmt: skip
        ticket.check_bounds(values, self.bounds)
        return ticket.pack(values)

    def text(self, body):
        """Text of a ticket; the same for the same bytes. FormatError for what no gate takes: a
        signature is checked before it is handed out.
        """
        text = ticket.text_of(body, sm2_sign.sign(self.secret, self.point, body))
        ticket.verify(ticket.read(text, self.keys), self.keys)
        return text


def slip(values):
    """Lines of a printed ticket, ASCII; values: dict of ticket.TICKET."""
    closes = values["closes"]
    good = "good on %04d-%02d-%02d" % calendar.date_of(values["first_day"])
    if closes < ticket.DAY_MINUTES - 1:
        good += " until %02d:%02d" % (closes // 60, closes % 60)
    persons = "%s, %d person(s)" % (ticket.KINDS[values["kind"]], values["persons"])
    return ("TICKET %d" % values["id"], persons, good)
