# SPDX-License-Identifier: Apache-2.0
"""Coach: the attendant sells seats from stop to stop and checks who has one (terminals.md 6).

A till (shop.py) whose amounts come from the stop x stop matrix of the fare table: `sell 3 9` asks
for the price of that trip, classes by card number as the table has them, `half` for the product
with `-half` behind its name. A seat is sold again for stops that do not overlap. `check 5` turns
to checking: a card is read freely, no GPO (TD-022), and is good when it has paid in this shift for
a trip over that stop. A ticket paid in cash has its seat number alone; e-tickets are read by a
scanner (coach_tickets.py). Tickets go back for cash by a table (coach_refunds.py).

trade_data: version 1 (1), origin (2), destination (2), seat (1).

| setting | value |
|---|---|
| console | serial:PATH of the attendant's keys |
| fares, product | fare table (docs/fares.md) and the word of its matrix |
| seats | 1..120; 45 |
| presold | seats kept for e-tickets, sold elsewhere, until the coach leaves (`depart`); 0 |
"""

from firmware.devices import coach_refunds, options
from firmware.devices.keypad import open_console
from firmware.devices.panel import yuan
from firmware.devices.shift import CASH
from firmware.devices.shop import PAID, Shop
from firmware.devices.spending import key_of
from firmware.devices.trade import Charge, Offer
from firmware.fares import trip
from firmware.formats import record

COMMANDS = """
sell|FROM:1..65535 TO:1..65535 KIND?:full/half SEAT?:1..120|ask for the price of a trip
check|STOP:1..65535|see who has paid for this stop; sell ends it
cancel||take back what is asked
cash||the trip is paid in cash
depart|TIME:0..2359|the coach leaves today at that time
refund|SEAT:1..120 SALE:1..4294967295|give a ticket back, by the table
on|ATTENDANT:1..999999|open the trip
off||close the trip, with its report
report||the trip so far
"""
MOST = 240  # tickets of one trip
DATA = 6


