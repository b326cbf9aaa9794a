# SPDX-License-Identifier: Apache-2.0
"""A till: what is keyed is asked once, and no key changes it while a card is there."""

from firmware.kernel import apdu
from tests.devices.shop_stand import OTHER, PAN, Till
from tests.small_card import LAST, SmallCard


def test_keyed_amount_should_be_asked_once():
    till = Till()
    till.stand.clock.advance(61)  # behind a start, a card pays once in its guard time
    card = SmallCard(PAN)
    assert till.tap(card) is None and card.sent == []
    assert till.type("12.50") == "ok pay 12.50"
    assert till.tap(card) == "ok" and card.balance_fen == 8750
    assert b"note ok 12.50" in till.keys.said
    kind, values = till.stand.records()[-1]
    assert (kind, values["amount_fen"], values["rule"]) == ("approved", 1250, "keyed")
    assert (values["device"], values["driver"], values["shift"]) == ("shop", 7, 1)
    assert till.tap(SmallCard(OTHER)) is None
    assert till.type("3") == "ok pay 3.00"
    assert till.tap(card) == "ok" and card.balance_fen == 8450  # another sale, keyed on purpose


def test_keys_at_the_wrong_moment_should_change_nothing():
    """TD-050: the amount is locked while a card is there; too much, nothing, nobody signed on."""
    till = Till(menu="1=1200 2=850")
    for text, said in (
        ("0", "error an amount is 0.01 to 100.00"),
        ("100.01", "error an amount is 0.01 to 100.00"),
        ("item 9", "error the menu has no dish 9"),
        ("cash", "error nothing is asked"),
        ("on 8", "error sign off first: driver 7 is signed on"),
    ):
        assert till.type(text) == said
    till.type("item 1")
    assert till.type("item 2") == "ok pay 20.50"
    card = SmallCard(PAN)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    till.stand.reader.field = [card]
    till.stand.terminal.turn()
    for text in ("5", "cancel", "cash", "off", "item 1"):
        till.stand.terminal.silent = 0  # the card has just been there
        assert "a card is there" in till.type(text), text
    assert till.trade.asked_fen == 2050
    till = Till()
    assert till.type("off").endswith("ok")
    assert till.type("5") == "error sign on first: on CASHIER" and till.tap(SmallCard(PAN)) is None


def test_torn_tap_should_pay_its_own_amount_and_no_other():
    """What is asked now stays asked; the cashier is told what to give back."""
    till = Till()
    till.type("5")
    card = SmallCard(PAN)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert till.tap(card) == "last_record_lost"
    assert "not settled" in till.type("cash")
    assert till.type("cancel") == "ok"
    assert till.type("3") == "ok pay 3.00"
    assert till.tap(card) == "torn_recovered" and card.balance_fen == 9500
    assert b"paid after all: give back, then type: refund 5.00" in till.keys.said
    assert till.trade.asked_fen == 300
    assert till.tap(SmallCard(OTHER)) == "ok" and till.trade.asked_fen == 0


def test_torn_tap_of_what_is_asked_should_settle_it():
    till = Till()
    till.type("5")
    card = SmallCard(PAN)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    till.tap(card)
    assert till.tap(card) == "torn_recovered" and till.trade.asked_fen == 0
    assert till.tap(SmallCard(OTHER)) is None and card.balance_fen == 9500


def test_cash_and_refund_should_be_written_down():
    """No reversal on the card: what is given back is an event that names the sale."""
    till = Till()
    till.type("5")
    assert till.type("cash") == "ok" and till.trade.asked_fen == 0
    assert till.type("refund 5.00 17") == "ok"
    said = [(kind, one["reason"], one["amount_fen"]) for kind, one in till.stand.records()]
    assert said[-2:] == [("event", "paid_cash", 500), ("event", "refund_cash", 500)]
    assert till.stand.records()[-1][1]["reference"] == 17
    assert "Cash: 1" in till.type("report")


def test_restart_should_ask_nothing_and_not_charge_the_same_card_at_once():
    """TD-005: the sale before the cut was durable, nobody has seen it; keyed again, not paid
    again.
    """
    till = Till()
    till.type("5")
    card = SmallCard(PAN)
    assert till.tap(card) == "ok"
    till.stand.restart()
    assert till.tap(SmallCard(OTHER)) is None
    assert till.type("5") == "ok pay 5.00"  # the day is still open
    assert till.tap(card) == "already_paid" and len(card.debits) == 1
    till.stand.clock.advance(61)
    assert till.tap(card) == "ok"
