# SPDX-License-Identifier: Apache-2.0
"""E-tickets at a gate: read, verified, judged, written down, and only then let in (TD-001).

The entry is durable before the arms move, and told to the other lanes at once. Whoever did not go
through comes in again with the same code within the grace time, and it counts once (TD-063).
"""

from firmware.devices import gate_setup
from firmware.devices.gate_people import Grant
from firmware.devices.gate_used import UsedTickets
from firmware.devices.ticket_book import TicketBook, open_keys
from firmware.errors import JournalFull
from firmware.fares import calendar
from firmware.formats import record, ticket
from firmware.neighbours.line import Neighbour
from firmware.neighbours.tickets import Scanner


def open_desk(settings, lane, hal, clock):
    """TicketDesk of a gate; FormatError."""
    path = gate_setup.serial_of(settings, "tickets")
    book = TicketBook(open_keys(settings, hal), UsedTickets(lane.tickets), lane.group)
    scanner = Neighbour(lambda: hal.open_serial(path, 9600), Scanner(), clock)
    lanes = None
    if "twin" in settings.more:
        from firmware.neighbours.lanes import LaneLink  # where there is another lane

        other = gate_setup.serial_of(settings, "twin")
        lanes = Neighbour(lambda: hal.open_serial(other, 9600), LaneLink(), clock)
    return TicketDesk(book, scanner, lanes)


class TicketDesk:
    """A neighbour of the gate: turn(gate), restore(recent), close()."""

    def __init__(self, book, scanner, lanes=None):
        """book: TicketBook; scanner, lanes: Neighbours, lanes None without another lane."""
        self.book, self.used = book, book.used
        self.scanner = scanner
        self.lanes = lanes

    def restore(self, recent):
        """Entries as far as the journal reaches."""
        self.book.restore(recent, entry_of)

    def turn(self, gate):
        """Codes that were held up, entries that other lanes tell of."""
        if self.lanes:
            self._hear_lanes()
        for kind, text in self.scanner.turn():
            offer = gate.offer()
            if not offer.sells:
                gate.house.show(offer.message)
            elif kind == "code":
                self._judge(gate, text)
            else:
                gate.house.show("ticket_unread")

    def close(self):
        """Give the lines back."""
        self.scanner.close()
        if self.lanes:
            self.lanes.close()

    def _hear_lanes(self):
        for event in self.lanes.turn():
            if event[0] == "used":
                self.used.note(*event[1:])
            elif event[0] == "asked":
                for number in list(self.used.rows):
                    self.lanes.protocol.tell(number, *self.used.row(number))

    def _judge(self, gate, text):
        values, message = self.book.read(text)
        if values is None:
            gate.house.show(message)
            return
        message = message or self._refusal(gate, values)
        if message:
            self._refuse(gate, values, message)
        else:
            self._let_in(gate, values)

    def _refusal(self, gate, values):
        """Message of a genuine ticket that is not let in, "" of one that is."""
        late = self.book.place_and_time(values, gate.house.stamp, gate.mode)
        if late:
            return late
        guest = guest_of(values)
        if gate.graces.find(guest, 0):
            return ""
        if gate.passback.holds(guest, gate.lane.direction):
            return "passback"
        today = calendar.moment(gate.house.clock.local_now())[0]
        return self.book.entries_left(values, today)

    def _let_in(self, gate, values):
        guest, house = guest_of(values), gate.house
        grace = gate.graces.find(guest, 0)
        today = calendar.moment(house.clock.local_now())[0]
        kind = ticket.KINDS[values["kind"]]
        event = house.stamp.onto(record.blank(record.EVENT))
        entries, day = self.used.entries(values["id"])
        if not grace:
            entries, day = entries + 1, today
        event["reason"] = "re_entry" if grace else "ticket_ok"
        event["riders"] = grace.persons if grace else values["persons"]
        event["reference"] = grace.sequence if grace else values["last_day"]
        event["trade_data"] = gate.data(values["id"], entries, kind)
        try:
            sequence = house.journal.append(record.pack(event))
        except JournalFull:
            house.show("ticket_list_full")  # nobody is let in without a record (TD-001)
            return
        house.show(event["reason"])
        if grace:
            gate.let_in_again(guest)
            return
        self.used.note(values["id"], entries, day, values["last_day"])
        if self.lanes:
            self.lanes.protocol.tell(values["id"], *self.used.row(values["id"]))
            self.lanes.flush()
        gate.let_in(Grant(sequence, guest, 0, values["persons"]))

    def _refuse(self, gate, values, message):
        gate.house.show(message)
        if gate.house.journal.room() > 1:  # a refusal takes no room from a sale
            noted = gate.house.stamp.onto(record.blank(record.REFUSED))
            noted["reason"] = message
            noted["trade_data"] = gate.data(values["id"], 0, ticket.KINDS[values["kind"]])
            gate.house.journal.append(record.pack(noted))


def entry_of(data):
    """(number, entries) in the `trade_data` of a gate's record."""
    return int.from_bytes(data[2:6], "big"), int.from_bytes(data[6:8], "big")


def guest_of(values):
    """What stands for a ticket where a card's number would (gate_people.py)."""
    return "T%08x" % values["id"]
