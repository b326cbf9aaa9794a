# SPDX-License-Identifier: Apache-2.0
"""Public bike: hire, return, free minutes behind a bus, docks that fail; to the fen."""

from firmware.capp import layouts
from firmware.formats import extension
from firmware.kernel import apdu
from tests.devices.bike_stand import HELD_FEN, PLACE, BikeStand, new_card, state_of
from tests.small_card import LAST


def hired(stand, card=None):
    """(card, bike) of a rider who is under way."""
    card = card or new_card()
    assert stand.tap(card)["message"] == "frozen"
    stand.settle(500)
    return card, stand.taken()


def test_hire_should_freeze_and_open_a_dock():
    """QX-018, QX-049, QX-052: the lock behind the verdict; the record names dock and bike."""
    stand, card = BikeStand(), new_card()
    assert stand.docks.open_docks() == []
    event = stand.tap(card)
    assert (event["message"], event["balance_fen"]) == ("frozen", 5000)
    stand.settle(500)
    assert stand.docks.open_docks() == [1] and stand.docks.opened == 1
    ((kind, values),) = stand.records()
    assert (kind, values["reference"], values["trade_data"]) == ("preauthorised", 11, b"\x01\x01")
    assert values["direction"] == 1 and stand.taken() == 11
    assert stand.trade.station.handing == [] and stand.trade.station.kept == []


def test_pressed_dock_should_be_the_one():
    stand = BikeStand()
    stand.docks.press(2)
    stand.settle(500)
    assert hired(stand)[1] == 12


def test_return_should_cost_until_the_lock_and_not_until_the_tap():
    """QX-055: nothing within the free time; the price of the time; never more than was frozen."""
    for minutes, fen, message in ((20, 0, "free_return"), (100, 200, "ok"), (239, 400, "ok")):
        stand = BikeStand()
        card, bike = hired(stand)
        stand.at(minutes)
        dock = stand.brought(bike)
        event = stand.tap(card)
        assert (event["message"], card.balance_fen) == (message, 10000 - fen), minutes
        assert card.frozen == {} and state_of(card) == layouts.COMPLETED
        values = stand.records()[-1][1]
        assert (values["reference"], values["direction"]) == (bike, 2)
        assert values["trade_data"] == bytes((1, dock))
        stand.settle()
        assert stand.docks.places[dock].state == 1  # may be hired again
    stand = BikeStand(freeze_fen="300")
    card, bike = hired(stand)
    stand.at(239)
    stand.brought(bike)
    assert stand.tap(card)["amount_fen"] == 300 and card.balance_fen == 9700  # 4.00 by the tariff
    assert stand.records()[-1][1]["full_fare_fen"] == 300


def test_time_between_lock_and_tap_should_cost_nothing():
    stand = BikeStand()
    card, bike = hired(stand)
    stand.at(30)
    stand.brought(bike)
    stand.clock.advance(540)
    stand.at(39)
    stand.settle()
    assert stand.tap(card)["message"] == "free_return"


def test_overdue_hire_should_cost_what_was_frozen():
    """QX-049."""
    stand = BikeStand()
    card, bike = hired(stand)
    stand.at(241)
    stand.brought(bike)
    assert stand.tap(card)["message"] == "ok" and card.balance_fen == 10000 - HELD_FEN
    assert stand.records()[-1][1]["rule"] == "overdue"


def test_open_hire_should_get_no_second_bike_and_no_completion_without_one():
    """QX-050: refused with words, nothing is asked of the card."""
    stand = BikeStand()
    card, _ = hired(stand)
    stand.at(10)
    gpos = card.asked(apdu.INS_GPO)
    assert stand.tap(card)["message"] == "bike_out"
    assert card.asked(apdu.INS_GPO) == gpos and stand.docks.open_docks() == []
    assert card.frozen == {PLACE: HELD_FEN}


def test_station_without_bikes_should_say_so():
    stand, card = BikeStand((0, 0)), new_card()
    assert stand.tap(card)["message"] == "no_bikes" and card.asked(apdu.INS_GPO) == 0


