# SPDX-License-Identifier: Apache-2.0
"""A pump's terminal: freeze, release, fill, complete; who leaves, who taps instead, what fails."""

from firmware.capp import layouts
from firmware.errors import JournalFull
from firmware.formats import extension, record
from firmware.kernel import apdu
from firmware.neighbours import pump
from tests.capp_card import CappCard
from tests.devices.fuel_stand import FREEZE_FEN, PLACE, FuelStand, fields, new_card
from tests.small_card import LAST

OTHER = "6228000100000028"


def test_car_should_be_filled_and_pay_what_was_poured():
    """QX-018, QX-033, QX-052, QX-055: the limit, the release, the note, the completion."""
    stand, card = FuelStand(), new_card()
    stand.says(pump.LIFTED)
    event = stand.tap(card)
    assert (event["message"], event["balance_fen"]) == ("frozen", 10000 - FREEZE_FEN)
    assert stand.kinds() == ["preauthorised"]
    stand.says(stand.wire.state)
    assert stand.wire.told[0] == (pump.LIMIT, b"\0\0\0\1" + FREEZE_FEN.to_bytes(4, "big"))
    assert stand.kinds_told() == [pump.LIMIT, pump.RELEASE]
    stand.says(pump.FILLING, 2000)
    stand.says(pump.FILLED, 3000)
    assert stand.kinds_told() == [pump.CLEAR] and stand.notes() == [(1, 2400)]
    event = stand.tap(card)
    assert (event["message"], event["amount_fen"], event["fare_class"]) == ("ok", 2400, "92")
    assert card.balance_fen == 10000 - 2400 and not card.frozen
    kind, values = stand.records()[-1]
    assert (kind, values["reference"]) == ("approved", 1)
    assert extension.of(values)["kind"] == extension.COMPLETION
    receipt = [one for one in stand.events if one["event"] == "receipt"][-1]["lines"]
    assert "升 l 3.000" in receipt and "金额 Amount 24.00" in receipt
    stand.says(pump.LIFTED)
    assert stand.tap(card)["message"] == "frozen"  # the next fill, at once


def test_nothing_should_be_released_before_the_record():
    """QX-033, TD-001: refused, declined, torn: the pump hears nothing."""
    stand, card = FuelStand(), new_card(balance_fen=FREEZE_FEN - 1)
    stand.says(pump.LIFTED)
    assert stand.tap(card)["outcome"] == "declined"  # QX-057
    stand.says(pump.LIFTED)
    assert stand.kinds_told() == []
    for acted in (False, True):
        stand, card = FuelStand(), new_card()
        stand.says(pump.LIFTED)
        card.tear = (apdu.INS_READ_RECORD, LAST, acted)
        event = stand.tap(card)
        assert event["taken"] is None, event
        stand.says(pump.LIFTED)
        assert stand.kinds_told() == []
        event = stand.tap(card)
        assert event["outcome"] == ("recovered" if acted else "approved")
        stand.says(stand.wire.state)
        assert stand.kinds_told() == [pump.LIMIT, pump.RELEASE] and len(card.frozen) == 1


def test_nothing_poured_should_take_nothing():
    """QX-055: a completion with 0, no sale."""
    stand, card = FuelStand(), new_card()
    stand.fills(card, 0)
    assert stand.tap(card)["message"] == "fuel_none"
    assert card.balance_fen == 10000 and stand.kinds()[-1] == "stamped"
    assert fields(card)["state"] == layouts.COMPLETED


def test_hung_up_before_the_release_should_take_nothing():
    """The wish is given up; the pump says that the nozzle is in its place."""
    stand, card = FuelStand(), new_card()
    stand.says(pump.LIFTED)
    stand.tap(card)
    stand.wire.told = []
    stand.wire.deaf = True
    stand.says(pump.LIFTED, turns=12)
    stand.wire.deaf = False
    stand.says(pump.IDLE)
    assert stand.notes() == [(1, 0)] and pump.RELEASE not in stand.kinds_told()
    assert stand.tap(card)["message"] == "fuel_none" and card.balance_fen == 10000


def test_same_card_should_be_released_anew_while_the_nozzle_is_out():
    """QX-042: the release was lost; without a second freeze."""
    stand, card = FuelStand(), new_card()
    stand.says(pump.LIFTED)
    stand.wire.deaf = True
    stand.tap(card)
    stand.says(pump.LIFTED, turns=12)
    stand.wire.deaf = False
    stand.says(pump.LIFTED, turns=8)
    stand.kinds_told()
    assert stand.tap(card)["message"] == "re_entry" and card.asked(apdu.INS_GPO) == 1
    stand.says(stand.wire.state)
    assert stand.kinds_told()[-2:] == [pump.LIMIT, pump.RELEASE]
    assert stand.wire.state == pump.RELEASED and stand.wire.limit_fen == FREEZE_FEN