class Coach(Shop):
    """One coach; a shift is one trip."""

    name, code = "coach", 8
    words = (
        Shop.words
        + """no_tariff|red|no|无法计费 未扣款|No fare, not charged|134
check_ticket|blue||验票 请刷卡|Ticket check: tap card|
pass_valid|green|double|车票有效|Ticket is valid|142
no_ticket|red|no|无有效车票|No ticket for this stop|143
"""
    )

    def __init__(self, settings, parameters, clock, line, tariff):
        Shop.__init__(self, settings, parameters, clock, line)
        self.tariff = tariff
        self.product = settings.more.get("product", "")
        self.seats = options.number(settings.more, "seats", 45, 1, 120)
        self.presold = options.number(settings.more, "presold", 0, 0, self.seats)
        self.sold = []  # coach_refunds.Ticket
        self.refunds = coach_refunds.Refunds(settings.more)
        self.wanted = None  # trip.Trip and seat of what is asked
        self.stop = 0  # the stop that is checked, 0 while selling
        self.tickets = None  # CoachTickets where there is a scanner

    def restore(self, recent):
        Shop.restore(self, recent)
        for sequence, values in recent(MOST) if self.shift.is_open else ():
            if (values["driver"], values["shift"]) == (self.shift.driver, self.shift.number):
                self.refunds.seen(values)
                self._read(sequence, values)
        if self.tickets:
            self.tickets.restore(recent)

    def turn(self):
        Shop.turn(self)
        if self.tickets:
            self.tickets.turn(self)

    def say(self, text):
        """A note for the attendant."""
        self._note(text)

    def close(self):
        if self.tickets:
            self.tickets.close()
        Shop.close(self)

    def offer(self):
        if self.stop and self.shift.is_open:
            return Offer("check_ticket", None, True)
        return Shop.offer(self)

    def reads_first(self):
        return True

    def charge(self, pan):
        fare = self._fare(pan)
        if fare is None:
            return Charge(0, 0, "", "", 1)
        return Charge(fare.amount_fen, fare.full_fen, fare.fare_class, fare.rule, 1)

    def refuse(self, pan, psn):
        if not self.stop:
            return "" if self._fare(pan) else "no_tariff"
        key = key_of(pan)
        for one in self.sold:
            if one[0] == key and min(one[1:3]) <= self.stop <= max(one[1:3]):
                return "pass_valid"
        return "no_ticket"

    def onto(self, values):
        Shop.onto(self, values)
        if self.wanted:
            asked, seat = self.wanted
            stops = asked.origin.to_bytes(2, "big") + asked.destination.to_bytes(2, "big")
            values["trade_data"] = b"\x01" + stops + bytes((seat,))
        elif self.stop:
            values["trade_data"] = coach_refunds.CHECKED + self.stop.to_bytes(2, "big")

    def after(self, sold):
        paid = sold.outcome.outcome in PAID and sold.values["reference"] == self.reference
        Shop.after(self, sold)
        if paid:
            ticket = ticket_of(sold.sequence, sold.values)
            self._keep(ticket)
            if ticket:
                self._note("seat %d, sale %d" % (ticket.seat, ticket.sale))
        elif sold.message == "pass_valid" and sold.sequence:
            self.refunds.checked(key_of(sold.pan), self.stop)

    def _paid_late(self, sold):
        ticket = ticket_of(sold.sequence, sold.values)
        if ticket is None:
            return
        self.refunds.owed[sold.sequence] = ticket
        owed = (yuan(sold.amount_fen), ticket.seat, sold.sequence)
        self._note("paid after all: give back %s by: refund %d %d" % owed)

    def _fare(self, pan):
        """Fare of what is asked, for a card; None where nothing is."""
        if self.wanted is None:
            return None
        asked = self.wanted[0]
        return self.tariff.price(
            trip.new(
                asked.product, asked.when, asked.trusted, asked.origin, asked.destination, pan=pan
            )
        )

    def _ask(self, amount_fen, rule):
        """What is asked comes from _sell; anything else ends it."""
        Shop._ask(self, amount_fen, rule)
        if not amount_fen:
            self.wanted = None

    def _sell(self, origin, destination, kind, seat):
        product = self.product + ("-half" if kind == "half" else "")
        when, trusted = self.clock.local_now(), self.house.stamp.exact()  # TD-008
        asked = trip.new(product, when, trusted, origin, destination)
        fare = self.tariff.price(asked) if origin != destination else None
        if fare is None or not fare.amount_fen:
            return "the table has no price for this trip", ()
        free = self.free_seats(asked)
        seat = seat or (free[0] if free else 0)
        if seat not in free or len(self.sold) >= MOST:
            return "this seat is taken" if free else "no seat is free", ()
        self.stop, self.pays = 0, True
        self.wanted = (asked, seat)
        self._ask(fare.amount_fen, fare.rule)
        return "", ("seat %d" % seat,)

    def _check(self, stop):
        self._ask(0, "")
        self.stop, self.pays = stop, False
        return "", ()

    def _cash(self):
        asked, seat = self.wanted or (None, 0)
        fen = self.asked_fen
        fault, lines = Shop._cash(self)
        if asked and not fault:
            sale = self.house.journal.next - 1
            stops = (asked.origin, asked.destination)
            self.sold.append(coach_refunds.Ticket(b"", stops[0], stops[1], seat, sale, fen))
            lines += ("seat %d, sale %d" % (seat, sale),)
        return fault, lines

    def _depart(self, hhmm):
        return self.refunds.depart(hhmm, self), ()

    def _refund(self, seat, sale):
        ticket, said = self.refunds.give(self, seat, sale)
        if ticket is None:
            return said, ()
        if ticket in self.sold:
            self.sold.remove(ticket)
        return "", ("give back %s, seat %d is free" % (yuan(said), seat),)

    def statement(self):
        """The trip's totals, and what was given back behind them."""
        return Shop.statement(self) + self.refunds.lines()

    def _off(self):
        fault, lines = Shop._off(self)
        if not fault:
            self.sold, self.stop, self.pays = [], 0, True
            self.refunds.clear()
            self._ask(0, "")
        return fault, lines

    def free_seats(self, asked):
        """Seats that may be sold for a trip: where nobody sits on the way, and as long as the
        e-tickets of this coach still have a seat each.
        """
        taken, low_high = self.taken(), sorted((asked.origin, asked.destination))
        free = [one for one in range(1, self.seats + 1) if _is_free(one, low_high, taken)]
        whole = self.whole_seats(taken)
        if len(whole) > self._kept():
            return free
        return [one for one in free if one not in whole]

    def taken(self):
        """Tickets whose seats nobody else gets: those sold, and of taps that were torn, until they
        are settled (QT-183).
        """
        torn = self.house.torn_taps
        found = [(one.sequence, torn.load(one)) for one in tuple(torn.open)]
        held = [ticket_of(sequence, values) for sequence, values in found if values]
        return self.sold + [one for one in held if one]

    def whole_seats(self, taken):
        """Seats that nobody has for any part of the trip: who has an e-ticket takes one."""
        numbers = [one.seat for one in taken]
        return [one for one in range(1, self.seats + 1) if one not in numbers]

    def seats_for_tickets(self):
        """How many seats e-tickets may have: those that are nobody's, nor asked for just now."""
        whole = self.whole_seats(self.taken())
        return len(whole) - (self.wanted is not None and self.wanted[1] in whole)

    def _kept(self):
        """Seats that e-tickets have, or may still come for."""
        if not self.tickets:
            return 0
        aboard = self.tickets.persons((self.shift.driver, self.shift.number))
        return aboard if self.refunds.has_left(self) else max(aboard, self.presold)

    def _read(self, sequence, values):
        """A record of this trip, after a start: a ticket, or that one was shown."""
        if values["reason"] == "pass_valid" and values["trade_data"][:1] == coach_refunds.CHECKED:
            stop = int.from_bytes(values["trade_data"][1:3], "big")
            self.refunds.checked(key_of(record.pan_digits(values["pan"])), stop)
        elif values["kind"] == record.APPROVED or values["reason"] == CASH:
            self._keep(ticket_of(sequence, values))

    def _keep(self, ticket):
        """A ticket of this trip that was not given back."""
        if ticket and ticket.sale not in self.refunds.given and len(self.sold) < MOST:
            self.sold.append(ticket)


