# SPDX-License-Identifier: Apache-2.0
"""E-tickets at the gate: let in once, over restarts and across lanes; every entry counted."""

from firmware.devices import gate_tickets
from firmware.devices.gate_used import UsedTickets
from firmware.neighbours.lanes import LaneLink
from tests.gate_stand import open_card
from tests.ticket_stand import TicketStand
from tests.tickets import TODAY, issued, values


def test_ticket_should_open_once():
    """TD-001, TD-060: the entry is durable, then opened, then passed; a copy is refused."""
    stand, text = TicketStand(), issued()
    assert stand.scan(text) == "ticket_ok" and stand.lane.orders[-1] == "open"
    stand.walk()
    assert stand.words() == "ticket_ok opened passed"
    assert [one[1] for one in stand.facts()][1:] == [1, 1]
    assert stand.scan(text) == "ticket_used" and stand.words().endswith("refused")
    assert stand.tap(open_card())["message"] == "ok"


def test_entries_days_and_persons_should_be_counted():
    """TD-071: multi-entry, one entry a day, a family."""
    stand, text = TicketStand(), issued(entries=2, persons=3)
    for _ in range(2):
        assert stand.scan(text) == "ticket_ok" and stand.gate.machine.let_in == 3
        for _ in range(3):
            stand.walk()
    assert stand.scan(text) == "ticket_used"


def test_annual_ticket_should_let_in_once_a_day():
    """TD-071: as many entries as there are days."""
    stand, text = TicketStand(), issued(entries=0, daily=1, last_day=TODAY + 300)
    assert stand.scan(text) == "ticket_ok"
    stand.walk()
    assert stand.scan(text) == "ticket_today"
    stand.clock.now = (2026, 11, 22, 10, 15, 0)
    assert stand.scan(text) == "ticket_ok"


def test_ticket_that_did_not_pass_should_come_again():
    """TD-063: it counts once."""
    stand, text = TicketStand(), issued()
    stand.scan(text)
    stand.clock.advance(5)
    stand.turns(4)
    assert stand.scan(text) == "re_entry"
    stand.walk()
    assert stand.words() == "ticket_ok opened not_passed re_entry opened passed"
    assert stand.scan(text) == "ticket_used"


def test_used_ticket_should_stay_used_over_a_restart():
    """TD-067, TD-070: from the journal."""
    stand, text = TicketStand(), issued(entries=2)
    stand.scan(text)
    stand.walk()
    stand.restart()
    assert stand.scan(text) == "ticket_ok"
    stand.walk()
    stand.restart()
    assert stand.scan(text) == "ticket_used"


def test_ticket_whose_passage_the_power_cut_should_come_again():
    """TD-063: unknown is not passed for sure, and counts once."""
    stand, text = TicketStand(), issued()
    stand.scan(text)
    stand.restart()
    assert stand.words().endswith("unknown") and stand.scan(text) == "re_entry"
    stand.walk()
    assert stand.scan(text) == "ticket_used"


class Wire:
    """One end of the line between two lanes, as line.Neighbour drives it."""

    def __init__(self):
        self.protocol, self.other, self.cut = LaneLink(), None, False
        self.came = b""
        self.now_ms = 0

    def turn(self):
        self.now_ms += 10
        data, self.came = self.came, b""
        events = self.protocol.feed(data, self.now_ms)
        self.flush()
        return events

    def flush(self):
        data = self.protocol.outgoing(self.now_ms)
        if not self.cut:
            self.other.came += data

    def close(self):
        pass


def test_ticket_should_be_used_up_at_the_other_lane_too():
    """TD-070: replay at the second gate; with the line cut each lets it in once."""
    here, there = Wire(), Wire()
    here.other, there.other = there, here
    other = UsedTickets(64)
    stand = TicketStand(lanes=here)
    text = issued()
    stand.scan(text)
    stand.walk()
    for event in there.turn():
        if event[0] == "used":
            other.note(*event[1:])
    assert other.entries(77)[0] == 1
    second = values(id=78)
    there.protocol.tell(78, 1, TODAY, second["last_day"])
    there.turn()
    stand.turns()
    assert stand.scan(issued(id=78)) == "ticket_used"
    here.cut = there.cut = True
    assert stand.scan(issued(id=79)) == "ticket_ok" and other.entries(79) == (0, 0)


def test_full_list_should_take_no_further_ticket():
    """TD-070: it forgets what is over, never what is still good."""
    stand = TicketStand()
    stand.desk.used.most = 2
    for number in (1, 2):
        assert stand.scan(issued(id=number)) == "ticket_ok"
        stand.walk()
    assert stand.scan(issued(id=3)) == "ticket_list_full"
    stand.clock.now = (2026, 11, 22, 10, 15, 0)
    assert stand.scan(issued(id=3, last_day=TODAY + 1)) == "ticket_ok"


def test_list_should_keep_to_its_bits():
    """Day numbers and entries at their ends."""
    used = UsedTickets(4)
    used.note(9, 500, TODAY, 70000)
    assert used.entries(9) == (127, TODAY & 0x1FF) and max(used.rows.values()) < 1 << 30
    used.note(9, 3, TODAY + 1, 0)
    assert used.row(9) == (127, TODAY & 0x1FF, 0x3FFF + 7305)
    assert gate_tickets.guest_of({"id": 9}) == "T00000009"
