# SPDX-License-Identifier: Apache-2.0
"""What loop and sale do with the answers of a trade: offers, passes, fields of the record."""

from firmware.devices.rules import DenyTable, Rules, SameCard
from firmware.devices.trade import Offer, Trade
from firmware.formats import record
from firmware.kernel import tags, tlv
from tests.small_card import SmallCard
from tests.stand import Stand

PAN = "6228000100000010"


def open_card(pan):
    """A card that tells its number without a GPO."""
    card = SmallCard(pan)
    card.records.append([1, 1, tlv.build(tags.TRACK_2, card.track)])
    return card


class Gate(Trade):
    """A trade whose answers the test sets."""

    name, code = "gate", 1
    words = """
shut|blue||暂停|Shut
re_entry|green|double|请通行|Go through
no_stop|red|no|不停|Not here
"""
    offered = Offer("ready", 300, True)
    word = ""
    first = False

    def offer(self):
        return self.offered

    def reads_first(self):
        return self.first

    def refuse(self, pan, psn):
        return self.word if pan == PAN else ""

    def onto(self, values):
        Trade.onto(self, values)
        values["direction"], values["reference"] = 2, 77
        values["trade_data"] = b"lane 3"

    def after(self, sold):
        self.last = sold


def a_gate(**answers):
    """(Stand, Gate)"""
    made = []

    def make(settings, parameters, clock, report):
        gate = Gate(settings, parameters)
        for name in answers:
            setattr(gate, name, answers[name])
        made.append(gate)
        return gate

    stand = Stand("", make)
    return stand, made[0]


def test_trade_should_stand_in_the_record_and_hear_the_result():
    """TD-021: what the device knows is in the entry before the debit, and in its record."""
    stand, gate = a_gate()
    assert stand.tap(SmallCard(PAN))["message"] == "ok"
    kind, values = stand.records()[0]
    assert (kind, values["device"], values["trade"], values["direction"]) == (
        "approved",
        "gate",
        1,
        2,
    )
    assert (values["reference"], values["trade_data"], values["rule"]) == (77, b"lane 3", "flat")
    assert (gate.last.message, gate.last.pan, gate.last.sequence) == ("ok", PAN, 1)
    assert gate.last.values["amount_fen"] == 200


def test_nothing_should_be_sold_while_the_trade_does_not():
    """TD-030: the field is off and its message stands; the last result stands a second before."""
    stand, gate = a_gate()
    stand.tap(SmallCard(PAN))
    gate.offered = Offer("shut", None, False)
    card = SmallCard("6228000100000028")
    assert stand.tap(card) is None and card.sent == [] and stand.shown() == "green"
    assert stand.reader.powered is False
    stand.clock.advance(1)
    assert stand.tap(card) is None and stand.log[-2][1:] == ("Shut", 0)
    gate.offered = Offer("ready", 300, True)
    assert stand.tap(card)["message"] == "ok"


def test_offer_that_changes_should_be_shown_at_once():
    stand, gate = a_gate()
    gate.offered = Offer("ready", 450, True)
    stand.tap()
    assert [one[1] for one in stand.log if one[0] == "show"][-1] == "Tap card, fare 4.50"


def test_pass_should_need_no_gpo_and_be_noted():
    """TD-063: a number that is read freely is enough; a card that does not tell it is judged
    behind the GPO and before the last READ RECORD.
    """
    for first, commands in ((True, 3), (False, None)):
        stand, gate = a_gate(word="re_entry", first=first)
        card = open_card(PAN) if first else SmallCard(PAN)
        event = stand.tap(card)
        assert (event["message"], card.debits) == ("re_entry", [])
        assert stand.shown() == "green" and (commands is None or len(card.sent) == commands)
        kind, values = stand.records()[0]
        assert (kind, values["reason"], values["amount_fen"]) == ("event", "re_entry", 0)
        assert gate.last.values["pan"] == values["pan"] and gate.last.pan == PAN


def test_refusal_of_the_trade_should_cost_nothing():
    for first in (True, False):
        stand, gate = a_gate(word="no_stop", first=first)
        card = SmallCard(PAN)
        assert stand.tap(card)["message"] == "no_stop" and card.debits == []
        assert stand.shown() == "red" and stand.kinds() == ["refused"]
        assert stand.tap(SmallCard("6228000100000028"))["message"] == "ok"


def test_device_that_does_not_sell_should_send_no_gpo():
    """TD-022: whatever the card says, ATC and money stay untouched."""
    for word, tells, pan, message in (
        ("access_granted", True, PAN, "access_granted"),
        ("no_stop", True, PAN, "no_stop"),
        ("access_granted", False, PAN, "number_unread"),
        ("access_granted", True, "6228000100000028", "other"),
    ):
        stand, gate = a_gate(word=word, pays=False, first=True)
        card = open_card(pan) if tells else SmallCard(pan)
        assert stand.tap(card)["message"] == message
        assert not [one for one in card.sent if one[1] == 0xA8] and card.debits == []


def test_nobody_should_be_let_through_without_a_record():
    """TD-001: the last place of the journal is a sale's; a pass needs one more."""
    stand, gate = a_gate(word="access_granted", pays=False, first=True)
    while stand.journal.room() > 1:
        stand.journal.append(record.pack(record.blank(record.EVENT)))
    written = len(stand.records())
    assert stand.tap(open_card(PAN))["message"] == "journal_full" and stand.shown() == "red"
    assert gate.last.message == "journal_full" and gate.last.sequence == 0
    assert len(stand.records()) == written


def test_amount_that_hangs_on_the_number_should_need_it():
    """TD-022: a card that hides its number is sent away before a GPO, not asked for a guess."""
    offered = Offer("ready", None, True)
    for tells, message in ((True, "ok"), (False, "number_unread")):
        stand, gate = a_gate(first=True, needs_number=True, offered=offered)
        card = open_card(PAN) if tells else SmallCard(PAN)
        assert stand.tap(card)["message"] == message and len(card.debits) == int(tells)
        assert stand.shown() == ("green" if tells else "red")


def test_refund_that_is_due_should_not_be_debited_again_by_any_trade():
    """TD-005, QT-248: to pay again is for those who have paid."""
    stand = Stand()
    guard = SameCard(60, stand.clock)
    trade = Trade(stand.settings, stand.fleet)
    trade.pays_again = lambda pan, psn: True
    for why, said in (
        ("already_paid", ""),
        ("refund_due", "refund_due"),
        ("card_declined", "card_declined"),
    ):
        guard.debited = []
        guard.remember(PAN, 1, why)
        rules = Rules(DenyTable({}), stand.terminal.torn_taps, guard, 200, trade, lambda: False)
        assert rules.refuse(PAN, 1) == said
