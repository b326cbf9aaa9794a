# SPDX-License-Identifier: Apache-2.0
"""Cards on a bus: staff, little left, a group, torn; what the driver reads of them."""

from firmware.kernel import apdu
from tests.crew import a_crew
from tests.small_card import LAST, SmallCard

STAFF = "same_card_s: 60\nclass: driver 62280077 100\nclass: collection 62280078 100\n"


def test_staff_should_be_let_through_and_noted():
    """TD-031: each kind is known by its class, logged, never charged."""
    crew = a_crew(STAFF)
    crew.key("on 4711")
    for pan, message, name in (
        ("6228007700000010", "driver", "driver"),
        ("6228007800000010", "staff", "collection"),
    ):
        assert crew.tap(pan=pan) == message and crew.stand.shown() == "green"
        values = crew.last()
        assert (values["reason"], values["fare_class"], values["amount_fen"]) == (message, name, 0)
    assert crew.trade.shift.sum_of("staff") == (2, 2, 0)


def test_one_card_should_pay_for_a_group_when_it_is_keyed():
    """TD-005: by an explicit key, for one tap, within its time; the guard does not stop it."""
    crew = a_crew()
    crew.key("on 4711")
    assert crew.tap() == "ok" and crew.tap() == "already_paid"
    assert crew.key("group 3") == ["ok driver 4711 shift 1, line 5 out stop 0 group 3"]
    crew.stand.clock.advance(1)
    crew.read()
    assert ("show", "One card pays 6.00", 0) in crew.stand.log
    assert crew.tap() == "ok"
    assert (crew.last()["amount_fen"], crew.last()["riders"]) == (600, 3)
    assert crew.tap() == "already_paid" and crew.trade.trip.riders == 1
    assert crew.trade.shift.sum_of("card") == (2, 4, 800)
    crew.key("group 2")
    crew.stand.clock.advance(20)
    assert crew.read(2) == ["note nobody paid: what was keyed is forgotten"]
    assert crew.tap() == "already_paid"


def test_torn_group_tap_should_use_the_key_up():
    """TD-005: the debit of three is settled by the same card; nobody else pays for three."""
    crew = a_crew()
    crew.key("on 4711")
    crew.key("group 3")
    torn = SmallCard("62280001000009")
    torn.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert crew.stand.tap(torn)["message"] == "last_record_lost"
    assert crew.trade.trip.riders == 1
    assert crew.stand.tap(torn)["message"] == "torn_recovered"
    assert (len(torn.debits), crew.last()["amount_fen"]) == (1, 600)
    assert crew.tap(2) == "ok" and crew.last()["amount_fen"] == 200


def test_card_with_little_left_should_be_asked_to_top_up():
    """TD-040."""
    crew = a_crew()
    crew.key("on 4711")
    card = SmallCard("62280001000003")
    card.balance_fen = 700
    assert crew.stand.tap(card)["message"] == "low_balance" and crew.stand.shown() == "green"
