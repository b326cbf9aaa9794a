# SPDX-License-Identifier: Apache-2.0
"""What the pumps of a station tell each other over their hub (`faretap fills`): what was poured
for whose sum, so that a driver may pay at another pump, and that it was paid.

Frames are those of neighbours/lane_line.py. A pump puts each fill that waits for its card, until
the hub has it; a pump that finds a sum which another one froze asks for that fill.

    PUT NOTED    of a fill, again whenever the hub is heard anew; "gone": paid at another pump
    PUT PAID     of a fill, from who took it; from the hub to who has noted it
    ASK          terminal (4), order (4); ROW: the NOTED body, or that name alone: not known, paid

Only the card decides whether a sum is still open (QX-049, QX-051), so what a line loses or says
twice charges nobody twice. A fill is taken for a card where terminal, order, frozen sum and card
are those of its record, and it was noted behind the freeze, by one clock.
"""

import hashlib
from collections import namedtuple

from firmware.devices.fuel_fills import Fill
from firmware.devices.window import left_ms, opened
from firmware.errors import FormatError
from firmware.formats import fields
from firmware.formats.fields import U8, U32, Fixed

NOTED, PAID = 1, 2
NAME = 8  # bytes of terminal and order
KEY = 8
BODY = (
    ("op", U8),
    ("terminal", U32),  # that froze
    ("order", U32),  # record that froze the sum
    ("key", Fixed(KEY)),  # of the card
    ("frozen_fen", U32),
    ("amount_fen", U32),  # what was poured
    ("noted", Fixed(6)),  # local moment by the terminal that froze
    ("product", Fixed(8)),  # word, zeros behind it
)
SIZE, PRODUCT = 39, 8
QUOTE_S = 60  # so long counts what the hub has said of a fill
MOST_UNTOLD = 64

# A fill as the hub tells it: values of BODY; data: trade_data of its event, b"" of none
Told = namedtuple("Told", ("values", "data"))


def key_of(pan):
    """KEY bytes of a card number: the hub keeps no list of card numbers (TD-023)."""
    return hashlib.sha256(b"fuel" + pan.encode()).digest()[:KEY]


def packed(moment):
    """6 bytes of (year, month, day, hour, minute, second); they sort as the moments do."""
    return bytes((max(0, min(255, moment[0] - 2000)),) + tuple(moment[1:6]))


def noted_body(terminal, fill, moment, product):
    """PUT of a fuel_fills.Fill; moment: when it was noted. FormatError."""
    values = {
        "op": NOTED, "terminal": terminal, "order": fill.order, "key": key_of(fill.pan),
        "frozen_fen": fill.frozen_fen, "amount_fen": fill.amount_fen, "noted": packed(moment),
        "product": (product.encode() + bytes(8))[:8],
    }  # fmt: skip
    return fields.pack(BODY, values) + fill.data


def product_of(found):
    """Word of what was poured."""
    return found.values["product"].rstrip(b"\0").decode()


def paid_body(terminal, order):
    """PUT of a fill that was paid."""
    blank = {"op": PAID, "terminal": terminal, "order": order, "frozen_fen": 0, "amount_fen": 0}
    blank.update({"key": bytes(KEY), "noted": bytes(6), "product": bytes(8)})
    return fields.pack(BODY, blank)


def told(body):
    """Told of a body. FormatError."""
    if len(body) < SIZE:
        raise FormatError("fill: %d bytes" % len(body))
    return Told(fields.unpack(BODY, body[:SIZE]), bytes(body[SIZE:]))


class Station:
    """neighbour: neighbours.line.Neighbour(opener, LaneLine(), clock); settings: of this pump;
    product: word of what it sells. FormatError for settings that cannot be used.
    """

    def __init__(self, neighbour, settings, product, clock):
        if not settings.stop or len(product) > PRODUCT:
            text = "settings: with `store` a pump has a number in `stop`, and a short `product`"
            raise FormatError(text)
        self.neighbour, self.clock = neighbour, clock
        self.terminal, self.product = settings.terminal, product
        self.line = neighbour.protocol
        self.untold = []  # bodies that the hub has not acknowledged, oldest first
        self.known = None  # (name, Told or None, window) of what was asked last
        self.was_silent = True
        self.is_back = False  # the hub is heard again: it may not have what we noted or paid

    def note(self, fill):
        """Other pumps may take what waits for its card here."""
        if fill.pan:
            moment = tuple(self.clock.local_now()[:6])
            self._tell(noted_body(self.terminal, fill, moment, self.product))

    def pay(self, terminal, order):
        """Who froze that sum forgets its fill: it was taken here."""
        self.known = None
        self._tell(paid_body(terminal, order))

    def _tell(self, body):
        if body not in self.untold:
            self.untold = self.untold[1 - MOST_UNTOLD :] + [body]

    def fill_of(self, values, pan):
        """(word, Fill, product) of a sum that another pump has frozen, by the fields of the
        record; the Fill is None where a word says why it cannot be taken now.
        """
        gate, order = values["entry_gate"], values["entry_number"]
        found = self._look(gate, order)
        if found is None or found == "silent":
            return "other_pump", None, ""
        if found == "asked":
            return "fuel_asked", None, ""
        if not fits(found, values, pan):
            return "fuel_unknown", None, ""
        fen = found.values["amount_fen"]
        return "", Fill(order, pan, values["frozen_fen"], fen, found.data, 0), product_of(found)

    def _look(self, terminal, order):
        """Told, None where the hub knows of none; "asked" while it has not answered, "silent"."""
        name = paid_body(terminal, order)[1 : 1 + NAME]
        known = self.known
        if known and known[0] == name and left_ms(self.clock, known[2]) > 0:
            return known[1]
        if self.line.silent:
            return "silent"
        self.line.ask(name)
        self.neighbour.flush()
        return "asked"

    def turn(self):
        """Orders of our own that were paid at another pump."""
        paid = []
        for said in self.neighbour.turn():
            if said[0] == "verdict":
                self._answered(said[1], said[2], paid)
            elif said[0] == "put":
                self._hear(said[1], paid)
            elif said[0] == "row":
                self._learn(said[1])
        self.is_back = self.was_silent and not self.line.silent
        self.was_silent = self.line.silent
        if self.untold and not self.line.silent and not self.line.open:
            self.line.put(self.untold[0])
        self.neighbour.flush()
        return paid

    def _answered(self, body, verdict, paid):
        if verdict == "lost":
            return  # said again
        self.untold = [one for one in self.untold if one != body]
        if verdict == "gone" and body[0] == NOTED:
            paid.append(told(body).values["order"])

    def _hear(self, body, paid):
        try:
            values = told(body).values
        except FormatError:
            return
        if values["op"] == PAID and values["terminal"] == self.terminal:
            paid.append(values["order"])
        self.line.answer(body, "stored")

    def _learn(self, body):
        found = None
        if len(body) != NAME:
            try:
                found = told(body)
            except FormatError:
                return
        name = body[1 : 1 + NAME] if found else body
        self.known = bytes(name), found, opened(self.clock, QUOTE_S)

    def close(self):
        self.neighbour.close()


def fits(found, values, pan):
    """True when a Told is the fill of a card whose record reads so."""
    row = found.values
    return (
        row["op"] == NOTED
        and (row["terminal"], row["order"]) == (values["entry_gate"], values["entry_number"])
        and row["frozen_fen"] == values["frozen_fen"]
        and row["key"] == key_of(pan)
        and row["noted"] >= packed(values["entry_time"])
    )
