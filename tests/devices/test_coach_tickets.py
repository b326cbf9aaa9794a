# SPDX-License-Identifier: Apache-2.0
"""E-tickets at a coach: board once, are checked on the trip, and outlive a restart."""

from firmware.devices import coach_tickets
from firmware.devices.gate_used import UsedTickets
from firmware.devices.ticket_book import TicketBook
from firmware.kernel import apdu
from tests.devices.coach_stand import Ride, open_card
from tests.devices.shop_stand import PAN
from tests.small_card import LAST, SmallCard
from tests.ticket_stand import HandScanner
from tests.tickets import KEYS, TODAY, issued


class Scanned(Ride):
    """A coach with a scanner; its used list is new after each restart."""

    def make(self, settings, parameters, clock, report):
        settings.more.update(self.more)
        coach = Ride.make(self, settings, parameters, clock, report)
        self.scanner = HandScanner()
        coach.tickets = coach_tickets.CoachTickets(
            TicketBook(KEYS, UsedTickets(16), 2), self.scanner
        )
        coach.words += coach_tickets.WORDS[1:]
        return coach

    def scan(self, text):
        """Message that stands behind a code."""
        terminal = self.stand.terminal
        terminal.screen.shown = ""
        self.scanner.codes.append(("code", text))
        terminal.turn()
        return terminal.screen.shown

    def events(self):
        """[(reason, trade_data)] of the tickets in the journal."""
        found = [one for kind, one in self.stand.records() if one["reason"] == "ticket_ok"]
        return [(one["riders"], one["trade_data"].hex()) for one in found]


def test_code_should_board_once_and_be_valid_when_checked():
    """TD-070, TD-001: the entry is durable before the panel is green; a copy is used already."""
    ride = Scanned()
    code = issued(groups=2, entries=1, persons=2)
    assert ride.scan(code) == "ticket_ok" and ride.stand.shown() == "green"
    assert ride.stand.log[-1][2] or ride.stand.log[-1][0] == "beep"
    assert ride.events() == [(2, "020000004d0001")]
    assert ride.scan(code) == "ticket_used"
    assert ride.type("check 5") == "ok"
    assert ride.scan(code) == "pass_valid" and len(ride.events()) == 1
    ride.stand.restart()
    assert ride.type("check 5") == "ok"
    assert ride.scan(code) == "pass_valid" and len(ride.events()) == 1


def test_ticket_of_another_trip_should_be_used():
    """TD-070: what boarded yesterday's trip is no ticket for this one."""
    ride = Scanned()
    code = issued(groups=2, entries=1)
    assert ride.scan(code) == "ticket_ok"
    ride.type("off")
    assert ride.scan(code) == "sign_on"
    ride.type("on 8")
    ride.type("check 5")
    assert ride.scan(code) == "ticket_used"


def test_wrong_ticket_should_say_why():
    """TD-070, TD-002: forged, elsewhere, expired, unread; none is written down as boarded."""
    ride, forged = Scanned(), issued(groups=2)
    forged = forged[:60] + ("A" if forged[60] != "A" else "B") + forged[61:]
    for text, message in (
        (forged, "ticket_forged"),
        (issued(groups=1), "ticket_gate"),
        (issued(groups=2, first_day=TODAY - 2, last_day=TODAY - 1), "ticket_expired"),
        ("FT1:AAAA", "ticket_unread"),
    ):
        assert ride.scan(text) == message
    assert ride.events() == []


def test_code_while_a_card_is_there_should_wait():
    """TD-070: the verdict of a card is not covered by that of a code."""
    ride = Scanned()
    ride.type("sell 1 5")
    card = SmallCard()
    ride.stand.reader.field = [card]
    ride.stand.terminal.turn()
    before = ride.stand.terminal.screen.shown
    ride.scanner.codes.append(("code", issued(groups=2)))
    ride.stand.terminal.turn()
    assert ride.stand.terminal.screen.shown == before and ride.events() == []
    ride.stand.reader.field = []
    for _ in range(5):
        ride.stand.terminal.turn()
    assert len(ride.events()) == 1


def test_who_boards_should_have_a_seat():
    """No more people than seats: what is sold and who has boarded are counted together."""
    ride = Scanned()
    assert ride.scan(issued(groups=2, entries=1)) == "ticket_ok"
    ride.type("sell 1 5")
    assert ride.tap(open_card(PAN)) == "ok"
    for text in ("sell 1 5", "sell 1 9 full 2"):
        assert "no seat is free" in ride.type(text)
    assert ride.type("sell 5 9 full 1") == "seat 1\r\nok pay 20.00"  # behind who got off
    other = issued(groups=2, entries=1, id=78)
    for _ in range(2):
        assert ride.scan(other) == "ticket_no_seat" and len(ride.events()) == 1
        ride.stand.restart()
    assert "no seat is free" in ride.type("sell 1 9")
    ride.type("off")
    ride.type("on 8")
    assert ride.scan(other) == "ticket_ok"  # the next trip; its ticket was not used


def test_presold_seats_should_be_kept_until_the_coach_leaves():
    """Sold elsewhere, so many and no more: nobody here buys them before."""
    ride = Scanned(presold="1")
    ride.stand.clock.now = (2026, 11, 21, 12, 0, 0)
    ride.type("depart 1230")
    assert ride.type("sell 1 9") == "seat 1\r\nok pay 25.00"
    assert ride.tap(open_card(PAN)) == "ok"
    for _ in range(2):
        assert "no seat is free" in ride.type("sell 1 9")
        ride.stand.restart()
    assert ride.scan(issued(groups=2, entries=1, persons=2)) == "ticket_no_seat"
    assert ride.scan(issued(groups=2, entries=1)) == "ticket_ok"
    ride = Scanned(presold="2")
    ride.stand.clock.now = (2026, 11, 21, 12, 0, 0)
    ride.type("depart 1230")
    assert "no seat is free" in ride.type("sell 1 9")
    ride.stand.clock.now = (2026, 11, 21, 12, 30, 0)
    assert ride.type("sell 1 9") == "seat 1\r\nok pay 25.00"
    assert ride.scan(issued(groups=2, entries=1, persons=2)) == "ticket_no_seat"  # is asked for
    assert ride.scan(issued(groups=2, entries=1)) == "ticket_ok"


def test_torn_sale_should_keep_its_seat_until_it_is_settled():
    """QT-183: cancelled or not, over a restart too; then it is given back, and free."""
    ride, card = Scanned(), open_card(PAN)
    ride.type("sell 1 9 full 2")
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert ride.tap(card) == "last_record_lost"
    assert ride.type("cancel") == "ok"
    for _ in range(2):
        assert "taken" in ride.type("sell 1 9 full 2")
        assert ride.scan(issued(groups=2, entries=1, persons=2)) == "ticket_no_seat"
        ride.stand.restart()
    ride.stand.clock.advance(5)
    card.tear = None
    ride.type("sell 1 9")
    assert ride.tap(card) == "torn_recovered"
    ride.type("cancel")
    assert ride.type("sell 1 9 full 2").startswith("seat 2")
