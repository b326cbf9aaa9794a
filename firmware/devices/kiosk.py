# SPDX-License-Identifier: Apache-2.0
"""Kiosk: choose, tap, and a ticket is printed that a gate lets in (terminals.md 5, TD-070).

A till (shop.py) whose customers press the keys. A ticket is signed and printed when its sale is
durable, never before (TD-001): of a torn tap when its card comes back and it is settled as paid,
whatever is chosen by then. What stays pending has no ticket. `again` prints the ticket of a card
once more: the same number, the same code, so that a gate still lets in once; the card is read
freely and pays nothing (TD-022). Without paper nothing is sold.

trade_data of a sale: version 1 (1), the ticket without its signature (20).

| setting | value |
|---|---|
| console | serial:PATH of the customer's and the staff's keys |
| printer | serial:PATH of an ESC/POS printer |
| kiosk_key | file of the key that signs (kiosk_issuer.py) |
| products | 1=adult,6000 2=family,15000,4: KIND,FEN[,PERSONS] by the numbers of the keys |
| days_ahead | days ahead of which tickets are sold; 0 |
| seats, departs | seats of a coach that leaves each day (kiosk_seats.py) |
"""

from firmware.devices import kiosk_issuer, options, window
from firmware.devices.keypad import open_console
from firmware.devices.shop import PAID, Shop
from firmware.devices.spending import key_of
from firmware.devices.trade import Offer
from firmware.errors import FormatError, JournalFull
from firmware.fares import calendar
from firmware.formats import fields, record, ticket

COMMANDS = """
choose|NUMBER:1..99 DAYS?:0..30|a ticket, for today or so many days ahead
cancel||nothing is chosen any more
again||print the ticket of a card again
on|STAFF:1..999999|open the kiosk
off||close it, with its report
report||the day so far
"""
CHOSEN_S = 60  # what somebody has chosen who has gone is not offered to the next one
RESTORED = 28  # records, as many as a shift looks at
MOST_AGAIN = 32  # cards whose last ticket is kept
NOT_PRINTED = "not_printed"


