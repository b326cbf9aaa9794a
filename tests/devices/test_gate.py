# SPDX-License-Identifier: Apache-2.0
"""The gate: what is paid, what is opened and who went through are facts of their own (TD-060)."""

from tests.gate_stand import OTHER, PAN, GateStand, open_card
from tests.small_card import SmallCard


def test_paid_opened_passed_should_be_three_facts():
    """TD-001, TD-060: opened after the sale is durable, passed when somebody was seen to go."""
    stand = GateStand()
    event = stand.tap(SmallCard(PAN))
    assert (event["message"], stand.shown()) == ("ok", "green")
    assert stand.facts() == [("approved", 0), ("opened", event["sequence"])]
    stand.people("entered cleared")
    assert stand.facts()[2:] == [("passed", event["sequence"])]
    assert stand.lane.orders == ["close", "controlled", "open", "close"]
    assert stand.gate.machine.state == "IDLE"
    values = stand.records()[2][1]
    assert (values["direction"], values["riders"], values["device"]) == (1, 1, "gate")


def test_gate_should_sell_one_by_one():
    """TD-064: nobody else is served until the lane is free; the panel says why."""
    stand = GateStand()
    stand.tap(SmallCard(PAN))
    stand.clock.advance(1)
    card = SmallCard(OTHER)
    assert stand.tap(card) is None and card.sent == [] and stand.shown() == "blue"
    assert stand.log[-2][1] == "Please walk through"
    stand.people("entered cleared")
    assert stand.tap(card)["message"] == "ok"


def test_queue_should_let_several_pay_before_they_walk():
    """TD-064: so many as the parameter says, each with facts of his own."""
    stand = GateStand("queue=2")
    for pan in (PAN, OTHER):
        assert stand.tap(SmallCard(pan))["message"] == "ok"
    third = SmallCard("6228000100000036")
    stand.clock.advance(1)
    assert stand.tap(third) is None
    stand.people("entered cleared entered cleared")
    assert [one for one in stand.facts() if one[0] == "passed"] == [("passed", 1), ("passed", 3)]
    assert stand.gate.machine.state == "IDLE" and stand.tap(third)["message"] == "ok"


def test_no_passage_should_close_and_the_card_come_again_free():
    """TD-063: no GPO where the number can be read, one debit, the same sale; behind the grace
    time it pays again.
    """
    stand = GateStand("", "same_card_s: 0")
    card = open_card()
    stand.tap(card)
    stand.clock.advance(5)
    stand.turns()
    assert stand.words() == "approved opened not_passed"
    assert stand.log[-3][1] == "Not passed: same card again" and stand.shown() == "amber"
    card.sent = []
    assert stand.tap(card)["message"] == "re_entry" and stand.shown() == "green"
    assert len(card.debits) == 1 and not [one for one in card.sent if one[1] == 0xA8]
    stand.people("entered cleared")
    assert stand.words() == "approved opened not_passed re_entry opened passed"
    assert [one[1] for one in stand.facts()] == [0, 1, 1, 0, 1, 1]
    assert stand.tap(card)["message"] == "ok" and len(card.debits) == 2
    stand.clock.advance(5)
    stand.turns()
    stand.clock.advance(121)
    stand.turns()
    assert stand.tap(card)["message"] == "ok" and len(card.debits) == 3


def test_card_that_hides_its_number_should_come_again_free_behind_the_gpo():
    """TD-063: refused at the gate of the kernel, before its last record is read."""
    stand = GateStand("", "same_card_s: 0")
    card = SmallCard(PAN)
    card.free_records = False
    stand.tap(card)
    stand.clock.advance(5)
    stand.turns()
    assert stand.tap(card)["message"] == "re_entry" and len(card.debits) == 1
    assert stand.lane.orders[-1] == "open"


def test_who_walks_while_the_arms_close_should_have_passed():
    """TD-062, TD-063: the beam opens again, the late passage ends the grace time."""
    stand = GateStand("", "same_card_s: 0")
    card = open_card()
    stand.tap(card)
    stand.lane.deaf = True
    stand.clock.advance(5)
    stand.turns()
    stand.people("blocked freed cleared closed")
    assert stand.words() == "approved opened not_passed passed"
    assert stand.tap(card)["message"] == "ok" and len(card.debits) == 2


def test_tailgater_and_reverse_entry_should_raise_an_alarm():
    """TD-061: the one who paid goes through, the alarm is written down, the arms close behind."""
    stand = GateStand()
    stand.tap(SmallCard(PAN))
    stand.people("entered second cleared")
    assert stand.words() == "approved opened tailgating passed" and stand.shown() == "red"
    assert stand.tap(SmallCard(OTHER)) is None
    stand.clock.advance(5)
    stand.turns(4)
    assert stand.gate.machine.state == "IDLE"
    stand.people("reverse")
    assert stand.words().endswith("reverse")
    stand.clock.advance(5)
    stand.turns(4)
    stand.people("entered")
    assert stand.words().endswith("intrusion")