def test_second_card_should_wait():
    """Released, filling: refused before the GPO; the own card is told to hang up first."""
    stand, card, other = FuelStand(), new_card(), new_card(pan=OTHER)
    stand.says(pump.LIFTED)
    stand.tap(card)
    for state in (pump.RELEASED, pump.FILLING):
        stand.says(state, 0)
        assert stand.tap(other)["message"] == "pump_busy"
        assert stand.tap(card)["message"] == "pump_hang"
    assert other.asked(apdu.INS_GPO) == 0 and card.asked(apdu.INS_GPO) == 1


def test_nozzle_should_be_out_and_the_pump_be_there():
    stand, card = FuelStand(), new_card()
    cases = ((pump.IDLE, "pump_lift"), (pump.FAULT, None))
    for state, word in cases:
        stand.says(state)
        event = stand.tap(card)
        assert (event and event["message"]) == word
    stand.wire.deaf = True
    stand.says(pump.LIFTED, turns=12)
    assert stand.trade.offer().message == "pump_silent" and not stand.trade.offer().sells
    assert card.asked(apdu.INS_GPO) == 0


def test_driver_who_left_should_pay_at_his_next_tap():
    """Another car in between, a restart, days later; the pump may even be silent."""
    for restarts in (False, True):
        stand, card, other = FuelStand(), new_card(), new_card(pan=OTHER)
        stand.fills(card, 4000)
        stand.fills(other, 1000)
        if restarts:
            stand.restart()
            stand.wire.deaf = True
            stand.says(pump.IDLE, turns=12)
        stand.clock.now = (2026, 11, 25, 9, 0, 0)
        assert stand.tap(card)["amount_fen"] == 3200 and card.balance_fen == 6800
        assert stand.tap(other)["amount_fen"] == 800 and other.balance_fen == 9200
        assert not stand.trade.fills.by_order


def test_sale_should_be_asked_again_behind_a_cut():
    """Between release and hang-up: the pump goes on alone, its sale is noted at the start."""
    for state, quantity in ((pump.FILLED, 2500), (pump.FILLING, 1000), (pump.RELEASED, 0)):
        stand, card = FuelStand(), new_card()
        stand.says(pump.LIFTED)
        stand.tap(card)
        stand.says(stand.wire.state)
        stand.wire.state, stand.wire.quantity = state, quantity
        stand.restart()
        stand.says(state, quantity)
        assert pump.STOP not in stand.kinds_told()
        if state != pump.FILLED:
            stand.says(pump.FILLED, 2500)
        assert stand.notes() == [(1, 2000)]
        assert stand.tap(card)["amount_fen"] == 2000


def test_note_should_be_written_once_where_the_clear_is_lost():
    """A cut between the note and the pump's forgetting: one EVENT, the pump is told again."""
    stand, card = FuelStand(), new_card()
    stand.fills(card, 2000)
    stand.wire.state, stand.wire.order, stand.wire.quantity = pump.FILLED, 1, 2000
    stand.restart()
    stand.says(pump.FILLED, 2000)
    assert stand.notes() == [(1, 1600)] and stand.wire.state == pump.IDLE
    assert stand.tap(card)["amount_fen"] == 1600


def test_pump_should_forget_nothing_that_is_not_written():
    """The journal is full when the nozzle is hung up: the pump keeps its sale until there is
    room.
    """
    stand, card = FuelStand(), new_card()
    stand.says(pump.LIFTED)
    stand.tap(card)
    stand.says(pump.FILLING, 2000)
    fill(stand)
    stand.kinds_told()
    stand.says(pump.FILLED, 2000)
    assert pump.CLEAR not in stand.kinds_told() and stand.wire.state == pump.FILLED
    stand.journal.acknowledge(stand.journal.settled_upto())
    stand.says(pump.FILLED, 2000)
    assert stand.notes() == [(1, 1600)] and pump.CLEAR in stand.kinds_told()
    assert stand.tap(card)["amount_fen"] == 1600


def fill(stand):
    """Events until the journal takes no more."""
    values = stand.terminal.sale.stamp.onto(record.blank(record.EVENT))
    try:
        while True:
            stand.journal.append(record.pack(values))
    except JournalFull:
        pass


def test_pump_out_of_order_should_neither_freeze_nor_let_go():
    """It may have poured: nobody says that nothing was, and nobody gets a new sum frozen."""
    stand, card, other = FuelStand(), new_card(), new_card(pan=OTHER)
    stand.fills(other, 1000)
    stand.says(pump.LIFTED)
    stand.tap(card)
    stand.says(pump.FAULT)
    stand.at(30)
    assert stand.tap(card)["message"] == "pump_away" and card.frozen
    third = new_card(pan="6228000100000036")
    assert stand.tap(third)["message"] == "pump_away" and third.balance_fen == 10000
    assert stand.tap(other)["amount_fen"] == 800


