# SPDX-License-Identifier: Apache-2.0
"""Seats of a coach sold before the day by kiosks with a share each: counted, boarded in time."""

from firmware.devices import coach_tickets
from firmware.devices.gate_used import UsedTickets
from firmware.devices.kiosk_seats import LEFT, NOT_KNOWN, SOLD_OUT, Seats
from firmware.devices.ticket_book import TicketBook
from firmware.errors import FormatError
from firmware.kernel import apdu
from tests.devices.kiosk_stand import KEY, Sold, open_card
from tests.devices.shop_stand import OTHER, PAN
from tests.devices.test_coach_tickets import Scanned
from tests.small_card import LAST
from tests.tickets import TODAY


def counter(seats="2", extra="", **more):
    """A kiosk at 10:15 with a share of seats of the coach of 14:30."""
    return Sold(extra, seats=seats, departs="1430", **more)


def buy(kiosk, pan=PAN, text="choose 1 1"):
    """Text of the ticket for tomorrow that a card buys."""
    assert kiosk.type(text) == "ok pay 6.00"
    assert kiosk.tap(open_card(pan)) == "ok"
    return kiosk.paper.slips[-1][1]


def test_a_day_should_be_sold_once():
    """Its share and no more, each day by itself, over a restart; families count by heads."""
    kiosk = counter()
    buy(kiosk)
    assert SOLD_OUT in kiosk.type("choose 2 1")
    buy(kiosk, OTHER)
    for _ in range(2):
        assert SOLD_OUT in kiosk.type("choose 1 1")
        kiosk.stand.restart()
    buy(kiosk, "6228000100000036", "choose 1")


def test_nothing_should_be_sold_when_the_coach_has_left():
    kiosk = counter()
    kiosk.stand.clock.now = (2026, 11, 21, 14, 30, 0)
    assert LEFT in kiosk.type("choose 1")
    buy(kiosk)


def test_a_torn_sale_should_keep_its_seat_until_it_is_settled():
    """QT-183: nobody else buys it; not debited, it is free; pending, it is the desk's."""
    for acted, left in ((True, 0), (False, 1)):
        kiosk, card = counter("1"), open_card(PAN)
        kiosk.type("choose 1 1")
        card.tear = (apdu.INS_READ_RECORD, LAST, acted)
        assert kiosk.tap(card) == "last_record_lost"
        assert SOLD_OUT in kiosk.type("choose 1 1")
        kiosk.stand.restart()
        assert SOLD_OUT in kiosk.type("choose 1 1")
        card.tear = None
        kiosk.type("again")
        kiosk.tap(card)
        assert len(kiosk.paper.slips) == acted
        assert (SOLD_OUT in kiosk.type("choose 1 1")) is (left == 0)
    kiosk, card = counter("1", "torn_window_s: 60\n"), open_card(PAN)
    kiosk.type("choose 1 1")
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    kiosk.tap(card)
    kiosk.stand.clock.advance(61)
    kiosk.stand.terminal.turn()
    assert kiosk.stand.kinds()[-1] == "pending"
    for _ in range(2):
        assert SOLD_OUT in kiosk.type("choose 1 1")
        kiosk.stand.restart()


def test_the_other_customer_should_not_get_the_seat_that_may_be_paid():
    """The choice of a tap that was torn is not offered on where it was the last seat."""
    kiosk, card = counter("1"), open_card(PAN)
    kiosk.type("choose 1 1")
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert kiosk.tap(card) == "last_record_lost"
    other = open_card(OTHER)
    assert kiosk.tap(other) == "choose_ticket" and other.debits == []
    assert kiosk.paper.slips == []


def test_a_journal_that_does_not_reach_back_should_sell_nothing():
    """Who does not know what was sold sells no seat twice."""
    kiosk = counter()
    buy(kiosk)
    seats, few = Seats({"seats": "2", "departs": "1430"}, 2), Few(kiosk)
    for house, today, fault in (
        (kiosk.trade.house, TODAY, ""), (few, TODAY, NOT_KNOWN), (few, TODAY + 2, NOT_KNOWN),
        (few, TODAY + 3, ""),  # all that was sold then has left
    ):  # fmt: skip
        seats.attach(house)
        seats.stale = True
        assert seats.fault(today + 1, 1, (today, 0)) == fault, today


class Few:
    """A house whose journal has lost its first records; itself the journal."""

    def __init__(self, kiosk):
        self.whole, self.journal = kiosk.stand.journal, self
        self.torn_taps = kiosk.trade.house.torn_taps

    def backwards(self):
        return iter([one for one in self.whole.backwards() if one[0] > 1])


def test_a_ticket_should_board_its_coach_once_and_in_time():
    """TD-070: not before its day, not twice, not behind the departure."""
    kiosk = counter()
    text = buy(kiosk)
    coach = Scanned(presold="2")
    book = TicketBook({7: KEY}, UsedTickets(16), 1)
    coach.trade.tickets = coach_tickets.CoachTickets(book, coach.scanner)
    assert "no seat is free" in coach.type("sell 1 9")
    assert coach.scan(text) == "ticket_early"
    coach.stand.clock.now = (2026, 11, 22, 14, 31, 0)
    coach.stand.terminal.turn()
    coach.type("on 8")
    assert coach.scan(text) == "ticket_expired"
    coach.stand.clock.now = (2026, 11, 22, 14, 30, 0)
    assert coach.scan(text) == "ticket_ok" and coach.scan(text) == "ticket_used"


def test_settings_that_mean_nothing_should_be_refused():
    for more in ({"seats": "2"}, {"seats": "0", "departs": "1430"},
                 {"seats": "2", "departs": "1475"}):  # fmt: skip
        try:
            Seats(more, 2)
        except FormatError:
            continue
        raise AssertionError(more)
