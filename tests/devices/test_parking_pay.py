# SPDX-License-Identifier: Apache-2.0
"""A pay station over the shared store: asked, paid, let out; lines and powers that fail."""

from firmware.devices.lane_store import Entry, LaneStore, Payment, key_of, pack_told
from firmware.kernel import apdu
from sim.flash import Flash
from tests.devices.parking_stand import OTHER, PAN, open_card
from tests.devices.pay_stand import STATION, Park
from tests.small_card import LAST


def test_driver_should_be_told_pay_and_drive_out():
    """TD-068: two taps inside, none of them opens; the exit lets out for nothing."""
    park, card = Park(), open_card()
    assert "Pay 5.00: card again" in park.asks(card) and card.asked(apdu.INS_GPO) == 0
    assert park.payment() == Payment(None, 0, STATION)
    assert park.pay.tap(card)["message"] == "ok" and card.balance_fen == 9500
    park.beat()
    assert park.payment() == Payment((2026, 11, 21, 11, 30, 0), 500, 0)
    assert park.pay.records()[-1][1]["direction"] == 0
    park.at(104)
    assert park.exit.tap(card) == "prepaid" and park.exit.barrier.pulses == 1
    assert card.balance_fen == 9500 and park.exit.trade.store.find(key_of(PAN)) is None
    assert park.exit.tap(card) == "re_entry"


def test_rest_should_be_due_behind_the_time_to_leave():
    """TD-068: at the exit, or at the pay station once more; all together is the tariff's price."""
    park, card = Park(), open_card()
    assert park.pays(card) == "ok"
    park.at(106)
    assert park.exit.tap(card) == "free_exit"  # the block that was paid goes on
    park, card = Park(), open_card()
    park.pays(card)
    park.at(150)
    assert park.exit.tap(card) == "ok" and card.balance_fen == 10000 - 700
    park, card = Park(), open_card()
    park.pays(card)
    park.at(150)
    park.pay.clock.advance(3600)
    park.beat()
    assert park.pays(card) == "ok" and park.payment().paid_fen == 700
    assert park.exit.tap(card) == "prepaid" and card.balance_fen == 10000 - 700


def test_nothing_should_be_taken_where_nothing_is_due():
    """In the free minutes, paid before, or never came in: no GPO, and the entry is let go."""
    park, card = Park(14), open_card()
    assert "Drive out, not charged" in park.asks(card)
    assert "No entry: ask attendant" in park.asks(open_card(OTHER))
    assert card.asked(apdu.INS_GPO) == 0 and park.payment().asked_by == 0
    park.at(90)
    park.pays(card)
    assert "Paid before, drive out" in park.asks(card) and card.balance_fen == 9500


def test_exit_should_not_charge_what_may_have_been_paid():
    """Never twice: the line is lost behind the debit; the payment goes on when it is back."""
    park, card = Park(), open_card()
    park.asks(card)
    park.wire.cut = True
    assert park.pay.tap(card)["message"] == "ok"
    park.beat(5)
    assert park.exit.tap(card) == "pay_open" and park.exit.barrier.pulses == 0
    assert park.pay.tap(open_card(OTHER)) is None  # no price while the line is lost
    park.wire.cut = False
    park.beat(5)
    assert park.exit.tap(card) == "prepaid" and card.balance_fen == 9500


def test_payment_should_go_on_after_a_cut_of_power():
    """TD-012: told from the journal; what was only asked for is let go."""
    park, card, other = Park(), open_card(), open_card(OTHER)
    park.at(0)
    park.park(OTHER)
    park.at(90)
    park.beat()
    park.asks(card)
    park.asks(other)
    park.wire.cut = True
    assert park.pay.tap(card)["message"] == "ok"
    park.pay.restart()
    park.exit.stand.restart()
    assert park.payment().asked_by == park.payment(OTHER).asked_by == STATION
    assert park.exit.tap(card) == "pay_open"
    park.wire.cut = False
    park.beat(6)
    assert park.payment() == Payment((2026, 11, 21, 11, 30, 0), 500, 0)
    assert park.payment(OTHER) == Payment(None, 0, 0)
    assert park.exit.tap(card) == "prepaid" and card.balance_fen == 9500


def test_torn_debit_should_hold_the_exit_until_it_is_settled():
    """QT-157, QT-179: torn behind the debit; the same card settles it, the exit learns of it."""
    for acted in (False, True):
        park, card = Park(), open_card()
        park.asks(card)
        card.tear = (apdu.INS_READ_RECORD, LAST, acted)
        assert park.pay.tap(card)["outcome"] == "torn_pending"
        park.beat()
        assert park.exit.tap(card) == "pay_open"
        said = park.pay.tap(card)["message"]
        assert said == ("torn_recovered" if acted else "ok"), acted
        park.beat()
        assert park.exit.tap(card) == "prepaid" and card.balance_fen == 9500, acted


