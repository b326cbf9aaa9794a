# SPDX-License-Identifier: Apache-2.0
"""A kiosk: a ticket for each sale that stands, none for any other, and a gate lets it in once."""

from firmware.kernel import apdu
from tests.devices.kiosk_stand import FIRST, Sold, open_card
from tests.devices.shop_stand import OTHER, PAN
from tests.small_card import LAST


def torn(kiosk, card):
    """A tap whose last answer is lost."""
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert kiosk.tap(card) == "last_record_lost"


def test_ticket_should_be_printed_when_its_sale_is_durable():
    """TD-001, TD-070: chosen, paid, printed, let in once, and its copy is used already."""
    kiosk = Sold()
    assert kiosk.tap(open_card(PAN)) is None
    assert kiosk.type("choose 1") == "ok pay 6.00"
    assert kiosk.paper.slips == []
    assert kiosk.tap(open_card(PAN)) == "ok"
    number, text = kiosk.paper.slips[0]
    assert number == FIRST and text.startswith("FT1:")
    assert kiosk.goes_in(text) == "" and kiosk.goes_in(text) == "ticket_used"
    kind, values = kiosk.stand.records()[-1]
    assert (kind, values["reference"], values["rule"]) == ("approved", FIRST, "adult")
    assert len(values["trade_data"]) == 21
    assert kiosk.tap(open_card(OTHER)) is None  # nothing is chosen any more


def test_torn_tap_should_have_its_ticket_when_it_is_settled_and_not_before():
    """Meanwhile another customer buys: the numbers differ."""
    kiosk, card = Sold(), open_card(PAN)
    kiosk.type("choose 1")
    torn(kiosk, card)
    assert kiosk.numbers() == []
    assert kiosk.tap(open_card(OTHER)) == "ok"
    assert kiosk.numbers() == [FIRST + 1]
    kiosk.type("again")  # whatever is on the panel
    assert kiosk.tap(card) == "torn_recovered" and len(card.debits) == 1
    assert kiosk.numbers() == [FIRST + 1, FIRST]
    assert [kiosk.goes_in(text) for _, text in kiosk.paper.slips] == ["", ""]


def test_card_that_was_not_debited_should_pay_for_another_number():
    kiosk, card = Sold(), open_card(PAN)
    kiosk.type("choose 1")
    card.tear = (apdu.INS_READ_RECORD, LAST, False)
    assert kiosk.tap(card) == "last_record_lost"
    assert kiosk.tap(card) == "ok" and kiosk.numbers() == [FIRST + 1]
    assert kiosk.stand.kinds()[-2:] == ["void", "approved"]


def test_what_stays_pending_should_have_no_ticket():
    kiosk, card = Sold("torn_window_s: 60\n"), open_card(PAN)
    kiosk.type("choose 1")
    torn(kiosk, card)
    kiosk.stand.clock.advance(61)
    kiosk.stand.terminal.turn()
    assert kiosk.stand.kinds()[-1] == "pending"
    kiosk.type("again")
    assert kiosk.tap(card) == "no_ticket" and kiosk.paper.slips == []


def test_reprint_should_be_the_same_ticket_and_cost_nothing():
    """TD-022: no GPO; the gate lets the two in once."""
    kiosk, card = Sold(), open_card(PAN)
    kiosk.type("choose 2 1")
    assert kiosk.tap(card) == "ok"
    kiosk.stand.restart()
    card.sent = []
    kiosk.type("again")
    assert kiosk.tap(card) == "ticket_again" and len(card.debits) == 1
    assert card.asked(apdu.INS_GPO) == 0
    assert kiosk.paper.slips[0] == kiosk.paper.slips[1]
    assert kiosk.tap(open_card(OTHER)) is None  # one reprint for one key
    kiosk.type("again")
    assert kiosk.tap(open_card(OTHER)) == "no_ticket"
    assert kiosk.goes_in(kiosk.paper.slips[0][1]) == "ticket_early"  # it is tomorrow's


def test_number_should_not_be_given_twice_over_a_restart():
    """TD-012: the power goes with an entry open, and behind a sale."""
    kiosk = Sold()
    kiosk.type("choose 1")
    assert kiosk.tap(open_card(PAN)) == "ok"
    kiosk.type("choose 1")
    torn(kiosk, open_card(OTHER))
    kiosk.stand.restart()
    kiosk.stand.clock.advance(61)
    kiosk.type("choose 1")
    assert kiosk.tap(open_card(PAN)) == "ok"
    assert kiosk.numbers() == [FIRST, FIRST + 2]


def test_key_should_end_with_its_numbers_and_its_days():
    """What a stolen kiosk can do ends where its key ends."""
    kiosk, card = Sold(), open_card(PAN)
    for count in range(4):
        kiosk.stand.clock.advance(61)  # behind a start, a card pays once in its guard time
        assert kiosk.type("choose 1") == "ok pay 6.00", count
        assert kiosk.tap(card) == "ok"
    assert kiosk.type("choose 1") == "error sold out"
    assert kiosk.trade.offer().message == "sold_out" and len(kiosk.paper.slips) == 4
    kiosk = Sold(days_ahead="30")
    assert kiosk.type("choose 1 3") == "error the ticket is good for longer than its key"


def test_without_paper_nothing_should_be_sold():
    kiosk, card = Sold(), open_card(PAN)
    kiosk.type("choose 1")
    kiosk.paper.fault = "no_paper"
    assert kiosk.tap(card) is None and card.sent == []
    kiosk.paper.fault = ""
    torn(kiosk, card)
    kiosk.paper.fault = "no_paper"  # what is torn is settled all the same
    assert kiosk.tap(card) == "torn_recovered"
    assert kiosk.stand.records()[-1][1]["reason"] == "not_printed"
    kiosk.paper.fault = ""
    kiosk.type("again")
    assert kiosk.tap(card) == "ticket_again" and kiosk.numbers() == [FIRST]


def test_choice_of_somebody_who_has_gone_should_end():
    kiosk = Sold()
    kiosk.type("choose 2")
    kiosk.stand.clock.advance(61)
    assert kiosk.tap(open_card(PAN)) is None
    assert kiosk.type("choose 9") == "error there is no ticket 9"
    assert kiosk.type("choose 1 9") == "error tickets are sold for 2 days ahead"