def test_stuck_lock_should_open_another_dock_for_the_same_card():
    """QX-042: without a second freeze; the fact is in the journal."""
    stand, card = BikeStand(), new_card()
    stand.docks.places[1].stuck = True
    assert stand.tap(card)["message"] == "frozen"
    stand.settle()
    assert stand.docks.open_docks() == [] and "Lock stuck: same card again" in str(stand.log)
    gpos = card.asked(apdu.INS_GPO)
    assert stand.tap(card)["message"] == "re_entry" and card.asked(apdu.INS_GPO) == gpos
    stand.settle(500)
    assert stand.taken(2) == 12 and stand.trade.station.kept == []
    assert stand.kinds() == ["preauthorised", "event", "event"]
    assert stand.records()[1][1]["reason"] == "bike_not_given 1"


def test_bike_that_was_not_given_should_cost_nothing():
    """No other dock: a completion of nothing frees the sum, also behind a restart."""
    for restarts in (False, True):
        stand, card = BikeStand((11, 0)), new_card()
        stand.docks.places[1].stuck = True
        stand.tap(card)
        stand.settle()
        if restarts:
            stand.restart()
            stand.settle()
        assert stand.tap(card)["message"] == "free_return"
        assert card.balance_fen == 10000 and card.frozen == {}
        values = stand.records()[-1][1]
        assert values["rule"] == "not_given" and values["reference"] == 0
        assert stand.tap(card)["message"] == "no_bikes"  # its dock is out of order


def test_bike_that_nobody_takes_should_be_locked_again_and_given_once_more():
    stand, card = BikeStand(), new_card()
    stand.tap(card)
    stand.settle(21000)
    assert stand.docks.open_docks() == []
    assert stand.tap(card)["message"] == "re_entry"
    stand.settle(500)
    assert len(stand.docks.open_docks()) == 1
    stand.taken()
    assert card.frozen == {PLACE: HELD_FEN}


def test_power_cut_before_the_lock_moved_should_be_found_at_the_start():
    """The sum is durable, the order never went out: not given, until the card comes again."""
    stand, card = BikeStand(), new_card()
    stand.trade.station.hand = lambda hire: True
    stand.tap(card)
    stand.restart()
    stand.settle()
    assert stand.trade.station.state_of(1) == "kept" and stand.docks.open_docks() == []
    assert stand.tap(card)["message"] == "re_entry"
    stand.settle(500)
    stand.taken()


def torn_freeze(stand):
    """A card whose freeze was torn when it had acted, and whose window is over: pending."""
    card = new_card()
    card.tear = (apdu.INS_READ_RECORD, LAST, True)
    assert stand.tap(card)["message"] == "last_record_lost"
    stand.clock.advance(70)
    for _ in range(6):
        stand.terminal.turn()
    stand.settle()
    assert stand.kinds() == ["pending"] and state_of(card) == layouts.FROZEN
    return card


def test_freeze_that_was_never_settled_should_be_let_go_where_it_was_made():
    """QX-036, QX-055: no lock has opened behind it; also after a restart, and at once."""
    for restarts, minute in ((False, 1), (True, 30)):
        stand = BikeStand()
        card = torn_freeze(stand)
        stand.at(minute)
        if restarts:
            stand.restart()
            stand.settle()
        assert stand.tap(card)["message"] == "free_return" and stand.docks.opened == 0
        assert card.balance_fen == 10000 and card.frozen == {}
        assert stand.tap(card)["message"] == "frozen"


def test_freeze_that_a_long_outage_followed_should_be_let_go_by_the_docks():
    """The power went before the lock moved, for longer than a lock stands open: the bike has not
    left its dock since.
    """
    stand, card = BikeStand(), new_card()
    stand.trade.station.hand = lambda hire: True
    stand.tap(card)
    stand.clock.advance(600)
    stand.at(10)
    stand.restart()
    stand.settle(3000)
    assert stand.tap(card)["message"] == "free_return" and card.frozen == {}
    card, bike = hired(stand)
    stand.clock.advance(600)
    stand.restart()
    stand.settle(3000)
    assert stand.tap(card)["message"] == "bike_out"  # it has left, and comes back later
    stand.at(100)
    stand.brought(bike)
    assert stand.tap(card)["message"] == "ok"