def _is_free(seat, low_high, taken):
    low, high = low_high
    return not [
        one for one in taken if one[3] == seat and min(one[1:3]) < high and low < max(one[1:3])
    ]


def ticket_of(sequence, values):
    """Ticket of a sale's record or entry, None of any other."""
    data, pan = values["trade_data"], record.pan_digits(values["pan"])
    if len(data) != DATA or data[0] != 1:
        return None
    stops = int.from_bytes(data[1:3], "big"), int.from_bytes(data[3:5], "big")
    key, fen = key_of(pan) if pan else b"", values["amount_fen"]
    return coach_refunds.Ticket(key, stops[0], stops[1], data[5], sequence, fen)


def make(settings, parameters, hal, clock, report):
    """Trade of a coach. FormatError for settings or tables that cannot be used."""
    from firmware.devices.tariff import open_tables  # signed files: when a unit is put together

    tariff = open_tables(settings, parameters, hal, report)
    line = open_console(settings, hal, clock, COMMANDS)
    coach = Coach(settings, parameters, clock, line, tariff)
    if "tickets" in settings.more:
        from firmware.devices import coach_tickets  # where there is a scanner

        coach.tickets = coach_tickets.open_tickets(settings, hal, clock)
        coach.words += coach_tickets.WORDS[1:]
    return coach