def test_debit_that_stays_unknown_should_be_nobodys_twice():
    """QT-183: pending at the pay station, neither paid nor unpaid; the exit does not charge it,
    restarts change nothing, and nobody asks a price for that card.
    """
    park, card = Park(), open_card()
    park.asks(card)
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    park.pay.tap(card)
    park.pay.clock.advance(10**4)
    park.beat(3)
    assert park.pay.kinds()[-1] == "pending"
    for restarted in (False, True):
        if restarted:
            park.pay.restart()
            park.exit.stand.restart()
            park.beat(5)
        assert park.payment().asked_by == STATION
        assert park.exit.tap(card) == "pay_open" and park.exit.barrier.pulses == 0
        assert "Pay station: not settled" in park.asks(card)
    assert card.balance_fen == 9500


def test_price_that_nobody_pays_should_be_let_go():
    """The window is over: the exit charges, and the pay station asks anew."""
    park, card = Park(), open_card()
    park.asks(card)
    assert park.exit.tap(card) == "pay_open"
    park.beat(62)
    assert park.payment() == Payment(None, 0, 0)
    assert park.exit.tap(card) == "ok" and card.balance_fen == 9500
    assert "No entry: ask attendant" in park.asks(card)


def test_answer_that_was_lost_should_hold_nobody():
    """The exit has marked the entry, the price never came: let go; the driver asks anew."""
    park, card = Park(), open_card()
    park.pay.tap(card)
    park.exit.stand.terminal.turn()
    assert park.payment().asked_by == STATION
    park.wire.held[1] = b""
    park.beat(2)
    park.pay.tap(open_card(OTHER))  # gives the first one up
    park.beat(1)
    assert park.payment().asked_by == 0
    assert park.pays(card) == "ok" and park.payment().paid_fen == 500
    other = Park()
    other.pay.tap(card)
    other.exit.stand.terminal.turn()
    other.wire.held[1] = b""
    other.beat(4)
    assert other.payment().asked_by == 0 and ("show", "Closed: lane link is lost", 0) in (
        other.pay.log
    )


def test_exit_that_is_torn_should_keep_the_pay_station_off():
    """Whoever may have paid at the exit is not asked a price inside."""
    park, card = Park(), open_card()
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    park.exit.stand.tap(card)
    assert "No entry: ask attendant" in park.asks(card)
    assert park.exit.tap(card) == "torn_recovered" and card.balance_fen == 9500


def test_store_should_take_a_payment_once_and_none_without_its_entry():
    """The same one said again changes nothing; one of another entry is answered `gone`."""
    storage = Flash(6, 1024)
    store = LaneStore(storage)
    came = Entry(key_of(PAN), 1, (2026, 11, 21, 10, 0, 0), 2)
    store.enter(came)
    first = pack_told(came, Payment((2026, 11, 21, 11, 0, 0), 500, 9))
    more = pack_told(came, Payment((2026, 11, 21, 12, 0, 0), 700, 9))
    for body, paid_fen in ((first, 500), (more, 700), (first, 700)):
        assert store.told(body) == "stored" and store.payment(came.key).paid_fen == paid_fen
    again = LaneStore(storage)
    assert again.find(came.key) == came
    assert again.payment(came.key) == Payment((2026, 11, 21, 12, 0, 0), 700, 0)
    other = Entry(came.key, 1, (2026, 11, 21, 10, 30, 0), 2)
    assert again.told(pack_told(other, Payment((2026, 11, 21, 11, 0, 0), 100, 9))) == "gone"
    again.leave(came.key)
    assert again.told(first) == "gone" and again.payment(came.key) is None
    assert again.asked(came.key + b"\x09") == came.key


def test_payment_that_is_too_late_should_be_reported_once():
    """Its car was let out by hand meanwhile; what is said again after a restart is none."""
    park, card = Park(), open_card()
    assert park.pays(card) == "ok" and park.exit.tap(card) == "prepaid"
    park.pay.restart()
    park.beat(4)
    assert park.pay.trade.owed == [] and _late(park) == 0
    park, card = Park(), open_card()
    park.asks(card)
    park.wire.cut = True
    park.pay.tap(card)
    park.exit.trade.store.leave(key_of(PAN))
    park.wire.cut = False
    park.beat(4)
    assert _late(park) == 1
    park.beat(4)
    assert _late(park) == 1 and park.pay.trade.owed == []


def _late(park):
    return sum(one["event"] == "payment_late" for one in park.pay.events)