def test_bike_of_the_second_try_should_be_paid_behind_a_restart():
    """The first dock was stuck, another has opened: that nobody got a bike is over."""
    stand, card = BikeStand(), new_card()
    stand.docks.places[1].stuck = True
    stand.tap(card)
    stand.settle()
    assert stand.tap(card)["message"] == "re_entry"
    stand.settle(500)
    bike = stand.taken(2)
    stand.restart()
    stand.settle()
    assert stand.tap(card)["message"] == "bike_out"
    stand.at(100)
    stand.brought(bike)
    assert stand.tap(card)["message"] == "ok" and card.balance_fen == 10000 - 200


def test_two_riders_should_not_be_promised_one_bike():
    stand, first, second = BikeStand(), new_card(), new_card("6228000100000028")
    assert stand.tap(first)["message"] == stand.tap(second)["message"] == "frozen"
    stand.settle(500)
    assert stand.docks.open_docks() == [1, 2]


def test_bike_brought_without_a_card_should_be_hired_again_and_named():
    """The frozen sum stays: open on the card."""
    stand = BikeStand((11, 0))
    card, bike = hired(stand)
    dock = stand.brought(bike)
    stand.clock.advance(601)
    stand.settle(3000)
    assert stand.docks.places[dock].state == 1
    values = stand.records()[-1][1]
    assert (values["reason"], values["reference"]) == ("bike_untapped", bike)
    assert stand.kinds() == ["preauthorised", "event"]
    stand.at(20)
    assert stand.tap(card)["message"] == "bike_out" and card.frozen == {PLACE: HELD_FEN}


def test_ride_on_a_bus_before_should_make_minutes_free():
    """QX-062, QX-063: near enough, of a bus, and before the hire; a ring that cannot be read is
    the full price.
    """
    cases = ((10, 2, 0), (0, 2, 0), (30, 2, 0), (31, 2, 200), (-5, 2, 200), (10, 1, 200))
    for before, trade, fen in cases + ((None, 2, 200),):
        stand = BikeStand(transfer_min="30", transfer_free_min="60")
        card = new_card()
        ride = b"\xff" * 48
        if before is not None:
            hour, minute = (9, 60 - before) if before > 0 else (10, -before)
            fields = {"trade": trade, "time": (2026, 11, 21, hour, minute, 0)}
            ride = layouts.write(layouts.RIDE, bytes(48), fields)
        card.newest = [ride]
        bike = hired(stand, card)[1]
        stand.at(90)
        stand.brought(bike)
        stand.tap(card)
        assert card.balance_fen == 10000 - fen, (before, trade)
        assert (stand.records()[-1][1]["rule"] == "transfer") is (fen == 0)


def test_docks_that_are_away_should_close_the_station():
    stand, card = BikeStand(), new_card()
    stand.wire.up = False
    stand.settle(4000)
    assert stand.tap(card) is None and stand.trade.offer().message == "docks_lost"
    assert card.asked(apdu.INS_GPO) == 0
    stand.wire.up = True
    stand.settle(4000)
    assert stand.tap(card)["message"] == "frozen"


def test_completion_should_hold_all_of_the_freeze():
    """QX-053: one record says both, whatever becomes of the one before."""
    stand = BikeStand()
    card, bike = hired(stand)
    (hire,) = extension.of(stand.records()[0][1])["changes"]
    stand.at(100)
    stand.brought(bike)
    stand.tap(card)
    (done,) = extension.of(stand.records()[1][1])["changes"]
    assert done[2] == hire[3]
    said = layouts.read(layouts.FREEZE, done[3])
    assert (said["frozen_fen"], said["entry_number"], said["amount_fen"]) == (HELD_FEN, 1, 200)


def test_price_should_be_asked_for_this_card_and_product():
    """A class of the tariff is the card's; the time ends at the lock, to the second."""
    stand = BikeStand()
    card, bike = hired(stand)
    stand.at(61)
    stand.brought(bike)
    asked, stay = [], stand.trade.tariff.stay
    stand.trade.tariff.stay = lambda *told: asked.append(told) or stay(*told)
    assert stand.tap(card)["message"] == "ok"
    product, began, ended, pan, trusted = asked[-1]
    assert (product, pan, trusted) == ("bike", "6228000100000010", True)
    assert began == (2026, 11, 21, 10, 0, 0) and ended >= (2026, 11, 21, 11, 0, 50)
    assert ended <= (2026, 11, 21, 11, 1, 0)