def test_passage_nobody_paid_should_be_a_record():
    """TD-060, TD-069"""
    stand = GateStand()
    stand.people("cleared")
    assert stand.facts() == [("stray", 0)]


def test_fire_should_open_stop_charging_and_go_on_counting():
    """TD-065, TD-067: free passages are counted, the attendant ends it, the self-test closes."""
    stand = GateStand("passback_min=10", "same_card_s: 0")
    stand.tap(SmallCard(PAN))
    stand.people("entered cleared")
    assert stand.tap(open_card(PAN))["message"] == "passback"
    stand.people("fire")
    assert stand.lane.orders[-1] == "release"
    card = SmallCard(OTHER)
    assert stand.tap(card) is None and card.sent == []
    stand.people("cleared cleared fire_over cleared")
    assert stand.tap(card) is None
    stand.gate.key("operator")
    stand.turns()
    assert stand.gate.machine.state == "IDLE" and stand.tap(card)["message"] == "ok"
    stand.people("entered cleared")
    assert stand.tap(open_card(PAN))["message"] == "ok"
    over = [values for _, values in stand.records() if values["reason"] == "fire_over"]
    assert int.from_bytes(over[0]["trade_data"][6:8], "big") == 2
    assert stand.gate.figures.counts["free"] == 3


def test_fire_in_the_middle_of_a_tap_should_debit_nothing():
    """TD-065: the wire is asked at the gate of the kernel."""
    stand = GateStand()
    card = SmallCard(PAN)

    def burn(command, answer):
        stand.lane.burning = len(card.sent) > 2
        return answer

    card.edit = burn
    assert stand.tap(card)["message"] == "gate_fire" and card.debits == []
    assert stand.lane.orders == ["close", "controlled"]


def test_fire_while_somebody_is_let_in_should_leave_it_unknown():
    """TD-060: nobody knows who went through; the card may come again."""
    stand = GateStand("", "same_card_s: 0")
    card = open_card()
    stand.tap(card)
    stand.people("fire cleared fire_over")
    assert stand.words() == "approved opened unknown fire fire_over"
    stand.gate.key("operator")
    stand.turns()
    assert stand.tap(card)["message"] == "re_entry" and len(card.debits) == 1


def test_silent_controller_should_stop_sales_and_be_said():
    stand = GateStand()
    stand.people("silent")
    card = SmallCard(PAN)
    assert stand.tap(card) is None and card.sent == [] and stand.shown() == "red"
    assert stand.words() == "gate_fault"
    stand.people("healed")
    assert stand.tap(card)["message"] == "ok"


def test_controller_that_fell_silent_in_the_tap_should_leave_a_free_way_back():
    """TD-060: paid and never opened."""
    stand = GateStand("", "same_card_s: 0")
    stand.lane.deaf = True
    card = open_card()
    stand.tap(card)
    stand.people("silent")
    assert stand.words() == "approved unknown gate_fault"
    stand.lane.deaf = False
    stand.people("healed")
    assert stand.tap(card)["message"] == "re_entry" and len(card.debits) == 1


def test_torn_tap_should_open_when_the_same_card_has_come():
    """terminals.md 5, WAIT_SAME: nobody is let in before, and once."""
    for acted in (True, False):
        stand = GateStand("", "same_card_s: 0")
        card = SmallCard(PAN)
        card.tear = (0xB2, -1, acted)
        assert stand.tap(card)["message"] == "last_record_lost"
        assert stand.gate.machine.state == "WAIT_SAME" and "open" not in stand.lane.orders
        assert stand.tap(card)["message"] == ("torn_recovered" if acted else "ok")
        assert stand.lane.orders.count("open") == 1 and len(card.debits) == 1
        stand.people("entered cleared")
        assert stand.words().endswith("approved opened passed")


def test_refused_card_should_open_nothing():
    stand = GateStand("", "deny: %s" % PAN)
    assert stand.tap(SmallCard(PAN))["message"] == "deny_list"
    assert "open" not in stand.lane.orders and stand.gate.machine.state == "IDLE"


def test_group_should_pay_once_and_be_counted_through():
    """TD-005, TD-071: n people, one debit, the rest may come again."""
    stand = GateStand("", "same_card_s: 0")
    stand.gate.key("persons", 3)
    stand.turns()
    card = open_card()
    event = stand.tap(card)
    assert event["amount_fen"] == 600 and len(card.debits) == 1
    assert stand.records()[0][1]["riders"] == 3 and stand.gate.machine.let_in == 3
    stand.people("entered cleared entered cleared")
    stand.clock.advance(5)
    stand.turns()
    riders = [values["riders"] for _, values in stand.records()]
    assert stand.words() == "approved opened passed not_passed" and riders == [3, 3, 2, 1]
    assert stand.tap(card)["message"] == "re_entry" and stand.gate.machine.let_in == 1
    stand.people("entered cleared")
    assert stand.tap(SmallCard(OTHER))["amount_fen"] == 200  # the next one is alone again