def test_overrun_should_be_taken_as_it_was():
    """QX-055: above what is frozen, from balance and frozen sum."""
    stand, card = FuelStand(), new_card()
    stand.fills(card, FREEZE_FEN * 1000 // 800 + 50)
    assert stand.tap(card)["amount_fen"] == FREEZE_FEN + 40
    assert card.balance_fen == 10000 - FREEZE_FEN - 40


def test_pump_that_pours_for_nobody_should_be_stopped():
    """Another order than ours, or a limit above what is frozen; its sale is kept."""
    stand = FuelStand()
    stand.says(pump.LIFTED)
    stand.wire.order, stand.wire.limit_fen, stand.wire.sale = 77, 9900, 4
    stand.says(pump.FILLING, 100)
    assert pump.STOP in stand.kinds_told()
    stand.says(pump.FILLED, 100)
    stand.wire.sale = 5
    stand.says(pump.FILLED, 200)  # of no order at all
    assert stand.notes() == [(77, 80), (0, 160)]
    stand, card = FuelStand(), new_card()
    stand.says(pump.LIFTED)
    stand.tap(card)
    stand.wire.limit_fen, stand.wire.order = FREEZE_FEN + 1, 1
    stand.says(pump.RELEASED)
    assert pump.STOP in stand.kinds_told()


def test_what_nobody_knows_should_be_left_to_people():
    """Frozen elsewhere; of a number that this journal does not have, or has for another card."""
    cases = (
        ({"entry_gate": 9}, "other_pump"),
        ({"entry_number": 55}, "fuel_unknown"),
        ({}, "ok"),
    )
    for changes, word in cases:
        stand, card = FuelStand(), new_card()
        stand.fills(card, 1000)
        card.pages[PLACE] = layouts.write(layouts.FREEZE, card.pages[PLACE], changes)
        assert stand.tap(card)["message"] == word
        assert bool(card.frozen) == (word != "ok")
    stand, card, other = FuelStand(), new_card(), new_card(pan=OTHER)
    stand.fills(card, 1000)
    other.pages, other.frozen = dict(card.pages), dict(card.frozen)
    assert stand.tap(other)["message"] == "fuel_unknown" and other.asked(apdu.INS_GPO) == 0


def test_freeze_that_stayed_torn_should_be_let_go():
    """QX-038: its time is over, the card comes back with the sum frozen and nothing poured."""
    for restarts in (False, True):
        stand, card = FuelStand(), new_card()
        stand.says(pump.LIFTED)
        card.tear = (apdu.INS_READ_RECORD, LAST, True)
        stand.tap(card)
        stand.clock.advance(100)
        stand.clock.utc_s += 100
        stand.says(pump.IDLE, turns=8)
        assert stand.kinds() == ["pending"]
        if restarts:
            stand.restart()
            stand.says(pump.IDLE)
        stand.at(30)
        assert stand.tap(card)["message"] == "fuel_none"
        assert card.balance_fen == 10000 and not card.frozen


def test_sum_should_be_keyed_below_the_most():
    """For one card; the pump's limit is never passed."""
    from firmware.devices.fuel_words import COMMANDS
    from firmware.neighbours.console import Console

    class Desk:
        def __init__(self, console):
            self.console, self.typed = console, b""

        def turn(self):
            typed, self.typed = self.typed, b""
            return self.console.feed(typed, 0)

        def close(self):
            pass

    stand, card = FuelStand(most_fen="8000"), new_card()
    stand.trade.console = Console(COMMANDS)
    stand.trade.desk = Desk(stand.trade.console)
    for typed, fen in ((b"sum 80.01\r", 5000), (b"sum 70\r", 7000), (b"full\r", 5000)):
        stand.trade.desk.typed = typed
        stand.says(pump.LIFTED)
        assert (stand.trade.keyed_fen or stand.trade.freeze_fen) == fen, typed
    stand.trade.desk.typed = b"sum 12.5\r"
    stand.says(pump.LIFTED)
    assert stand.tap(card)["amount_fen"] == 1250 and not stand.trade.keyed_fen
    stand.says(stand.wire.state)
    assert stand.wire.limit_fen == 1250


def test_fill_should_be_written_again_before_the_journal_forgets_it():
    """A ring of few blocks, a hundred refused cards, a restart: the sum is still known."""
    from firmware.devices.fuel_fills import AGAIN_AFTER

    stand, card = FuelStand(), new_card()
    stand.fills(card, 1500)
    plain = CappCard(pan=OTHER)
    for _ in range(2 * AGAIN_AFTER + 3):
        stand.tap(plain)
        stand.journal.acknowledge(stand.journal.next - 1)
        stand.journal.tidy()
    stand.restart()
    stand.says(pump.IDLE)
    assert set(stand.notes()) == {(1, 1200)}
    assert stand.tap(card)["amount_fen"] == 1200