class Kiosk(Shop):
    """One kiosk; a shift is a day of it."""

    name, code = "kiosk", 0
    words = (
        Shop.words
        + """choose_ticket|blue||请选择门票|Choose a ticket|
tap_again|blue||补打门票 请刷原卡|Reprint: tap the same card|
ticket_again|green|double|正在补打门票|Printing it again|144
no_ticket|red|no|此卡无票 不能补打|No ticket of this card|146
sold_out|red|no|门票已售完|Sold out|147
no_paper|red|no|缺纸 暂停售票|Out of service: no paper|21
printer_fault|red|no|打印机故障 暂停售票|Out of service: printer|21
not_printed|amber|again|门票未打印 请补打|Not printed: ask for a reprint|145
"""
    )

    def __init__(self, settings, parameters, clock, line, printer, issuer):
        """line: Neighbour with Console(COMMANDS); printer: Neighbour with Printer."""
        self.printer, self.issuer, self.seats = printer, issuer, None
        self.products = products_of(settings.more["products"], parameters.ceiling_fen)
        self.days_ahead = options.number(settings.more, "days_ahead", 0, 0, 30)
        if "seats" in settings.more:
            from firmware.devices.kiosk_seats import Seats  # where seats are counted

            self.seats = Seats(settings.more, self.days_ahead)
        self.body = b""  # of the ticket that is chosen
        self.tickets = []  # (key of the card, body): sold last, oldest first
        Shop.__init__(self, settings, parameters, clock, line)
        self.chosen = window.opened(clock, 0)

    def attach(self, house):
        Shop.attach(self, house)
        if self.seats:
            self.seats.attach(house)

    def restore(self, recent):
        self.issuer.restore(recent, RESTORED, self.house.torn_taps)
        Shop.restore(self, recent)
        found = []
        for _, values in recent(4 * MOST_AGAIN):
            if values["kind"] == record.APPROVED and len(found) < MOST_AGAIN:
                found.append((record.pan_digits(values["pan"]), values))
        for pan, values in reversed(found):
            self._keep(pan, values)

    def turn(self):
        Shop.turn(self)
        for event, number in self.printer.turn():
            self._note("ticket %d %s" % (number, event))
            if event == "failed":
                self._not_printed(number)
        waits = self.body or not self.pays
        if waits and window.left_ms(self.clock, self.chosen) <= 0 and not self.house.busy():
            self._ask(0, "")

    def offer(self):
        if not self.shift.is_open:
            return Offer("sign_on", None, False)
        fault = self.printer.protocol.fault
        if fault:
            return Offer(fault, None, False)
        if not self.pays:
            return Offer("tap_again", None, True)
        if self.asked_fen:
            return Offer("pay_amount", self.asked_fen, True)
        return Offer("choose_ticket" if self.issuer.left() > 0 else "sold_out", None, False)

    def refuse(self, pan, psn):
        if self.pays:
            return ""
        return "ticket_again" if self._ticket_of(pan) else "no_ticket"

    def onto(self, values):
        Shop.onto(self, values)
        values["reference"] = self.issuer.next
        if self.body and self.pays:
            values["trade_data"] = kiosk_issuer.VERSION + self.body

    def after(self, sold):
        self.shift.after(sold)
        self._note(sold.message)
        if sold.message == "ticket_again" and sold.sequence:
            body = self._ticket_of(sold.pan)
            self._ask(0, "")
            self._print(body)
        elif sold.values and sold.values["trade_data"] and sold.outcome.taken is not False:
            body = bytes(sold.values["trade_data"][1:])
            self.issuer.gone(sold.values["reference"])  # given, or perhaps given
            paid = sold.outcome.outcome in PAID
            if self.seats:
                self.seats.after(sold)
            if body == self.body:
                self._ask(0, "") if paid else self._renumber()
            if paid:
                self._keep(sold.pan, sold.values)
                self._print(body)

    def close(self):
        self.printer.close()
        Shop.close(self)

    def _ask(self, amount_fen, rule):
        """What is asked comes from _choose; anything else ends it."""
        Shop._ask(self, amount_fen, rule)
        if not amount_fen:
            self.body, self.pays = b"", True

    def _choose(self, number, days):
        if number not in self.products:
            return "there is no ticket %d" % number, ()
        if (days or 0) > self.days_ahead:
            return "tickets are sold for %d days ahead" % self.days_ahead, ()
        now = calendar.moment(self.clock.local_now())
        if now is None or not self.house.stamp.trusted():
            return "the clock is not set", ()
        if self.issuer.left() < 1:
            return "sold out", ()
        kind, fen, persons = self.products[number]
        fault, body = self._body(kind, persons, now[0] + (days or 0), now)
        if fault:
            return fault, ()
        self._ask(fen, ticket.KINDS[kind])
        self.body, self.pays = body, True
        self.chosen = window.opened(self.clock, CHOSEN_S)
        return "", ()

    def _body(self, kind, persons, day, now):
        """("", bytes of a ticket for a day) or (why there is none, b"")."""
        fault = self.seats.fault(day, persons, now) if self.seats else ""
        until = (self.seats.closes,) if self.seats else ()
        try:
            return fault, b"" if fault else self.issuer.body(kind, persons, day, *until)
        except FormatError as why:
            return str(why), b""

    def _renumber(self):
        """A tap of what is chosen is not settled: whoever pays it besides has another number."""
        values = fields.unpack(ticket.TICKET, self.body)
        now = calendar.moment(self.clock.local_now()) or (0, 0)
        chosen = values["kind"], values["persons"], values["first_day"]
        fault, body = self._body(*(chosen + (now,)))
        if fault:  # that was the last one
            self._ask(0, "")
        else:
            self.body = body

    def _again(self):
        self._ask(0, "")
        self.pays = False
        self.chosen = window.opened(self.clock, CHOSEN_S)
        return "", ()

    def _ticket_of(self, pan):
        """Bytes of the last ticket that this card has bought, None where none is known."""
        for key, body in reversed(self.tickets):
            if key == key_of(pan):
                return body
        return None

    def _keep(self, pan, values):
        data = values["trade_data"]
        if len(data) == kiosk_issuer.DATA and data[:1] == kiosk_issuer.VERSION and pan:
            self.tickets = self.tickets[1 - MOST_AGAIN :] + [(key_of(pan), bytes(data[1:]))]

    def _print(self, body):
        """Sign a ticket and hand it to the printer."""
        try:
            values = fields.unpack(ticket.TICKET, body)
            text = self.issuer.text(body)
        except (FormatError, ValueError):  # of a key that was changed since
            self._not_printed(0)
            return
        if not self.printer.protocol.print(values["id"], kiosk_issuer.slip(values), text):
            self._not_printed(values["id"])
        self.printer.flush()

    def _not_printed(self, number):
        """It is paid: the card that comes back has it printed."""
        self.house.show(NOT_PRINTED)
        values = self.house.stamp.onto(record.blank(record.EVENT))
        values["reason"], values["trade_data"] = NOT_PRINTED, number.to_bytes(4, "big")
        try:
            self.house.journal.append(record.pack(values))
        except JournalFull:
            pass  # its sale is there; the event only says why somebody comes back


def products_of(text, ceiling_fen):
    """Dict number -> (place in ticket.KINDS, fen, persons); FormatError."""
    products = {}
    for word in text.split():
        number, _, rest = word.partition("=")
        parts = rest.split(",") + ["1"]
        if parts[0] not in ticket.KINDS or not 3 <= len(parts) <= 4:
            raise FormatError("`products: %s`: NUMBER=KIND,FEN[,PERSONS]" % word)
        key = options.number({"products": number}, "products", 0, 1, 99)
        fen = options.number({"products": parts[1]}, "products", 0, 1, ceiling_fen)
        persons = options.number({"products": parts[2]}, "products", 0, 1, 50)
        products[key] = (ticket.KINDS.index(parts[0]), fen, persons)
    return products


def make(settings, parameters, hal, clock, report):
    """Trade of a kiosk. FormatError for settings or a key that cannot be used."""
    from firmware.neighbours.line import Neighbour  # with a kiosk alone
    from firmware.neighbours.printer import Printer  # likewise

    issuer = kiosk_issuer.open_issuer(settings, hal)
    kind, _, path = settings.more["printer"].partition(":")
    if kind != "serial" or not path:
        raise FormatError("`printer` is serial:PATH")
    printer = Neighbour(lambda: hal.open_serial(path, 9600), Printer(), clock)
    line = open_console(settings, hal, clock, COMMANDS)
    return Kiosk(settings, parameters, clock, line, printer, issuer)
