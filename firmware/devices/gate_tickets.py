# SPDX-License-Identifier: Apache-2.0
"""E-tickets at a gate: read, verified, judged, written down, and only then let in (TD-001).

The entry is durable before the arms move, and told to the other lanes at once. Whoever did not go
through comes in again with the same code within the grace time, and it counts once (TD-063).
"""

from firmware.devices import gate_setup
from firmware.devices.gate_people import Grant
from firmware.devices.gate_used import UsedTickets
from firmware.errors import FormatError, JournalFull
from firmware.fares import calendar
from firmware.formats import record, ticket
from firmware.neighbours.line import Neighbour
from firmware.neighbours.tickets import Scanner

RESTORED = 4096  # records read at the start


def open_desk(settings, lane, hal, clock):
    """TicketDesk of a gate; FormatError."""
    path = gate_setup.serial_of(settings, "tickets")
    keys = ticket.read_keys(hal.read_text(settings.more.get("ticket_keys", "")), "ticket_keys")
    hal.unload(("firmware.formats.lines",))  # it has done its part
    scanner = Neighbour(lambda: hal.open_serial(path, 9600), Scanner(), clock)
    lanes = None
    if "twin" in settings.more:
        from firmware.neighbours.lanes import LaneLink  # where there is another lane

        other = gate_setup.serial_of(settings, "twin")
        lanes = Neighbour(lambda: hal.open_serial(other, 9600), LaneLink(), clock)
    return TicketDesk(keys, scanner, UsedTickets(lane.tickets), lanes)


class TicketDesk:
    """A neighbour of the gate: turn(gate), restore(recent), close()."""

    def __init__(self, keys, scanner, used, lanes=None):
        self.keys = keys
        self.scanner = scanner
        self.used = used
        self.lanes = lanes

    def restore(self, recent):
        """Entries as far as the journal reaches."""
        for _, values in recent(RESTORED):
            data = values["trade_data"]
            if values["kind"] == record.EVENT and values["reason"] == "ticket_ok":
                number = int.from_bytes(data[2:6], "big")
                entries = int.from_bytes(data[6:8], "big")
                year = 2000 + int(values["date"][:2])
                day = calendar.day_number(year, int(values["date"][2:4]), int(values["date"][4:6]))
                self.used.note(number, entries, day, values["reference"])

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
        try:
            found = ticket.read(text, self.keys)
        except FormatError:
            gate.house.show("ticket_unread")
            return
        message = self._refusal(gate, found)
        if message:
            self._refuse(gate, found.values, message)
        else:
            self._let_in(gate, found.values)

    def _refusal(self, gate, found):
        """Message of a ticket that is not let in, "" of one that is."""
        try:
            ticket.verify(found, self.keys)
        except FormatError:
            return "ticket_forged"
        values = found.values
        if not values["groups"] >> (gate.lane.group - 1) & 1:
            return "ticket_gate"
        now = calendar.moment(gate.house.clock.local_now())
        if now is None or not gate.house.stamp.trusted():
            return "clock_not_set"
        late = window_refusal(values, now, gate.mode)
        if late:
            return late
        guest = guest_of(values)
        if gate.graces.find(guest, 0):
            return ""
        if gate.passback.holds(guest, gate.lane.direction):
            return "passback"
        return self._used(values, now[0])

    def _used(self, values, today):
        entries, day = self.used.entries(values["id"])
        if values["entries"] and entries >= values["entries"]:
            return "ticket_used"
        if values["daily"] and entries and day == today & 0x1FF:
            return "ticket_today"
        return "" if self.used.has_room(values["id"], today) else "ticket_list_full"

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


def window_refusal(values, now, mode):
    """Message of a ticket outside its days or hours; now: (day, second); mode: TD-066."""
    if mode == "date_waived":
        return ""
    day, minute = now[0], now[1] // 60
    if day < values["first_day"]:
        return "ticket_early"
    if day > values["last_day"]:
        return "ticket_expired"
    if mode == "time_waived":
        return ""
    if minute > values["closes"] and day == values["last_day"]:
        return "ticket_expired"
    return "" if values["opens"] <= minute <= values["closes"] else "ticket_early"


def guest_of(values):
    """What stands for a ticket where a card's number would (gate_people.py)."""
    return "T%08x" % values["id"]
