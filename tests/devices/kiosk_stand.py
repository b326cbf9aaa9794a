# SPDX-License-Identifier: Apache-2.0
"""A kiosk on a test stand: keys and printer in memory, a key of its own, a gate's book of it."""

from firmware.devices.gate_used import UsedTickets
from firmware.devices.kiosk import COMMANDS, Kiosk
from firmware.devices.kiosk_issuer import Issuer
from firmware.devices.ticket_book import TicketBook
from firmware.formats import signed
from firmware.formats.ticket_bounds import Bounds
from firmware.kernel import tags, tlv
from firmware.neighbours.console import Console
from firmware.neighbours.line import Neighbour
from tests.devices.shop_stand import Till
from tests.small_card import SmallCard
from tests.tickets import TODAY

SECRET = bytes(31) + b"\x02"
POINT = bytes.fromhex(  # [2]G
    "56CEFD60D7C87C000D58EF57FA73BA4D9C0DFA08C08A7331495C2E1DA3F2BD52"
    "31B7E7E6CC8189F668535CE0F8EAF1BD6DE84C182F6C8E716F780D3A970A23C3"
)
FIRST, LAST = 70001, 70004
KEY = (signed.SM2, POINT, Bounds((FIRST, LAST), TODAY + 2, 1, 1, 5))


def open_card(pan):
    """A card that tells its number freely."""
    card = SmallCard(pan)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card


class Paper:
    """A printer in memory: what it printed; `fault` of the protocol."""

    def __init__(self):
        self.protocol = self
        self.fault = ""
        self.events = []
        self.slips = []  # (number, text)

    def print(self, number, lines, text):
        if self.fault:
            self.events.append(("failed", number))
        else:
            self.slips.append((number, text))
        return True

    def turn(self):
        events, self.events = self.events, []
        return events

    def flush(self):
        pass

    def close(self):
        pass


class Sold(Till):
    """A kiosk that is open; printer and gate outlive its restarts."""

    def __init__(self, extra="", **more):
        self.paper = Paper()
        self.book = TicketBook({7: KEY}, UsedTickets(16))
        more.setdefault("products", "1=adult,600 2=family,1500,4")
        more.setdefault("days_ahead", "2")
        Till.__init__(self, extra, **more)

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        line = Neighbour(lambda: self.keys, Console(COMMANDS), clock)
        issuer = Issuer(7, KEY, SECRET)
        self.trade = Kiosk(settings, parameters, clock, line, self.paper, issuer)
        return self.trade

    def numbers(self):
        """Of the tickets that were printed."""
        return [number for number, _ in self.paper.slips]

    def goes_in(self, text):
        """Message of a gate: "" once for each ticket."""
        values, message = self.book.read(text)
        stamp = self.trade.house.stamp
        message = message or self.book.place_and_time(values, stamp)
        message = message or self.book.entries_left(values, TODAY)
        if not message:
            self.book.used.note(values["id"], 1, TODAY, values["last_day"])
        return message
