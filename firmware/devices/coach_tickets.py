# SPDX-License-Identifier: Apache-2.0
"""E-tickets at a coach, read by a scanner beside the attendant's keys (TD-070).

A code boards once: its entry is in the journal before the panel says so (TD-001), and stands in
the used list like that of a gate. While tickets are checked (`check STOP`), a code that has
boarded this very trip is valid and costs no further entry; a copy that boards is used already.

Who boards takes a seat that nobody has for any part of the trip (coach.py says how many are kept
for such tickets); without one he is told so and his ticket is not used.

trade_data of `ticket_ok`: version 2 (1), number of the ticket (4), entries so far (2).

| setting | value |
|---|---|
| tickets | serial:PATH of the scanner |
| ticket_keys | file of the issuers' keys |
| ticket_group | 1..16: the group that tickets for this coach name; 1 |
"""

from firmware.devices import options
from firmware.devices.gate_used import UsedTickets
from firmware.devices.ticket_book import RESTORED, TicketBook, open_keys
from firmware.errors import FormatError, JournalFull
from firmware.fares import calendar
from firmware.formats import record, ticket
from firmware.neighbours.line import Neighbour
from firmware.neighbours.tickets import Scanner

WORDS = """
ticket_ok|green|ok|车票有效 请上车|Ticket valid, please board|30
ticket_used|red|no|车票已使用|Ticket already used|143
ticket_today|red|no|车票今日已使用|Ticket used today|143
ticket_early|red|no|车票未到时间|Ticket not valid yet|143
ticket_expired|red|no|车票已过期|Ticket expired|143
ticket_gate|red|no|非本车车票|Ticket is for another coach|143
ticket_forged|red|no|车票无效|Ticket not genuine|143
ticket_unread|amber|again|请重新扫码|Scan again|90
ticket_no_seat|red|no|车已满 请询问|Coach is full: ask|92
ticket_list_full|red|no|请找工作人员 票表已满|Ask the staff: list full|92
"""
VERSION, DATA = 2, 7
MOST_USED = 1024  # tickets, 8 bytes each


def open_tickets(settings, hal, clock):
    """CoachTickets of the settings; FormatError."""
    kind, _, path = settings.more["tickets"].partition(":")
    if kind != "serial" or not path:
        raise FormatError("`tickets` is serial:PATH")
    group = options.number(settings.more, "ticket_group", 1, 1, 16)
    book = TicketBook(open_keys(settings, hal), UsedTickets(MOST_USED), group)
    return CoachTickets(book, Neighbour(lambda: hal.open_serial(path, 9600), Scanner(), clock))


class CoachTickets:
    """Beside a coach: turn(coach), restore(recent), close()."""

    def __init__(self, book, scanner):
        """book: TicketBook; scanner: Neighbour."""
        self.book = book
        self.scanner = scanner
        self.aboard = {}  # number of a ticket that boarded -> (driver, shift) of the trip, persons

    def restore(self, recent):
        """Entries as far as the journal reaches, and who is aboard."""
        self.book.restore(recent, entry_of)
        for _, values in recent(RESTORED) if self.book.used.rows else ():
            found = entry_of(values["trade_data"]) if values["reason"] == "ticket_ok" else None
            if found:  # newest first
                trip = (values["driver"], values["shift"])
                last = self.aboard.get(found[0], (trip, 0))
                if last[0] == trip:  # a ticket of several entries
                    self.aboard[found[0]] = (trip, last[1] + values["riders"])

    def turn(self, coach):
        """Codes that were held up; none is taken while a card is there."""
        if coach.house.busy():
            return
        for kind, text in self.scanner.turn():
            if not coach.shift.is_open:
                coach.house.show("sign_on")
                continue
            values, message = self.book.read(text) if kind == "code" else (None, "ticket_unread")
            if values and not message:
                message = self._judge(coach, values)
            coach.house.show(message)
            number = values["id"] if values else 0
            coach.say("ticket %d %s" % (number, message))

    def close(self):
        """Give the line back."""
        self.scanner.close()

    def persons(self, trip):
        """How many have boarded a trip with e-tickets."""
        return sum([one[1] for one in self.aboard.values() if one[0] == trip])

    def _judge(self, coach, values):
        """Message of a genuine ticket; one that boards is written down first."""
        stamp, trip = coach.house.stamp, (coach.shift.driver, coach.shift.number)
        late = self.book.place_and_time(values, stamp)
        if late:
            return late
        if coach.stop and self.aboard.get(values["id"], (None,))[0] == trip:
            return "pass_valid"
        today = calendar.moment(coach.clock.local_now())[0]
        spent = self.book.entries_left(values, today)
        if spent:
            return spent
        if self.persons(trip) + values["persons"] > coach.seats_for_tickets():
            return "ticket_no_seat"
        entries = self.book.used.entries(values["id"])[0] + 1
        event = stamp.onto(record.blank(record.EVENT))
        event["reason"], event["riders"] = "ticket_ok", values["persons"]
        event["reference"] = values["last_day"]
        event["fare_class"] = ticket.KINDS[values["kind"]]
        event["trade_data"] = (
            bytes((VERSION,)) + values["id"].to_bytes(4, "big") + entries.to_bytes(2, "big")
        )
        try:
            coach.house.journal.append(record.pack(event))
        except JournalFull:
            return "ticket_list_full"  # nobody boards without a record (TD-001)
        self.book.used.note(values["id"], entries, today, values["last_day"])
        if len(self.aboard) >= MOST_USED:  # those of trips that are over go
            mine = [one for one in self.aboard if self.aboard[one][0] == trip]
            self.aboard = {one: self.aboard[one] for one in mine}
        before = self.aboard.get(values["id"], (None, 0))
        again = before[1] if before[0] == trip else 0  # a ticket of several entries
        self.aboard[values["id"]] = (trip, again + values["persons"])
        return "ticket_ok"


def entry_of(data):
    """(number, entries) in the `trade_data` of a coach's record, None where it is no ticket's."""
    if len(data) != DATA or data[0] != VERSION:
        return None
    return int.from_bytes(data[1:5], "big"), int.from_bytes(data[5:7], "big")
